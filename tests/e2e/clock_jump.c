/*
 * LD_PRELOAD: the wall clock jumps, by CLOCK_JUMP_SECONDS, as soon as the file CLOCK_JUMP_FILE is
 * there. The clock that only goes forward goes CLOCK_STEP_MS further each time it is looked at, as
 * if the program were stopped in between, or runs CLOCK_TIMES as fast from the first look on. All
 * are read before the program runs, since it empties its environment.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static char file[4096];
static long seconds;
static long step_ms;
static long stepped_ms;
static long times;
static long first_ms;

__attribute__((constructor)) static void begin(void)
{
	const char *name = getenv("CLOCK_JUMP_FILE");
	const char *by = getenv("CLOCK_JUMP_SECONDS");
	const char *step = getenv("CLOCK_STEP_MS");
	const char *fast = getenv("CLOCK_TIMES");

	if (step != NULL)
		step_ms = strtol(step, NULL, 10);
	if (fast != NULL)
		times = strtol(fast, NULL, 10);
	if (name != NULL && by != NULL) {
		(void)snprintf(file, sizeof(file), "%s", name);
		seconds = strtol(by, NULL, 10);
	}
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	if (syscall(SYS_clock_gettime, clock, now) != 0)
		return -1;
	if ((clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) && file[0] != '\0' &&
	    faccessat(AT_FDCWD, file, F_OK, 0) == 0)
		now->tv_sec += seconds;
	if (clock == CLOCK_MONOTONIC && times > 0) {
		long now_ms = now->tv_sec * 1000 + now->tv_nsec / 1000000;
		first_ms = first_ms == 0 ? now_ms : first_ms;
		now_ms = first_ms + (now_ms - first_ms) * times;
		now->tv_sec = now_ms / 1000;
		now->tv_nsec = now_ms % 1000 * 1000000;
	}
	if (clock == CLOCK_MONOTONIC && step_ms > 0) {
		stepped_ms += step_ms;
		now->tv_nsec += stepped_ms % 1000 * 1000000;
		now->tv_sec += stepped_ms / 1000 + now->tv_nsec / 1000000000;
		now->tv_nsec %= 1000000000;
	}
	return 0;
}

time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	out->tv_sec = now.tv_sec;
	out->tv_usec = now.tv_nsec / 1000;
	return 0;
}
