/*
 * Assertions on struct error: what was refused must say so by its code and in its text.
 */
#ifndef TESTS_UNIT_EXPECT_H
#define TESTS_UNIT_EXPECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/error.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/** expect_error(err, code, text): err has this code, and this text somewhere in its own. */
static inline void expect_error(const struct error *err, enum err_code code, const char *text)
{
	if (err->code != code || strstr(err->text, text) == NULL)
		fail_msg("expected %s '%s', got %s '%s'", error_name(code), text,
		    error_name(err->code), err->text);
}

/** expect_refused(result, err, code, text): the call failed, and with this error. */
static inline void expect_refused(
    int result, const struct error *err, enum err_code code, const char *text)
{
	if (result == 0)
		fail_msg("accepted; expected %s '%s'", error_name(code), text);
	assert_int_equal(result, -1);
	expect_error(err, code, text);
}

/** expect_ok(result, err): the call succeeded; says why where it did not. */
static inline void expect_ok(int result, const struct error *err)
{
	if (result != 0)
		fail_msg("refused: %s '%s'", error_name(err->code), err->text);
}

/** expect_text(found, expected): equal strings, both shown where they differ. */
static inline void expect_text(const char *found, const char *expected)
{
	assert_non_null(found);
	assert_string_equal(found, expected);
}

/** expect_contains(text, part): part stands somewhere in text. */
static inline void expect_contains(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("'%s' is not in '%s'", part, text);
}

#endif
