/*
 * One manifest under several tags by one request: PUT by digest with ?tag=a&tag=b, which a registry
 * answers with an OCI-Tag for each tag that it took. Most do not know it, and take the manifest
 * alone. Source: OCI distribution-spec, "Pushing manifests" (after 1.1.1).
 */
#ifndef PUSHER_TAGS_UPLOAD_H
#define PUSHER_TAGS_UPLOAD_H

#include "pusher/blob_source.h"
#include "pusher/plan.h"
#include "pusher/registry.h"

struct tags_upload {
	struct job job; /* first */
	/* The result: which tags the registry may have taken, by its word, or because an answer of
	 * its was lost. Not proven: whoever asked looks at each. */
	bool said[LIMIT_TAGS_AT_ONCE_MAX];

	const struct registry *r;
	const struct plan_manifest *manifest;
	const char *const *tags; /* borrowed */
	size_t count;
	struct blob_source source;
	bool was_lost; /* an answer: what is refused now may have been taken before */
	char *url;     /* owned */
	char reference[DIGEST_TEXT_LEN + 1];
};

/**
 * tags_upload_init(u, r, repository, manifest, tags, count): all borrowed; count is 1 ..=
 * LIMIT_TAGS_AT_ONCE_MAX. A refusal is no failure of the job, since tags can be put one by one; a
 * digest that is not ours is (ERR_UNBELIEVED), and bytes that have changed (ERR_SEAL). u must stay
 * where it is. Release with tags_upload_release().
 */
void tags_upload_init(struct tags_upload *u, const struct registry *r, const char *repository,
    const struct plan_manifest *manifest, const char *const *tags, size_t count);
void tags_upload_release(struct tags_upload *u);

#endif
