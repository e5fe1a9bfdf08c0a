/*
 * SIGINT, SIGTERM and SIGHUP while something is half done: held back, looked for at every step, and
 * obeyed once everything half done is gone. No handler, no global.
 */
#ifndef BUILDER_INTERRUPT_H
#define BUILDER_INTERRUPT_H

#include <signal.h>

#include "common/error.h"

/** interrupt_hold(out_before): holds them back from now on; never fails. */
void interrupt_hold(sigset_t *out_before);

/** interrupt_release(before): lets them through again: one that waits ends the process here. */
void interrupt_release(const sigset_t *before);

/** interrupt_check(err): -1 with ERR_INTERRUPTED if one waits, else 0. */
int interrupt_check(struct error *err) MUST_CHECK;

/** interrupt_fd(): a descriptor that is readable while one waits, for poll(); -1 with errno. Caller
 * closes. */
int interrupt_fd(void);

/* Declare it before what must be cleaned up first: it is released last. */
#define auto_interrupt __attribute__((cleanup(interrupt_release)))

#endif
