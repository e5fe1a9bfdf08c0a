/*
 * What belongs beside a manifest and is found by a tag that others write too: looked at, or merged
 * with what is there (merge.h). The referrers API is asked first where there is one.
 *
 * Few registries keep the condition (If-Match, If-None-Match) that a merge is put with. So what was
 * put is looked at again later (MERGE_KEEP), and merged again where somebody who did not know of
 * ours has replaced it. Who read the tag before ours came and writes it after that look still takes
 * ours away, and the next push of ours brings it again.
 */
#ifndef PUSHER_TAG_MERGE_H
#define PUSHER_TAG_MERGE_H

#include "pusher/merge.h"
#include "pusher/plan.h"
#include "pusher/registry.h"

/*
 * Some registries (GitLab) take the tag "sha256-<hex>" of a list of referrers for the digest that
 * it is named after, so that no list can be kept in them. Then each referrer is looked for by its
 * own digest: what is there, and in no list, is MERGE_UNLISTED, and no failure.
 */

enum tag_merge_kind { MERGE_SIGNATURES, MERGE_REFERRERS };
enum tag_merge_use {
	MERGE_LOOK,  /* writes nothing */
	MERGE_WRITE, /* if something of ours is missing */
	MERGE_KEEP,  /* likewise, after MERGE_WRITE, and until it stays */
};
enum tag_merge_result {
	MERGE_IS_THERE, /* all of ours */
	MERGE_MISSING,  /* something of ours; only with MERGE_LOOK */
	MERGE_NEW,      /* nothing was there, now ours is */
	MERGE_MERGED,   /* ours with what was there */
	MERGE_UNLISTED, /* all of ours, by their digests; the registry can keep no list of them */
};

struct tag_merge {
	struct job job;               /* first */
	enum tag_merge_result result; /* once it is done */

	struct registry *r; /* borrowed, as are repository and subject */
	const struct plan_repository *repository;
	const struct plan_subject *subject;
	enum tag_merge_kind kind;
	enum tag_merge_use use;
	char *tag; /* owned */
	char *url; /* owned; of the present request */
	enum { MERGE_API, MERGE_GET, MERGE_PUT, MERGE_READ_BACK, MERGE_REFERRER } state;
	char *page;      /* owned; of a list in several; NULL: the first */
	unsigned pages;  /* that were read */
	json_t *missing; /* owned; entries of ours that no page had; NULL before the first */
	size_t seen;     /* referrers that are there by their digests */
	bool was_there;
	struct digest found;   /* where it was */
	char *etag;            /* owned; of what was there; NULL: none that can be a condition */
	bool is_unmet;         /* the last condition was not met, the registry says, */
	bool is_unconditional; /* though it was */
	unsigned puts;
	bool is_proven;     /* the last one, as far as an answer can */
	struct buf content; /* that is put */
	struct digest digest;
	size_t sent;
	struct http_body body;
};

/**
 * tag_merge_init(m, r, repository, subject, kind, use): m must stay where it is. Our part is read
 * from r->layout when it is needed. Release with tag_merge_release().
 */
void tag_merge_init(struct tag_merge *m, struct registry *r,
    const struct plan_repository *repository, const struct plan_subject *subject,
    enum tag_merge_kind kind, enum tag_merge_use use);
void tag_merge_release(struct tag_merge *m);

#endif
