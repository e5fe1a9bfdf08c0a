/*
 * A constraint, a NUL, and versions with NULs between them. The order of versions has to be one
 * both ways, and a version has to satisfy the constraints that name it.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "builder/semver_constraint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(char *out, size_t size, const char *operator, const struct semver * v)
{
	(void)snprintf(out, size, "%s%" PRIu64 ".%" PRIu64 ".%" PRIu64 "%s%s", operator, v->major,
	    v->minor, v->patch, v->prerelease[0] != '\0' ? "-" : "", v->prerelease);
}

static void check_named(const struct semver *v)
{
	static const char *const operators[] = {"", "=", ">=", "<=", "~", "^"};

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		auto_semver_constraint struct semver_constraint c = SEMVER_CONSTRAINT_INIT;
		struct error err = ERROR_INIT;
		char text[400];
		print(text, sizeof(text), operators[i], v);
		if (semver_constraint_parse(&c, text, strlen(text), &err) == 0)
			assert(semver_constraint_check(&c, v));
		else
			assert(strlen(text) > LIMIT_VERSION_BYTES_MAX); /* "1" became "1.0.0" */
	}
}

static void check_order(const struct semver *a, const struct semver *b)
{
	int forward = semver_compare(a, b);
	int backward = semver_compare(b, a);

	assert((forward > 0) == (backward < 0) && (forward < 0) == (backward > 0));
	assert(semver_compare(a, a) == 0);
}

static void check_version(const struct semver_constraint *c, const char *text, struct semver *last)
{
	struct error err = ERROR_INIT;
	struct semver strict;
	struct semver v;
	bool is_strict = semver_parse_strict(&strict, text, strlen(text), &err) == 0;

	if (semver_parse(&v, text, strlen(text), &err) != 0) {
		assert(!is_strict && err.text[0] != '\0');
		return;
	}
	assert(!is_strict || semver_compare(&strict, &v) == 0);
	check_order(&v, last);
	check_named(&v);
	(void)semver_constraint_check(c, &v);
	*last = v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_semver_constraint struct semver_constraint c = SEMVER_CONSTRAINT_INIT;
	auto_free char *text = mem_strndup((const char *)data, size);
	struct semver last = {.major = 1};
	struct error err = ERROR_INIT;
	size_t constraint_len = strlen(text);

	if (semver_constraint_parse(&c, text, constraint_len, &err) != 0)
		assert(err.code != ERR_NONE && err.text[0] != '\0' && c.groups == NULL);
	for (size_t at = constraint_len + 1; at <= size; at += strlen(text + at) + 1)
		check_version(&c, text + at, &last);
	return 0;
}
