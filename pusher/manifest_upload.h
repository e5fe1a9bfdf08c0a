/*
 * One manifest under a tag or under its own digest, and the proof that it is there: 201 with its
 * digest, or a look of our own. A page that says 200 to everything is not believed.
 */
#ifndef PUSHER_MANIFEST_UPLOAD_H
#define PUSHER_MANIFEST_UPLOAD_H

#include "pusher/blob_source.h"
#include "pusher/manifest_lookup.h"
#include "pusher/plan.h"

struct manifest_upload {
	struct job job; /* first */
	/* Results. */
	bool is_blob_unknown;  /* the registry misses something that the manifest needs; only where
				  may_miss, else that is a failure */
	bool is_subject_known; /* OCI-Subject: the registry has listed it as a referrer */

	bool may_miss; /* set by who makes it */
	const struct plan_manifest *manifest;
	struct blob_source source;
	struct manifest_lookup lookup; /* what is there now */
	enum { UPLOAD_MANIFEST_PUT, UPLOAD_MANIFEST_CONFIRM, UPLOAD_MANIFEST_LOOK } state;
};

/**
 * manifest_upload_init(m, r, repository, reference, manifest): all borrowed; m must stay where it
 * is. Bytes come from r->layout and are hashed on their way: ERR_SEAL if they have changed. Release
 * with manifest_upload_release().
 */
void manifest_upload_init(struct manifest_upload *m, const struct registry *r,
    const char *repository, const char *reference, const struct plan_manifest *manifest);
void manifest_upload_release(struct manifest_upload *m);

#endif
