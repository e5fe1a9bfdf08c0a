#include "common/interrupt.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>

static const int held[] = {SIGINT, SIGTERM, SIGHUP};
#define HELD_COUNT (sizeof(held) / sizeof(held[0]))

/* An ignored signal stays pending while it is blocked, and would look like a wish to stop. */
static bool is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static sigset_t held_set(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < HELD_COUNT; i++) {
		if (!is_ignored(held[i]))
			(void)sigaddset(&set, held[i]);
	}
	return set;
}

void interrupt_hold(void)
{
	sigset_t set = held_set();
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

int interrupt_check(struct error *err)
{
	sigset_t pending;

	(void)sigemptyset(&pending);
	(void)sigpending(&pending);
	for (size_t i = 0; i < HELD_COUNT; i++) {
		if (sigismember(&pending, held[i]) == 1 && !is_ignored(held[i]))
			return error_set(err, ERR_INTERRUPTED, "interrupted");
	}
	return 0;
}

int interrupt_fd(struct error *err)
{
	sigset_t set = held_set();
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);

	return fd >= 0 ? fd : error_sys(err, "signalfd");
}

void interrupt_deliver(void)
{
	sigset_t set = held_set();
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}
