/*
 * Base64 with padding (RFC 4648 section 4) into a buffer.
 */
#ifndef COMMON_BASE64_H
#define COMMON_BASE64_H

#include "common/buf.h"

/** base64_put(b, bytes, len): appends the text, without line ends. Not for secrets: b is ordinary
 * memory. */
void base64_put(struct buf *b, const void *bytes, size_t len);

#endif
