/*
 * What every command does before anything else: local trust is read, and the layout is let in by it
 * or not.
 */
#ifndef PUSHER_ADMISSION_H
#define PUSHER_ADMISSION_H

#include "common/trust_options.h"
#include "common/verified_layout.h"
#include "pusher/target.h"

struct admission {
	struct trust *trust;            /* owned */
	struct verified_layout *layout; /* owned */
};

#define ADMISSION_INIT                                                                             \
	{                                                                                          \
		.trust = NULL, .layout = NULL                                                      \
	}

/**
 * admission_open(out, layout_path, trust, target, problems, err): trust_options_load(), then
 * verified_layout_open() as of now. target: the destination to judge by, or NULL. Fails as those
 * do. Release with admission_release(), also after a failure.
 */
int admission_open(struct admission *out, const char *layout_path,
    const struct trust_options *trust, const struct target *target, struct problems *problems,
    struct error *err) MUST_CHECK;
void admission_release(struct admission *a);
#define auto_admission __attribute__((cleanup(admission_release)))

#endif
