/*
 * builder: makes signed layouts, and has no way to a network.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <sodium.h>

#include "builder/commands.h"

static const char help[] =
    "usage: builder COMMAND [ARGUMENT]...\n"
    "\n"
    "Turns Helm charts into a signed OCI image layout that can be carried across an\n"
    "air gap. Contains no network code.\n"
    "\n"
    "  keygen    make a key, and the trust directory that goes with it\n"
    "  build     turn charts into a sealed layout\n"
    "  verify    check a layout as pusher will\n"
    "  inspect   print the packing list of a layout\n"
    "  version   print the version\n"
    "\n"
    "builder COMMAND --help tells more. Exit status: 0 done, 1 system error, 2 usage\n"
    "or the output exists, 3 refused input, 4 not trusted.\n";

/* A file must never get the number of a closed standard stream, where a message would overwrite it.
 */
static void fill_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		(void)close(fd);
}

/* Keys pass through this memory: no core file, no other process of the same user may read it. */
static int prepare_process(void)
{
	static const struct rlimit no_core = {0, 0};

	fill_standard_streams();
	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* libarchive loses names outside ASCII in the C locale; nothing else is taken from the
	 * environment. */
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return -1;
	return sodium_init() < 0 ? -1 : 0;
}

static int write_all(int fd, const struct buf *b)
{
	const char *at = buf_text(b);
	size_t left = b->len;

	while (left > 0) {
		ssize_t put = write(fd, at, left);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		at += put;
		left -= (size_t)put;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct command commands[] = {
	    command_keygen, command_build, command_verify, command_inspect, command_version};
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
	if (write_all(STDOUT_FILENO, &outcome.out) != 0) {
		(void)fprintf(stderr, "builder: standard output: %s\n", strerror(errno));
		outcome.exit_status = outcome.exit_status != 0 ? outcome.exit_status : 1;
	}
	if (write_all(STDERR_FILENO, &outcome.err) != 0 && outcome.exit_status == 0)
		outcome.exit_status = 1;
	buf_release(&outcome.out);
	buf_release(&outcome.err);
	return outcome.exit_status;
}
