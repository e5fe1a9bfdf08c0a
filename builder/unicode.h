/*
 * The few Unicode properties that Helm's sanitising asks for, by Go's tables (Unicode 15.0.0).
 */
#ifndef BUILDER_UNICODE_H
#define BUILDER_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** unicode_is_print(c): Go's unicode.IsPrint but for the blank: categories L, M, N, P, S. */
bool unicode_is_print(uint32_t c);

/** unicode_is_space(c): Go's unicode.IsSpace: the property White_Space. */
bool unicode_is_space(uint32_t c);

/**
 * unicode_decode(out, bytes, len): the first character of UTF-8 text.
 * Returns its length, 1 to 4 bytes; 0 where bytes do not begin with a valid sequence, or len is 0.
 */
size_t unicode_decode(uint32_t *out, const char *bytes, size_t len);

#endif
