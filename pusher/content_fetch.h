/*
 * What a tag or a digest of a repository holds, read whole: one GET, and one more where the
 * registry sends us for a blob to a place that an upload may go to. Source: OCI distribution-spec,
 * "Pulling manifests" and "Pulling blobs".
 */
#ifndef PUSHER_CONTENT_FETCH_H
#define PUSHER_CONTENT_FETCH_H

#include "common/descriptor.h"
#include "pusher/location.h"
#include "pusher/registry.h"

struct content_fetch {
	struct job job;      /* first */
	bool exists;         /* the result; of a tag: a blob that is not there is a failure */
	struct buf *content; /* borrowed; what is there, with the digest that was asked for */

	const struct registry *r;      /* borrowed, as is reference */
	const char *reference;         /* a tag; NULL for a blob */
	const struct descriptor *blob; /* NULL for a tag; borrowed */
	char *url;                     /* owned */
	struct location location;      /* where a blob turned out to be */
};

/** content_fetch_tag(f, r, repository, tag, content), content_fetch_blob(f, r, repository, blob,
 * content): all borrowed; content is empty, and its cap bounds what is taken. f must stay where it
 * is. ERR_UNBELIEVED for what is not what its digest says. Release with content_fetch_release(). */
void content_fetch_tag(struct content_fetch *f, const struct registry *r, const char *repository,
    const char *tag, struct buf *content);
void content_fetch_blob(struct content_fetch *f, const struct registry *r, const char *repository,
    const struct descriptor *blob, struct buf *content);
void content_fetch_release(struct content_fetch *f);

#endif
