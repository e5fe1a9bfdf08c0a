/*
 * What belongs beside the manifests of a push, in one go: looked at, or merged. Private to push.c
 * and push_decide.c.
 */
#ifndef PUSHER_BESIDE_H
#define PUSHER_BESIDE_H

#include "pusher/push.h"
#include "pusher/tag_merge.h"

/** A look or a merge, and where its outcome is kept. */
struct beside {
	struct push_repository *repository;
	size_t at; /* of the subject */
	enum tag_merge_kind kind;
	struct tag_merge merge;
};

/** beside_add(all, count, capacity, r, at, kind): all, with one more; free() it. */
struct beside *beside_add(struct beside *all, size_t *count, size_t *capacity,
    struct push_repository *r, size_t at, enum tag_merge_kind kind);

/** beside_run(registry, all, count, use, err): side by side; what came of each becomes the state of
 * its subject, unless it only stayed. What session_run() gives. */
int beside_run(struct registry *registry, struct beside *all, size_t count, enum tag_merge_use use,
    struct error *err) MUST_CHECK;

#endif
