/*
 * Base64 with padding (RFC 4648 section 4), into a buffer and out of a text.
 */
#ifndef COMMON_BASE64_H
#define COMMON_BASE64_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

/** base64_put(b, bytes, len): appends the text, without line ends. Not for secrets: b is ordinary
 * memory. */
void base64_put(struct buf *b, const void *bytes, size_t len);

/**
 * base64_parse(out, room, text, len, ignore, out_len): true if text is the one spelling of at most
 * room bytes, which out then holds: standard alphabet, padded, no stray bits. Characters of ignore
 * (NULL for none) may stand anywhere. Fit for secrets: takes no time that depends on the letters.
 */
bool base64_parse(uint8_t *out, size_t room, const char *text, size_t len, const char *ignore,
    size_t *out_len) MUST_CHECK;

#endif
