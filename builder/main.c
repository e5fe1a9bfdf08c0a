/*
 * builder: makes signed layouts, and has no way to a network.
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <jansson.h>
#include <sodium.h>

#include "builder/commands.h"
#include "common/fd.h"
#include "common/interrupt.h"
#include "common/mem.h"

static const char help[] =
    "usage: builder COMMAND [ARGUMENT]...\n"
    "\n"
    "Turns Helm charts into a signed OCI image layout that can be carried across an\n"
    "air gap. Contains no network code.\n"
    "\n"
    "  keygen    make keys, and the trust directory that goes with them\n"
    "  key       show a key, write its public half, import one of another tool\n"
    "  build     turn charts into a sealed layout\n"
    "  seal      seal a layout that another tool wrote\n"
    "  sign      add one more signature to a sealed layout\n"
    "  trust     sign an update of a trust directory\n"
    "  lint      tell what is wrong with charts\n"
    "  verify    check a layout as pusher will\n"
    "  inspect   print the packing list of a layout\n"
    "  version   print the version\n"
    "\n"
    "builder COMMAND --help tells more. Exit status: 0 done, 1 system error, 2 usage\n"
    "or the output exists, 3 refused input, 4 not trusted.\n";

/* Keys pass through this memory: no core file, no other process of the same user may read it. */
static int prepare_process(void)
{
	static const struct rlimit no_core = {0, 0};
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	fd_fill_standard();
	(void)setrlimit(RLIMIT_CORE, &no_core);
	/* A limit on file sizes is an error of write(), after which there is something to remove.
	 */
	(void)sigaction(SIGXFSZ, &ignore, NULL);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* Where memory runs out jansson loses bytes of strings and goes on: that has to be the end.
	 */
	json_set_alloc_funcs(mem_alloc, free);
	/* libarchive loses names outside ASCII in the C locale; nothing else is taken from the
	 * environment. */
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return -1;
	return sodium_init() < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	const struct command commands[] = {command_keygen, command_key, command_build, command_seal,
	    command_sign, command_trust, command_lint, command_verify, command_inspect,
	    command_version};
	const struct program program = {.name = "builder",
	    .help = help,
	    .commands = commands,
	    .command_count = sizeof(commands) / sizeof(commands[0])};
	struct command_outcome outcome = COMMAND_OUTCOME_INIT;

	if (prepare_process() != 0) {
		(void)fputs(
		    "builder: this system has no C.UTF-8 locale or no random numbers\n", stderr);
		return 1;
	}
	command_run(&program, argc, argv, &outcome);
	if (fd_write_all(STDOUT_FILENO, buf_text(&outcome.out), outcome.out.len) != 0) {
		(void)fprintf(stderr, "builder: standard output: %s\n", strerror(errno));
		outcome.exit_status = outcome.exit_status != 0 ? outcome.exit_status : 1;
	}
	if (fd_write_all(STDERR_FILENO, buf_text(&outcome.err), outcome.err.len) != 0 &&
	    outcome.exit_status == 0)
		outcome.exit_status = 1;
	buf_release(&outcome.out);
	buf_release(&outcome.err);
	if (outcome.interrupted)
		interrupt_deliver();
	return outcome.exit_status;
}
