/*
 * Whether the blobs of a layout have the digests that they are named for: each is read once, large
 * ones on all cores at the same time.
 */
#ifndef COMMON_BLOB_HASH_H
#define COMMON_BLOB_HASH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/digest.h"
#include "common/layout.h"

enum blob_verdict {
	BLOB_UNJUDGED,
	BLOB_SAME,
	BLOB_CHANGED,
	BLOB_MISSING,
	BLOB_NOT_REGULAR,
	BLOB_OWED, /* larger than anything that is parsed, and not hashed yet */
};

/**
 * blob_hash_all(layout, blobs, count, owe_large, verdicts, err): a verdict for every blob that is
 * BLOB_UNJUDGED; the others are left alone. With owe_large those of more than
 * LIMIT_MANIFEST_BYTES_MAX are only looked up, and BLOB_OWED.
 *
 * Threads hash and do nothing else; they are joined before this returns. The same verdicts and the
 * same error for any number of cores. ERR_SYSTEM for a read error, ERR_LIMIT for a blob over
 * LIMIT_BLOB_BYTES_MAX, ERR_INTERRUPTED.
 */
int blob_hash_all(const struct layout *layout, const struct digest *blobs, size_t count,
    bool owe_large, enum blob_verdict *verdicts, struct error *err) MUST_CHECK;

/** blob_hash_owed(layout, blob, err): pays for one that is BLOB_OWED; ERR_SEAL if it differs. */
int blob_hash_owed(
    const struct layout *layout, const struct digest *blob, struct error *err) MUST_CHECK;

/** blob_hash_file(fd, expected, out_same, err): reads fd to its end. ERR_SYSTEM, ERR_INTERRUPTED.
 */
int blob_hash_file(
    int fd, const struct digest *expected, bool *out_same, struct error *err) MUST_CHECK;

#endif
