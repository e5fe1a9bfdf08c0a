/*
 * SIGINT, SIGTERM and SIGHUP while something is half done: held back, looked for at every step, and
 * let through by main() once everything half done is gone. No handler, no global: the kernel keeps
 * the state.
 */
#ifndef COMMON_INTERRUPT_H
#define COMMON_INTERRUPT_H

#include "common/error.h"

/** interrupt_hold(): holds them back from now on, those that are ignored (nohup) apart. */
void interrupt_hold(void);

/** interrupt_check(err): -1 with ERR_INTERRUPTED if one waits, else 0. */
int interrupt_check(struct error *err) MUST_CHECK;

/**
 * interrupt_fd(err): a descriptor that is readable while one waits, for poll(); never to be read
 * from. -1 with ERR_SYSTEM. The caller closes it.
 */
int interrupt_fd(struct error *err) MUST_CHECK;

/** interrupt_deliver(): lets them through again: one that waits ends the process here. */
void interrupt_deliver(void);

#endif
