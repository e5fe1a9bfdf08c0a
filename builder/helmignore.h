/*
 * .helmignore: which files of a chart directory Helm leaves out.
 * Source: Helm 4.2.4 pkg/ignore/rules.go; reference helm.md 3.5.
 */
#ifndef BUILDER_HELMIGNORE_H
#define BUILDER_HELMIGNORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

struct helmignore_rule {
	const char *pattern; /* borrowed from text; not NUL-terminated */
	size_t len;
	size_t line; /* from 1; 0: Helm's own rule */
	bool negated;
	bool directories_only;
	bool whole_path; /* matched with the path, else with its last part */
};

struct helmignore {
	char *text;                    /* owned */
	struct helmignore_rule *rules; /* owned; in order */
	size_t count;
	size_t capacity;
	uint64_t steps_left; /* of LIMIT_HELMIGNORE_STEPS_MAX */
};

#define HELMIGNORE_INIT                                                                            \
	{                                                                                          \
		.text = NULL, .rules = NULL, .count = 0, .capacity = 0, .steps_left = 0            \
	}

/**
 * helmignore_parse(out, bytes, len, err): the rules of a file, then Helm's own "templates/.?*".
 *
 * bytes     the file as it is, a byte order mark included; NULL with len 0 for a chart that has
 *           none. Borrowed for the call. Untrusted.
 * Returns 0 and out to be released with helmignore_release(), or -1 with err set, the line named,
 * and out empty: ERR_CHART for what Helm refuses too ("**"; a malformed pattern where Helm notices
 * it, which is where matching it with "abc" comes to the flaw; a line of 64 KiB), ERR_LIMIT beyond
 * LIMIT_HELMIGNORE_BYTES_MAX. A malformed pattern that is not noticed never matches.
 */
int helmignore_parse(
    struct helmignore *out, const char *bytes, size_t len, struct error *err) MUST_CHECK;
void helmignore_release(struct helmignore *h);
#define auto_helmignore __attribute__((cleanup(helmignore_release)))

/**
 * helmignore_match(h, path, is_directory, out_ignored, err): whether Helm ignores path.
 *
 * path      below the chart directory, parts separated by '/', as Helm's walk makes it: no "./"
 *           before it, no '/' after it. Any bytes. "", "." and "./" are never ignored.
 * is_directory  of what path leads to, links followed. An ignored directory takes with it all that
 *           is in it; the caller then does not ask for that.
 * The first rule that decides wins. A rule with '!' is not what gitignore makes of it: it ignores
 * whatever does NOT match it, and leaves what matches to the rules behind it.
 * Returns 0, or -1 with ERR_LIMIT when all the matching with h has passed
 * LIMIT_HELMIGNORE_STEPS_MAX: patterns made for that could keep us busy for hours.
 */
int helmignore_match(struct helmignore *h, const char *path, bool is_directory, bool *out_ignored,
    struct error *err) MUST_CHECK;

#endif
