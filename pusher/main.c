#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <jansson.h>

#include "common/command.h"
#include "common/fd.h"
#include "common/interrupt.h"
#include "common/mem.h"
#include "pusher/commands.h"
#include "pusher/environment.h"
#include "pusher/wiping_heap.h"

static const char help[] =
    "usage: pusher COMMAND ...\n"
    "\n"
    "Check a sealed OCI image layout and put what it holds into a registry.\n"
    "\n"
    "  push      check a layout, then push it\n"
    "  verify    check a layout\n"
    "  inspect   check a layout and show what it holds\n"
    "  trust     update a trust directory\n"
    "  login     try credentials for a registry, and keep them where docker does\n"
    "  logout    take them out again\n"
    "  version   show the program's version\n"
    "\n"
    "SALLYPORT_TRUST and SALLYPORT_TRUST_ID stand for --trust and --trust-id of any\n"
    "command, SALLYPORT_USERNAME and SALLYPORT_PASSWORD for the login of push.\n"
    "\n"
    "'pusher COMMAND --help' says more. Exit status: 0 done, 1 system error, 2 usage,\n"
    "3 content refused, 4 not trusted, 5 network, 6 not permitted, 7 refused by the\n"
    "registry or not believed. See pusher(1).\n";

/*
 * Libraries read the environment too: key logs, other certificates, other configuration files. So
 * it is emptied before any of them has a chance.
 */
static void harden(struct environment *environment)
{
	const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	fd_fill_standard();
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	environment_take(environment);
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	(void)sigaction(SIGPIPE, &ignore, NULL);
	/* Where memory runs out jansson loses bytes of strings and goes on: that has to be the end.
	 * Credentials pass through it too, and it frees what it read as it is. */
	json_set_alloc_funcs(mem_alloc, wiping_heap_free);
}

static int print(struct command_outcome *outcome)
{
	int status = outcome->exit_status;

	if (fd_write_all(STDOUT_FILENO, buf_text(&outcome->out), outcome->out.len) != 0) {
		buf_printf(&outcome->err, "pusher: standard output: %s\n", strerror(errno));
		status = status == 0 ? 1 : status;
	}
	if (fd_write_all(STDERR_FILENO, buf_text(&outcome->err), outcome->err.len) != 0 &&
	    status == 0)
		status = 1;
	return status;
}

int main(int argc, char **argv)
{
	auto_environment struct environment environment = ENVIRONMENT_INIT;
	struct command commands[] = {command_push, command_verify, command_inspect, command_trust,
	    command_login, command_logout, command_version};
	const struct program program = {.name = "pusher",
	    .help = help,
	    .commands = commands,
	    .command_count = sizeof(commands) / sizeof(commands[0])};
	struct command_outcome outcome = COMMAND_OUTCOME_INIT;

	harden(&environment);
	for (size_t i = 0; i < program.command_count; i++)
		commands[i].environment = &environment;
	command_run(&program, argc, argv, &outcome);
	int status = print(&outcome);
	buf_release(&outcome.out);
	buf_release(&outcome.err);
	if (outcome.interrupted)
		interrupt_deliver();
	return status;
}
