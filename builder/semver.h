/*
 * Versions, as Helm reads and orders them.
 * Source: Masterminds/semver v3.5.0 version.go; reference helm.md 4.3; semver.org 2.0.0.
 */
#ifndef BUILDER_SEMVER_H
#define BUILDER_SEMVER_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/limits.h"

/** A plain value: copied by assignment, nothing to release. */
struct semver {
	uint64_t major;
	uint64_t minor;
	uint64_t patch;
	char prerelease[LIMIT_VERSION_BYTES_MAX + 1]; /* without its '-'; "" where there is none */
	char metadata[LIMIT_VERSION_BYTES_MAX + 1];   /* without its '+' */
};

/**
 * semver_parse(out, text, len, err): a version by the loose rules: NewVersion().
 *
 * [v]N[.N[.N]][-id.id...][+id.id...]: numbers of digits that fit 64 bits, leading zeros allowed;
 * identifiers of letters, digits and '-', the numeric ones before '+' without leading zeros. So
 * "1", "v1.2" and "01.2.3" are versions; missing numbers are 0. These are the rules for the version
 * of a chart and for the versions that a constraint is checked with.
 *
 * text      any bytes; may be NULL where len is 0; borrowed. Untrusted.
 * Returns 0, or -1 with err set, text quoted and the reason given: ERR_LIMIT for more than
 * LIMIT_VERSION_BYTES_MAX bytes, else ERR_FORMAT; out is then undefined. Pure; allocates nothing.
 */
int semver_parse(struct semver *out, const char *text, size_t len, struct error *err) MUST_CHECK;

/**
 * semver_parse_strict(out, text, len, err): StrictNewVersion(): besides, there are exactly three
 * numbers, none with a leading zero, and no 'v'. What helm lint asks for, and what a registry's tag
 * needs to be found by a range.
 */
int semver_parse_strict(
    struct semver *out, const char *text, size_t len, struct error *err) MUST_CHECK;

/**
 * semver_compare(a, b): precedence: negative, 0 or positive. Metadata does not count. A pre-release
 * comes before its release; its identifiers are compared one by one, numbers by value and before
 * words, words by bytes. A number beyond 64 bits counts as a word, as it does to Helm; such
 * identifiers can leave three versions without an order.
 */
int semver_compare(const struct semver *a, const struct semver *b);

#endif
