/*
 * kill_at N PROGRAM ARGUMENT...: runs a program and kills it, by SIGKILL, as it is about to make
 * its N-th system call, counted from 1 over all its threads; then ends by SIGKILL too. A program
 * that makes fewer, or any with N 0, runs to its end and gives its exit status; how many calls it
 * made is then the last line on standard error. The call that it ends with is one of them.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPTIONS                                                                                    \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |  \
	    PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)
#define SYSCALL_STOP (SIGTRAP | 0x80)

static int fail(const char *what)
{
	(void)fprintf(stderr, "kill_at: %s: %s\n", what, strerror(errno));
	return 125;
}

/* Whether the task that stopped enters a system call; the same stop comes when it leaves one. */
static int enters(pid_t task, int status)
{
	struct __ptrace_syscall_info info;

	return WSTOPSIG(status) == SYSCALL_STOP &&
	       ptrace(PTRACE_GET_SYSCALL_INFO, task, sizeof(info), &info) > 0 &&
	       info.op == PTRACE_SYSCALL_INFO_ENTRY;
}

/* A new thread begins with a SIGSTOP of ptrace's own. */
static long signal_of(int status)
{
	int number = WSTOPSIG(status);

	return status >> 16 != 0 || number == SYSCALL_STOP || number == SIGSTOP ? 0 : number;
}

static int follow(pid_t program, unsigned long kill_at)
{
	unsigned long calls = 0;
	int status;

	for (;;) {
		pid_t task = waitpid(-1, &status, __WALL);
		if (task < 0)
			return fail("wait");
		if (WIFSTOPPED(status)) {
			if (enters(task, status) && ++calls == kill_at)
				(void)kill(program, SIGKILL);
			else
				(void)ptrace(PTRACE_SYSCALL, task, 0, signal_of(status));
		} else if (task == program) {
			break;
		}
	}
	if (WIFSIGNALED(status))
		(void)raise(WTERMSIG(status));
	(void)fprintf(stderr, "%lu\n", calls);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}

int main(int argc, char **argv)
{
	int status;

	if (argc < 3) {
		(void)fputs("usage: kill_at N PROGRAM ARGUMENT...\n", stderr);
		return 125;
	}
	pid_t program = fork();
	if (program < 0)
		return fail("fork");
	if (program == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) == 0 && raise(SIGSTOP) == 0)
			(void)execv(argv[2], argv + 2);
		_exit(fail(argv[2]));
	}
	if (waitpid(program, &status, 0) != program || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, program, 0, OPTIONS) != 0 ||
	    ptrace(PTRACE_CONT, program, 0, 0) != 0 || waitpid(program, &status, 0) != program ||
	    ptrace(PTRACE_SYSCALL, program, 0, 0) != 0)
		return fail("ptrace");
	return follow(program, strtoul(argv[1], NULL, 10));
}
