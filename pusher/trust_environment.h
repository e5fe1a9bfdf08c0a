/*
 * The trust as a CI job sets it once: SALLYPORT_TRUST and SALLYPORT_TRUST_ID stand for options that
 * were not given. Design cli.md.
 */
#ifndef PUSHER_TRUST_ENVIRONMENT_H
#define PUSHER_TRUST_ENVIRONMENT_H

#include "common/command.h"
#include "common/trust_options.h"

/** trust_environment_check(o, self, err): trust_options_check() with the environment of self for
 * what no option has set; what it takes is borrowed from there. */
int trust_environment_check(
    struct trust_options *o, const struct command *self, struct error *err) MUST_CHECK;

#endif
