#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "common/command.h"
#include "pusher/commands.h"
#include "pusher/interrupt.h"

static const char help[] =
    "usage: pusher COMMAND ...\n"
    "\n"
    "Check a sealed OCI image layout and put what it holds into a registry.\n"
    "\n"
    "  push      check a layout, then push it\n"
    "  verify    check a layout\n"
    "  inspect   check a layout and show what it holds\n"
    "  version   show the program's version\n"
    "\n"
    "'pusher COMMAND --help' says more. Exit status: 0 done, 1 system error, 2 usage,\n"
    "3 content refused, 4 not trusted, 5 network, 6 not permitted, 7 refused by the\n"
    "registry or not believed. See pusher(1).\n";

/*
 * A file must not get the number of a standard descriptor. What was closed is opened the wrong way
 * round: using it stays an error, as it was.
 */
static void fill_standard_descriptors(void)
{
	static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};

	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
			_exit(1);
	}
}

/* Libraries read the environment too: key logs, other certificates, other configuration files. */
static void harden(void)
{
	const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	fill_standard_descriptors();
	(void)clearenv();
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int write_all(int fd, const struct buf *b)
{
	for (size_t done = 0; done < b->len;) {
		ssize_t written = write(fd, b->data + done, b->len - done);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		done += (size_t)written;
	}
	return 0;
}

static int print(struct command_outcome *outcome)
{
	int status = outcome->exit_status;

	if (write_all(STDOUT_FILENO, &outcome->out) != 0) {
		buf_printf(&outcome->err, "pusher: standard output: %s\n", strerror(errno));
		status = status == 0 ? 1 : status;
	}
	(void)write_all(STDERR_FILENO, &outcome->err);
	return status;
}

int main(int argc, char **argv)
{
	const struct command commands[] = {
	    command_push, command_verify, command_inspect, command_version};
	const struct program program = {.name = "pusher",
	    .help = help,
	    .commands = commands,
	    .command_count = sizeof(commands) / sizeof(commands[0])};
	struct command_outcome outcome = COMMAND_OUTCOME_INIT;

	harden();
	command_run(&program, argc, argv, &outcome);
	int status = print(&outcome);
	buf_release(&outcome.out);
	buf_release(&outcome.err);
	if (outcome.interrupted)
		interrupt_deliver();
	return status;
}
