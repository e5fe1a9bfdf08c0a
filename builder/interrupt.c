#include "builder/interrupt.h"

#include <sys/signalfd.h>

static sigset_t held_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	return set;
}

void interrupt_hold(sigset_t *out_before)
{
	sigset_t set = held_signals();
	(void)sigprocmask(SIG_BLOCK, &set, out_before);
}

void interrupt_release(const sigset_t *before)
{
	(void)sigprocmask(SIG_SETMASK, before, NULL);
}

int interrupt_check(struct error *err)
{
	sigset_t pending;

	(void)sigemptyset(&pending);
	(void)sigpending(&pending);
	if (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 ||
	    sigismember(&pending, SIGHUP) == 1)
		return error_set(err, ERR_INTERRUPTED, "interrupted: nothing was written");
	return 0;
}

int interrupt_fd(void)
{
	sigset_t set = held_signals();
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
