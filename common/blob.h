/*
 * Reading a blob whose digest and size are known: what comes out is exactly that, or an error.
 */
#ifndef COMMON_BLOB_H
#define COMMON_BLOB_H

#include <stdint.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/digest.h"
#include "common/layout.h"

struct blob_reader {
	int fd;
	uint64_t left_bytes;
	struct digest digest;
	struct digest_stream stream;
};

#define BLOB_READER_INIT                                                                           \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/**
 * blob_open(out, layout, digest, size_bytes, err): starts reading. ERR_SEAL if the file is absent,
 * not a regular file or of another size. Close with blob_close(), also after a failure.
 */
int blob_open(struct blob_reader *out, const struct layout *layout, const struct digest *digest,
    uint64_t size_bytes, struct error *err) MUST_CHECK;
void blob_close(struct blob_reader *r);
#define auto_blob_reader __attribute__((cleanup(blob_close)))

/**
 * blob_read(r, into, len, err): the next bytes, 1 ..= len of them, 0 at the end, -1 with err set.
 *
 * The bytes that complete the blob are handed out only after the file was found to end there and
 * the digest of the whole to match: whoever forwards what it gets never forwards a whole wrong
 * blob. ERR_SEAL when shorter, longer or different, ERR_SYSTEM on a read error. len > 0.
 */
ssize_t blob_read(struct blob_reader *r, void *into, size_t len, struct error *err) MUST_CHECK;

/** blob_load(out, layout, digest, size_bytes, err): a whole blob in memory; ERR_LIMIT over out's
 * cap. */
int blob_load(struct buf *out, const struct layout *layout, const struct digest *digest,
    uint64_t size_bytes, struct error *err) MUST_CHECK;

#endif
