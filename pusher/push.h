/*
 * Carrying out a plan: first every tag is looked at, then blobs are sent, then nested manifests,
 * then tags.
 */
#ifndef PUSHER_PUSH_H
#define PUSHER_PUSH_H

#include <stddef.h>

#include "pusher/plan.h"
#include "pusher/registry.h"

/** What is to become of a tag that holds something else. */
enum push_existing { PUSH_EXISTING_FAIL, PUSH_EXISTING_SKIP, PUSH_EXISTING_OVERWRITE };

enum push_action {
	PUSH_NEW,       /* the tag was not there */
	PUSH_UNCHANGED, /* the tag has our digest: nothing to do */
	PUSH_SKIP,      /* something else is there, and stays */
	PUSH_REPLACE,   /* something else is there, and goes */
};

/** One tag of the plan. */
struct push_name {
	const struct plan_repository *repository; /* borrowed from the plan */
	const struct plan_name *name;             /* borrowed from the plan */
	enum push_action action;
	size_t blobs_pushed; /* sent for this tag, not for an earlier one */
};

struct push {
	struct push_name *names; /* owned; in the plan's order */
	size_t name_count;
};

#define PUSH_INIT                                                                                  \
	{                                                                                          \
		.names = NULL, .name_count = 0                                                     \
	}

/**
 * push_decide(out, plan, registry, existing, err): asks for every tag and decides what is to be
 * done; writes nothing. ERR_CONFLICT, naming every tag that holds something else, with
 * PUSH_EXISTING_FAIL; what registry_find_manifest() gives. Release with push_release(), also after
 * a failure.
 */
int push_decide(struct push *out, const struct plan *plan, const struct registry *registry,
    enum push_existing existing, struct error *err) MUST_CHECK;

/**
 * push_write(p, registry, layout, err): does it. Stops at the first failure; every tag then has
 * what it had or what it is to have, and pushing again finishes the work.
 */
int push_write(struct push *p, const struct registry *registry, const struct layout *layout,
    struct error *err) MUST_CHECK;

void push_release(struct push *p);
#define auto_push __attribute__((cleanup(push_release)))

#endif
