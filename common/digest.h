/*
 * SHA-256 digests: the only algorithm, and the only way from text to a file name.
 * Source: OCI image-spec, descriptor.md, "Digests".
 */
#ifndef COMMON_DIGEST_H
#define COMMON_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nettle/sha2.h>

#include "common/error.h"

#define DIGEST_BYTES 32
#define DIGEST_HEX_LEN 64
#define DIGEST_TEXT_LEN 71 /* "sha256:" and 64 hex digits */

struct digest {
	uint8_t bytes[DIGEST_BYTES];
};

/** A digest of bytes that come in pieces. */
struct digest_stream {
	struct sha256_ctx sha256;
};

/**
 * digest_parse(out, text, len, err): reads "sha256:" and 64 lower-case hex digits, nothing else.
 * ERR_FORMAT otherwise; another algorithm is named in the error. text need not be NUL-terminated.
 */
int digest_parse(struct digest *out, const char *text, size_t len, struct error *err) MUST_CHECK;

/** digest_parse_hex(out, text, len): true if text is exactly 64 lower-case hex digits. */
bool digest_parse_hex(struct digest *out, const char *text, size_t len) MUST_CHECK;

/** digest_text(out, d), digest_hex(out, d): with and without "sha256:", NUL-terminated. */
void digest_text(char out[DIGEST_TEXT_LEN + 1], const struct digest *d);
void digest_hex(char out[DIGEST_HEX_LEN + 1], const struct digest *d);

/** digest_of(out, bytes, len): the digest of one piece. */
void digest_of(struct digest *out, const void *bytes, size_t len);

void digest_stream_init(struct digest_stream *s);
void digest_stream_update(struct digest_stream *s, const void *bytes, size_t len);
/** digest_stream_finish(s, out): the digest of all that was put in; s starts anew. */
void digest_stream_finish(struct digest_stream *s, struct digest *out);

bool digest_equal(const struct digest *a, const struct digest *b);
/** digest_compare(a, b): by bytes, which is also the order of their texts; for qsort() and
 * bsearch(). */
int digest_compare(const void *a, const void *b);

#endif
