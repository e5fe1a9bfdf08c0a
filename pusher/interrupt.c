#include "pusher/interrupt.h"

#include <stdbool.h>
#include <sys/signalfd.h>

static const int held[] = {SIGINT, SIGTERM, SIGHUP};
#define HELD_COUNT (sizeof(held) / sizeof(held[0]))

/* An ignored signal stays pending while it is blocked, and would look like a wish to stop. */
static bool is_ignored(int signal_number)
{
	struct sigaction action;

	return sigaction(signal_number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int interrupt_hold(struct interrupt *out, struct error *err)
{
	(void)sigemptyset(&out->signals);
	for (size_t i = 0; i < HELD_COUNT; i++) {
		if (!is_ignored(held[i]))
			(void)sigaddset(&out->signals, held[i]);
	}
	if (sigprocmask(SIG_BLOCK, &out->signals, NULL) != 0)
		return error_sys(err, "holding signals back");
	out->fd = signalfd(-1, &out->signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (out->fd < 0)
		return error_sys(err, "holding signals back");
	return 0;
}

void interrupt_release(struct interrupt *i)
{
	cleanup_fd(&i->fd);
	i->fd = -1;
}

int interrupt_check(const struct interrupt *i, struct error *err)
{
	sigset_t pending;

	if (i->fd < 0 || sigpending(&pending) != 0)
		return 0;
	for (size_t k = 0; k < HELD_COUNT; k++) {
		if (sigismember(&i->signals, held[k]) == 1 && sigismember(&pending, held[k]) == 1)
			return error_set(err, ERR_INTERRUPTED, "interrupted");
	}
	return 0;
}

void interrupt_deliver(void)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}
