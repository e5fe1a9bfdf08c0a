#include <errno.h>

#include "tests/unit/expect.h"

/* design formats.md 8; the names are an interface of --json. */
static const struct {
	enum err_code code;
	const char *name;
	int exit_status;
} codes[] = {
    {ERR_NONE, "none", 0},
    {ERR_SYSTEM, "system", 1},
    {ERR_BUSY, "busy", 1},
    {ERR_INTERRUPTED, "interrupted", 1},
    {ERR_USAGE, "usage", 2},
    {ERR_EXISTS, "output-exists", 2},
    {ERR_FORMAT, "malformed", 3},
    {ERR_LIMIT, "over-limit", 3},
    {ERR_CHART, "bad-chart", 3},
    {ERR_UNSUPPORTED, "unsupported", 3},
    {ERR_SEAL, "untrusted-seal", 4},
    {ERR_TRUST, "unusable-trust", 4},
    {ERR_STATE, "unusable-state", 4},
    {ERR_POLICY, "refused-by-policy", 4},
    {ERR_KEY, "unusable-key", 4},
    {ERR_NETWORK, "network", 5},
    {ERR_SERVER, "registry-failed", 5},
    {ERR_AUTH, "not-authenticated", 6},
    {ERR_DENIED, "not-permitted", 6},
    {ERR_REGISTRY, "refused-by-registry", 7},
    {ERR_CONFLICT, "tag-conflict", 7},
    {ERR_UNBELIEVED, "registry-not-believed", 7},
};

static void codes_keep_their_names(void **state)
{
	(void)state;
	assert_int_equal(ARRAY_SIZE(codes), ERR_UNBELIEVED + 1);
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		assert_int_equal(codes[i].code, i);
		expect_text(error_name(codes[i].code), codes[i].name);
		assert_int_equal(error_exit_status(codes[i].code), codes[i].exit_status);
	}
}

static void is_set_and_prefixed(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(error_set(&err, ERR_FORMAT, "layer %d: bad", 3), -1);
	assert_int_equal(err.code, ERR_FORMAT);
	assert_int_equal(error_prefix(&err, "manifest '%s'", "m"), -1);
	expect_text(err.text, "manifest 'm': layer 3: bad");
	assert_int_equal(err.code, ERR_FORMAT);
	assert_int_equal(err.sys_errno, 0);
}

static void keeps_errno(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	errno = ENOSPC;
	assert_int_equal(error_sys(&err, "'%s': write", "f"), -1);
	assert_int_equal(err.code, ERR_SYSTEM);
	assert_int_equal(err.sys_errno, ENOSPC);
	expect_text(err.text, "'f': write: No space left on device");
	(void)error_set(&err, ERR_FORMAT, "x");
	assert_int_equal(err.sys_errno, 0);
}

static void recodes_all_but_faults_of_the_machine(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	(void)error_set(&err, ERR_LIMIT, "x");
	assert_int_equal(error_recode(&err, ERR_TRUST), -1);
	assert_int_equal(err.code, ERR_TRUST);
	errno = EIO;
	(void)error_sys(&err, "x");
	(void)error_recode(&err, ERR_TRUST);
	assert_int_equal(err.code, ERR_SYSTEM);
	(void)error_set(&err, ERR_INTERRUPTED, "x");
	(void)error_recode(&err, ERR_TRUST);
	assert_int_equal(err.code, ERR_INTERRUPTED);
}

/* Any length of text and prefix: terminated within its room, and what matters survives. */
static void cuts_off_what_is_too_long(void **state)
{
	char longest[2 * ERROR_TEXT_BYTES];

	(void)state;
	memset(longest, 'p', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	for (size_t len = ERROR_TEXT_BYTES - 40; len < sizeof(longest); len++) {
		struct error err = ERROR_INIT;

		(void)error_set(&err, ERR_FORMAT, "%.*s", (int)len, longest);
		assert_int_equal(
		    strlen(err.text), len < ERROR_TEXT_BYTES ? len : ERROR_TEXT_BYTES - 1);
		errno = EIO;
		(void)error_sys(&err, "%.*s", (int)len, longest);
		assert_true(strlen(err.text) < ERROR_TEXT_BYTES);
		(void)error_set(&err, ERR_FORMAT, "the reason");
		(void)error_prefix(&err, "layout '%.*s'", (int)len, longest);
		assert_true(strlen(err.text) < ERROR_TEXT_BYTES);
		expect_contains(err.text, ": the reason");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(codes_keep_their_names),
	    cmocka_unit_test(is_set_and_prefixed),
	    cmocka_unit_test(keeps_errno),
	    cmocka_unit_test(recodes_all_but_faults_of_the_machine),
	    cmocka_unit_test(cuts_off_what_is_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
