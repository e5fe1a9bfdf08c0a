/*
 * Carrying out a plan: every tag is looked at, then blobs are sent, then manifests by their
 * digests, what belongs beside them, and the tags last.
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
	PUSH_UNCHANGED, /* the tag has our digest */
	PUSH_SKIP,      /* something else is there, and stays, and nothing is put beside it */
	PUSH_REPLACE,   /* something else is there, and goes */
};

/** One name of the plan. */
struct push_name {
	size_t at;                                /* of its repository in repositories */
	const struct plan_repository *repository; /* borrowed from the plan */
	const struct plan_name *name;             /* borrowed from the plan */
	enum push_action action;
	bool is_tagged; /* was written together with others, and seen to be there */
	/* Done for this name, not for an earlier one. */
	size_t blobs_pushed;
	size_t blobs_mounted;
};

/** What is there of something that may need no pushing. */
enum push_state {
	PUSH_STATE_UNASKED, /* nothing needs it */
	PUSH_STATE_PRESENT,
	PUSH_STATE_NEEDED,
	PUSH_STATE_PUSHED,
	PUSH_STATE_MOUNTED,
	PUSH_STATE_MERGED,   /* with what was there already */
	PUSH_STATE_UNLISTED, /* there, and in no list: the registry can keep none */
};

/** What belongs beside a manifest. */
struct push_subject {
	enum push_state signature;
	enum push_state referrers;
	bool is_looked_at;
	bool is_unlisted; /* the registry did not list a referrer: the list is ours to keep */
};

/** One repository of the plan; arrays owned, by the plan's positions. */
struct push_repository {
	const struct plan_repository *plan;
	enum push_state *blobs;
	enum push_state *manifests; /* that are pushed by digest */
	struct push_subject *subjects;
};

struct push {
	struct push_name *names; /* owned; in the plan's order */
	size_t name_count;
	struct push_repository *repositories; /* owned; in the plan's order */
	size_t repository_count;
	enum push_existing existing;
	int64_t seen_ms; /* when the tags were looked at */
};

#define PUSH_INIT                                                                                  \
	{                                                                                          \
		.names = NULL, .name_count = 0, .repositories = NULL, .repository_count = 0,       \
		.existing = PUSH_EXISTING_FAIL, .seen_ms = 0                                       \
	}

/**
 * push_decide(out, plan, registry, existing, err): asks for every tag, and for what belongs beside
 * those that are as they should be, and decides what is to be done; writes nothing. ERR_CONFLICT,
 * naming every tag that holds something else, with PUSH_EXISTING_FAIL; ERR_REGISTRY where the
 * subject of something is not in the registry. Release with push_release(), also after a failure.
 */
int push_decide(struct push *out, const struct plan *plan, struct registry *registry,
    enum push_existing existing, struct error *err) MUST_CHECK;

/** push_is_written(n): n's tag is to be put. */
bool push_is_written(const struct push_name *n);

/** push_is_done(p): nothing is left to be done. */
bool push_is_done(const struct push *p);

/**
 * push_blobs(p, registry, err), then push_prepare(p, registry, err): everything but the tags:
 * blobs; manifests by digest, signatures and lists of referrers. Stops at the first failure;
 * pushing again finishes the work.
 */
int push_blobs(struct push *p, struct registry *registry, struct error *err) MUST_CHECK;
int push_prepare(struct push *p, struct registry *registry, struct error *err) MUST_CHECK;

/**
 * push_settle(p, v, err): what verified_layout_owed() lists and push_blobs(), or nobody, did not
 * read to its end is hashed now, on this core. ERR_SEAL names the blob that is not what was sealed.
 */
int push_settle(
    const struct push *p, const struct verified_layout *v, struct error *err) MUST_CHECK;

/**
 * push_tags(p, registry, err): the tags: first those of one manifest together where the registry
 * can, then one by one, of one repository in their order. After a failure each has
 * what it had or what it is to have. What the registry has lost since push_prepare() is brought
 * once more. Of a tag that others have put since it was looked at: ERR_CONFLICT with
 * PUSH_EXISTING_FAIL, PUSH_SKIP with PUSH_EXISTING_SKIP, as far as manifest_upload.h can tell.
 */
int push_tags(struct push *p, struct registry *registry, struct error *err) MUST_CHECK;

/**
 * push_keep(p, registry, err): the signatures and lists that push_prepare() merged, once more, as
 * late as can be: what somebody who merged at the same time has taken away is brought again.
 */
int push_keep(struct push *p, struct registry *registry, struct error *err) MUST_CHECK;

void push_release(struct push *p);
#define auto_push __attribute__((cleanup(push_release)))

#endif
