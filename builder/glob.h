/*
 * Shell patterns as Go's path/filepath.Match understands them on Unix.
 * Source: Go 1.26 src/path/filepath/match.go.
 */
#ifndef BUILDER_GLOB_H
#define BUILDER_GLOB_H

#include <stddef.h>
#include <stdint.h>

enum glob_result {
	GLOB_NO,
	GLOB_YES,
	GLOB_BAD, /* ErrBadPattern: the matching came to a part of the pattern that is malformed */
};

/**
 * glob_match(pattern, pattern_len, name, name_len, steps): whether the pattern matches all of name.
 *
 * '*' any bytes but '/', '?' any character but '/', [a-z] and [^a-z] one character (also '/'), a
 * backslash takes the next byte as it is. A byte that is not UTF-8 counts as U+FFFD, one byte long.
 * As in Go a malformed part is noticed only when the matching comes to it: "x*[" is bad for "xy",
 * and merely no match for "abc". What is bad for one name is never a match for another.
 *
 * pattern, name  any bytes, NUL included; borrowed. Untrusted.
 * steps          what the matching cost is added: at most about pattern_len * (name_len + 2).
 * Pure; allocates nothing.
 */
enum glob_result glob_match(
    const char *pattern, size_t pattern_len, const char *name, size_t name_len, uint64_t *steps);

#endif
