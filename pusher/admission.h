/*
 * What every command does before anything else: local trust is read, and the layout is let in by it
 * or not.
 */
#ifndef PUSHER_ADMISSION_H
#define PUSHER_ADMISSION_H

#include "common/trust_options.h"
#include "common/verified_layout.h"
#include "pusher/state.h"
#include "pusher/target.h"

struct admission {
	struct trust *trust;            /* owned */
	struct verified_layout *layout; /* owned */
	bool has_state;
	struct state state;
	const struct mark_source *record; /* borrowed */
};

#define ADMISSION_INIT                                                                             \
	{                                                                                          \
		.trust = NULL, .layout = NULL, .has_state = false, .state = STATE_INIT,            \
		.record = NULL                                                                     \
	}

/** By what a layout is to be let in; all borrowed. */
struct admission_request {
	const char *layout;
	const struct trust_options *trust; /* after trust_options_check() */
	const struct target *target;       /* the destination to judge by, or NULL */
	const char *state;                 /* --state, or NULL; only with a target */
	const struct mark_source *record;  /* --record, or NULL: asked after the state */
	bool first_use;                    /* --first-use */
	bool is_push;                      /* the state will be advanced, see there */
	bool needs_mark;                   /* of struct judgement */
	bool owe_large;                    /* likewise */
};

/**
 * admission_open(out, request, problems, err): trust_options_load(), state_open(), then
 * verified_layout_open() as of now. Fails as those do. Release with admission_release(), also after
 * a failure.
 */
int admission_open(struct admission *out, const struct admission_request *request,
    struct problems *problems, struct error *err) MUST_CHECK;

/**
 * admission_judge_repository(a, target, path, err): whether what was let in may go to this
 * repository, PREFIX/REPOSITORY, of the target too: for names that --map gave. ERR_POLICY.
 */
int admission_judge_repository(const struct admission *a, const struct target *target,
    const char *path, struct error *err) MUST_CHECK;

/**
 * admission_advance(a, err): writes down that this delivery was accepted. Of a push, after the
 * blobs and before the first tag: from then on nothing older is taken, and this one still is.
 * Nothing to do without --state or without a sequence. As state_advance().
 */
int admission_advance(const struct admission *a, struct error *err) MUST_CHECK;

void admission_release(struct admission *a);
#define auto_admission __attribute__((cleanup(admission_release)))

#endif
