/*
 * One manifest under a tag or under its own digest, and the proof that it is there: 201 with its
 * digest, or a look of our own. A page that says 200 to everything is not believed.
 *
 * What others put under the tag since it was looked at is kept where the registry keeps conditions
 * (If-None-Match). For all others it is looked at once more where the look is old: then it is lost
 * only if it came in the last LIMIT_LOOK_AGE_MS_MAX and a round trip.
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
	bool is_taken;         /* something else is under the tag by now, and stays; only where
				  keeps_others */

	bool may_miss;     /* set by who makes it, as are the next two */
	bool keeps_others; /* nothing was under the tag */
	int64_t seen_ms;   /* when it was so */
	bool is_unconditional;
	bool is_doubted; /* the registry has said once that the bytes have another digest */
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
