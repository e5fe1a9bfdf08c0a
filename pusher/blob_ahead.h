/*
 * A blob read and hashed ahead, by a thread, while what it has read before is being sent: hashing
 * takes about as long as sending to a near registry does.
 */
#ifndef PUSHER_BLOB_AHEAD_H
#define PUSHER_BLOB_AHEAD_H

#include "common/blob.h"

struct blob_ahead;

/**
 * blob_ahead_start(reader): goes on where reader stands, a few pieces of LIMIT_COPY_BUFFER_BYTES
 * ahead of blob_ahead_read(). reader is borrowed, and the thread's alone until blob_ahead_stop().
 * NULL where there is no thread to be had: the reader is as it was, and does for itself.
 */
struct blob_ahead *blob_ahead_start(struct blob_reader *reader);

/** blob_ahead_read(a, into, len, err): what blob_read() gives, in every respect: the piece that
 * completes the blob too is handed out only once the digest of the whole was found to match. Waits
 * for the thread. */
ssize_t blob_ahead_read(struct blob_ahead *a, void *into, size_t len, struct error *err) MUST_CHECK;

/** blob_ahead_stop(a): waits for the thread to end, with the piece that it is at; then releases.
 * NULL is fine. */
void blob_ahead_stop(struct blob_ahead *a);
static inline void cleanup_blob_ahead(struct blob_ahead **slot)
{
	blob_ahead_stop(*slot);
}
#define auto_blob_ahead __attribute__((cleanup(cleanup_blob_ahead)))

#endif
