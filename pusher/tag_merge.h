/*
 * What belongs beside a manifest and is found by a tag that others write too: looked at, or merged
 * with what is there (merge.h). The referrers API is asked first where there is one.
 */
#ifndef PUSHER_TAG_MERGE_H
#define PUSHER_TAG_MERGE_H

#include "pusher/merge.h"
#include "pusher/plan.h"
#include "pusher/registry.h"

enum tag_merge_kind { MERGE_SIGNATURES, MERGE_REFERRERS };
enum tag_merge_result {
	MERGE_IS_THERE, /* all of ours */
	MERGE_MISSING,  /* something of ours; only of a look */
	MERGE_NEW,      /* nothing was there, now ours is */
	MERGE_MERGED,   /* ours with what was there */
};

struct tag_merge {
	struct job job;               /* first */
	enum tag_merge_result result; /* once it is done */

	struct registry *r; /* borrowed, as are repository and subject */
	const struct plan_repository *repository;
	const struct plan_subject *subject;
	enum tag_merge_kind kind;
	bool is_look; /* writes nothing */
	char *tag;    /* owned */
	char *url;    /* owned; of the present request */
	enum { MERGE_API, MERGE_GET, MERGE_PUT, MERGE_CONFIRM } state;
	char *page;      /* owned; of a list in several; NULL: the first */
	unsigned pages;  /* that were read */
	json_t *missing; /* owned; entries of ours that no page had; NULL before the first */
	bool was_there;
	struct buf content; /* that is put */
	struct digest digest;
	size_t sent;
	struct http_body body;
};

/**
 * tag_merge_init(m, r, repository, subject, kind, is_look): m must stay where it is. Our part is
 * read from r->layout when it is needed. Release with tag_merge_release().
 */
void tag_merge_init(struct tag_merge *m, struct registry *r,
    const struct plan_repository *repository, const struct plan_subject *subject,
    enum tag_merge_kind kind, bool is_look);
void tag_merge_release(struct tag_merge *m);

#endif
