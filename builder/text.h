/*
 * A piece of text out of a chart: UTF-8 with its length, because YAML can spell a NUL inside it,
 * and the line where it stood.
 */
#ifndef BUILDER_TEXT_H
#define BUILDER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/mem.h"

struct text {
	char *bytes; /* owned, NUL-terminated; NULL for an empty text that was never set */
	size_t len;  /* without the final NUL */
	size_t line; /* in the file it comes from, from 1; 0 where unknown */
};

/** text_set(t, bytes, len): replaces the content by a copy; the line stays. */
void text_set(struct text *t, const char *bytes, size_t len);
void text_release(struct text *t);

/** text_string(t): the content, never NULL. Borrowed. A NUL inside ends it early. */
const char *text_string(const struct text *t);

/** text_compare(a, b): by bytes, then by length, as Go compares strings. */
int text_compare(const struct text *a, const struct text *b);
bool text_is(const struct text *t, const char *string);

/** text_is_blank(t): true if nothing but Unicode white space is in it: Go's TrimSpace leaves "". */
bool text_is_blank(const struct text *t);

/**
 * text_sanitise(t): what Helm's sanitizeString does: each white space character becomes a blank,
 * each character that Go's unicode.IsPrint denies is deleted. t must be UTF-8.
 * Source: reference helm.md 4.2.
 */
void text_sanitise(struct text *t);

/**
 * text_replace_invalid(t): each byte that is not part of UTF-8 becomes U+FFFD, as in Go's
 * encoding/json.
 */
void text_replace_invalid(struct text *t);

#endif
