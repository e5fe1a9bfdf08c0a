/*
 * launch FD COMMAND...: runs a command and writes "wall_ns user_us sys_us max_rss_kib status" to
 * the file descriptor. A program of its own, because a large parent counts towards its child's
 * memory.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t microseconds(struct timeval t)
{
	return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	int status;

	if (argc < 3)
		return 2;
	int out = (int)strtol(argv[1], NULL, 10);
	int64_t begin = now_ns();
	pid_t child = vfork();
	if (child == 0) {
		(void)close(out);
		(void)execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) != child)
		return 1;
	int64_t end = now_ns();
	return dprintf(out, "%lld %lld %lld %ld %d\n", (long long)(end - begin),
		   (long long)microseconds(usage.ru_utime), (long long)microseconds(usage.ru_stime),
		   usage.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 128) < 0;
}
