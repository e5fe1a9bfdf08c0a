/*
 * What a dependency says of the versions it can be satisfied with: ">= 1.2, < 2 || ^3.0.0-beta".
 * Source: Masterminds/semver v3.5.0 constraints.go.
 */
#ifndef BUILDER_SEMVER_CONSTRAINT_H
#define BUILDER_SEMVER_CONSTRAINT_H

#include <stdbool.h>
#include <stddef.h>

#include "builder/semver.h"
#include "common/error.h"

enum semver_operator {
	SEMVER_EQUAL, /* "=", or none */
	SEMVER_NOT_EQUAL,
	SEMVER_GREATER,
	SEMVER_LESS,
	SEMVER_AT_LEAST,
	SEMVER_AT_MOST,
	SEMVER_TILDE,
	SEMVER_CARET,
};

/** The first number of a condition that is missing or an x; those behind it do not count either. */
enum semver_wildcard { SEMVER_EXACT, SEMVER_ANY_PATCH, SEMVER_ANY_MINOR, SEMVER_ANY };

struct semver_condition {
	enum semver_operator operator;
	enum semver_wildcard wildcard;
	struct semver version; /* what is missing or an x is 0 */
};

/** Conditions that have to hold together. */
struct semver_group {
	struct semver_condition *conditions; /* owned; at least one */
	size_t count;
	size_t capacity;
	bool
	    has_prerelease; /* one of them names a pre-release, so pre-releases count as versions */
};

/** Groups one of which has to hold. */
struct semver_constraint {
	struct semver_group *groups; /* owned; at least one */
	size_t count;
	size_t capacity;
	bool include_prerelease; /* false after parsing; set it to let every pre-release count */
};

#define SEMVER_CONSTRAINT_INIT                                                                     \
	{                                                                                          \
		.groups = NULL, .count = 0, .capacity = 0, .include_prerelease = false             \
	}

/**
 * semver_constraint_parse(out, text, len, err): NewConstraint().
 *
 * Groups with "||" between them, in each conditions with commas or blanks between them, in each an
 * operator (= != > < >= => <= =< ~ ~> ^, or none) and a version of which numbers may be missing or
 * x, X or *. "A - B" stands for ">= A, <= B". An empty text, or an empty group, is refused, as by
 * Helm. Go's rewriting of "A - B" is a substitution in the text before "||" is looked for: what it
 * makes of odd input ("1||2 - 3" is ">= 1 || 2, <= 3") is kept.
 *
 * text      any bytes; may be NULL where len is 0; borrowed for the call. Untrusted.
 * Returns 0 and out to be released with semver_constraint_release(), or -1 with err set, the text
 * quoted, and out empty: ERR_LIMIT for more than LIMIT_CONSTRAINT_BYTES_MAX bytes or
 * LIMIT_CONSTRAINT_GROUPS_MAX groups, ERR_FORMAT for the rest, versions of more than
 * LIMIT_VERSION_BYTES_MAX bytes included. Time is bounded by the square of the length.
 */
int semver_constraint_parse(
    struct semver_constraint *out, const char *text, size_t len, struct error *err) MUST_CHECK;
void semver_constraint_release(struct semver_constraint *c);
#define auto_semver_constraint __attribute__((cleanup(semver_constraint_release)))

/**
 * semver_constraint_check(c, version): Check(): true if one group holds for version.
 *
 * A pre-release satisfies nothing in a group where no condition names a pre-release, "!=" and "*"
 * included, unless c->include_prerelease. "1.2" is "1.2.x", ">1.2" means from 1.3.0 on, "<=1.2" is
 * below 1.3.0, "^0.2.3" stays below 0.3.0 and "^0.0.3" is 0.0.3. Helm's oddities are kept: "~0.0.0"
 * is anything from 0.0.0 on, "^*" only 0.0.0, "<=*" what is below 0.1.0, ">*" all but 0.0.0.
 */
bool semver_constraint_check(const struct semver_constraint *c, const struct semver *version);

#endif
