/*
 * SEAL: the sorted list of every file of a layout with its SHA-256; what the signatures cover.
 * Source: design formats.md 1.2.
 */
#ifndef COMMON_SEAL_H
#define COMMON_SEAL_H

#include <stddef.h>

#include "common/buf.h"
#include "common/digest.h"

struct seal {
	struct digest id;         /* SHA-256 of the list itself: the seal id */
	struct digest index;      /* of index.json */
	struct digest oci_layout; /* of oci-layout */
	struct digest *blobs;     /* owned; sorted, each once */
	size_t blob_count;
};

#define SEAL_INIT                                                                                  \
	{                                                                                          \
		.blobs = NULL, .blob_count = 0                                                     \
	}

/**
 * seal_parse(out, bytes, len, err): strict; ERR_SEAL naming the line. Its caller has checked the
 * signatures. Release with seal_release(), also after a failure.
 */
int seal_parse(struct seal *out, const char *bytes, size_t len, struct error *err) MUST_CHECK;
void seal_release(struct seal *s);
#define auto_seal __attribute__((cleanup(seal_release)))

/** seal_write(b, s): the list for s->index, s->oci_layout and s->blobs (sorted); s->id is not read.
 */
void seal_write(struct buf *b, const struct seal *s);

#endif
