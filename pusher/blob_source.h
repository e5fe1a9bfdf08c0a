/*
 * The bytes of a blob on their way to a registry, whole or piece by piece, hashed as they go.
 */
#ifndef PUSHER_BLOB_SOURCE_H
#define PUSHER_BLOB_SOURCE_H

#include "common/blob.h"
#include "pusher/blob_ahead.h"
#include "pusher/http.h"
#include "pusher/progress.h"

struct blob_source {
	struct http_body body; /* of the present piece, for a request */
	const struct layout *layout;
	const struct digest *digest;
	uint64_t size_bytes; /* of the blob */
	struct progress *progress;
	const struct buf *content; /* of the blob, where it is not in the layout; else NULL */
	struct blob_reader reader;
	struct blob_ahead *ahead; /* owned; has the reader while there is much left to read */
	uint64_t begin;           /* of the piece */
	uint64_t at;              /* the next byte that is read */
	uint64_t end;             /* of the piece */
	uint64_t told;            /* to progress */
};

/** blob_source_init(s, layout, digest, size_bytes, progress): all borrowed; opens nothing. progress
 * may be NULL. */
void blob_source_init(struct blob_source *s, const struct layout *layout,
    const struct digest *digest, uint64_t size_bytes, struct progress *progress);

/**
 * blob_source_piece(s, begin, end, err): s->body is then the bytes begin .. end - 1. What lies
 * before them is read and hashed too, unless it just was, so that the last byte of the blob is
 * handed out only if the whole has its digest. What blob_open() and blob_read() give.
 */
int blob_source_piece(
    struct blob_source *s, uint64_t begin, uint64_t end, struct error *err) MUST_CHECK;

/** blob_source_close(s): no more is read. blob_source_reset(s): and what was sent does not count.
 */
void blob_source_close(struct blob_source *s);
void blob_source_reset(struct blob_source *s);

#endif
