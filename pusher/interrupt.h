/*
 * SIGINT, SIGTERM and SIGHUP while there is something to put in order first: they are held back,
 * noticed, and main() lets them through at the end. So there is no handler and no global flag.
 */
#ifndef PUSHER_INTERRUPT_H
#define PUSHER_INTERRUPT_H

#include <signal.h>

#include "common/error.h"

struct interrupt {
	sigset_t signals; /* those of the three that were not ignored (nohup) */
	int fd;           /* readable while one is pending; never read from */
};

#define INTERRUPT_INIT                                                                             \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/** interrupt_hold(out, err): blocks the signals, for good; ERR_SYSTEM. Release with
 * interrupt_release(). */
int interrupt_hold(struct interrupt *out, struct error *err) MUST_CHECK;
void interrupt_release(struct interrupt *i);
#define auto_interrupt __attribute__((cleanup(interrupt_release)))

/** interrupt_check(i, err): -1 with ERR_INTERRUPTED once a signal is pending. */
int interrupt_check(const struct interrupt *i, struct error *err) MUST_CHECK;

/** interrupt_deliver(): unblocks everything; a pending signal then ends the process. */
void interrupt_deliver(void);

#endif
