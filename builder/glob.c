#include "builder/glob.h"

#include <stdbool.h>
#include <string.h>

#include "builder/unicode.h"
#include "common/mem.h"

#define REPLACEMENT 0xFFFDU

struct span {
	const char *at;
	size_t len;
};

static void skip(struct span *s, size_t len)
{
	s->at += len;
	s->len -= len;
}

/* The next character; what is not UTF-8 is taken byte by byte. False for such a byte. */
static bool take_character(struct span *s, uint32_t *out)
{
	size_t width = unicode_decode(out, s->at, s->len);

	if (width == 0)
		*out = REPLACEMENT;
	skip(s, width != 0 ? width : 1);
	return width != 0;
}

/* The part of the pattern up to the next star, and whether stars stood before it. A star inside
 * brackets is none, by a simpler reading of brackets than that of take_class(). */
static struct span take_chunk(struct span *pattern, bool *star)
{
	bool in_class = false;
	size_t end = 0;

	for (*star = false; pattern->len > 0 && *pattern->at == '*'; skip(pattern, 1))
		*star = true;
	for (; end < pattern->len; end++) {
		char c = pattern->at[end];
		if (c == '*' && !in_class)
			break;
		if (c == '\\' && end + 1 < pattern->len)
			end++;
		else if (c == '[' || c == ']')
			in_class = c == '[';
	}
	struct span chunk = {pattern->at, end};
	skip(pattern, end);
	return chunk;
}

/* One end of a range. Something has to follow it, at least the bracket that closes the class. */
static bool take_range_end(struct span *class, uint32_t *out)
{
	if (class->len == 0 || *class->at == '-' || *class->at == ']')
		return false;
	if (*class->at == '\\')
		skip(class, 1);
	return class->len != 0 && take_character(class, out) && class->len != 0;
}

/* From '[' to its ']'. False where that is malformed; else *matches says whether c is in it. */
static bool take_class(struct span *chunk, uint32_t c, bool *matches, uint64_t *steps)
{
	bool in_ranges = false;

	skip(chunk, 1);
	bool negated = chunk->len > 0 && *chunk->at == '^';
	skip(chunk, negated);
	for (size_t ranges = 0; chunk->len == 0 || *chunk->at != ']' || ranges == 0; ranges++) {
		uint32_t low = 0;
		if (!take_range_end(chunk, &low))
			return false;
		uint32_t high = low;
		if (*chunk->at == '-') {
			skip(chunk, 1);
			if (!take_range_end(chunk, &high))
				return false;
		}
		in_ranges = in_ranges || (low <= c && c <= high);
		++*steps;
	}
	skip(chunk, 1);
	*matches = in_ranges != negated;
	return true;
}

static bool is_sound(struct span chunk, uint64_t *steps)
{
	while (chunk.len > 0) {
		bool matches;
		++*steps;
		if (*chunk.at == '[') {
			if (!take_class(&chunk, 0, &matches, steps))
				return false;
		} else if (*chunk.at == '\\' && chunk.len == 1) {
			return false;
		} else {
			skip(&chunk, *chunk.at == '\\' ? 2 : 1);
		}
	}
	return true;
}

/* One element of a sound chunk against the beginning of name, which is not empty. */
static bool match_element(struct span *chunk, struct span *name, uint64_t *steps)
{
	uint32_t c;
	bool matches = false;

	if (*chunk->at == '[') {
		(void)take_character(name, &c);
		return take_class(chunk, c, &matches, steps) && matches;
	}
	if (*chunk->at == '?') {
		matches = *name->at != '/';
		(void)take_character(name, &c);
		skip(chunk, 1);
		return matches;
	}
	skip(chunk, *chunk->at == '\\');
	matches = *chunk->at == *name->at;
	skip(chunk, 1);
	skip(name, 1);
	return matches;
}

/* A sound chunk against the beginning of name, which is left behind what matched. */
static bool match_chunk(struct span chunk, struct span *name, uint64_t *steps)
{
	while (chunk.len > 0) {
		++*steps;
		if (name->len == 0 || !match_element(&chunk, name, steps))
			return false;
	}
	return true;
}

/*
 * The first place where the chunk matches: here, or behind a star after any bytes but '/'. Going
 * back to a later place is never tried once the next chunk has begun, as in Go; that keeps the
 * whole matching at pattern times name. The last chunk has to reach the end of the name.
 */
static bool find_chunk(struct span chunk, bool star, bool last, struct span *name, uint64_t *steps)
{
	for (;;) {
		struct span rest = *name;
		if (match_chunk(chunk, &rest, steps) && (!last || rest.len == 0)) {
			*name = rest;
			return true;
		}
		if (!star || name->len == 0 || *name->at == '/')
			return false;
		skip(name, 1);
	}
}

enum glob_result glob_match(
    const char *pattern, size_t pattern_len, const char *name, size_t name_len, uint64_t *steps)
{
	struct span pattern_rest = {pattern, pattern_len};
	struct span name_rest = {name, name_len};

	while (pattern_rest.len > 0) {
		bool star;
		struct span chunk = take_chunk(&pattern_rest, &star);
		*steps += chunk.len;
		if (star && chunk.len == 0)
			return memchr(name_rest.at, '/', name_rest.len) == NULL ? GLOB_YES
										: GLOB_NO;
		if (!is_sound(chunk, steps))
			return GLOB_BAD;
		if (!find_chunk(chunk, star, pattern_rest.len == 0, &name_rest, steps))
			return GLOB_NO;
	}
	return name_rest.len == 0 ? GLOB_YES : GLOB_NO;
}
