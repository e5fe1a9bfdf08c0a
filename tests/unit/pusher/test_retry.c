#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/limits.h"
#include "pusher/retry.h"

static void test_statuses(void **state)
{
	static const int again[] = {408, 425, 429, 499, 500, 502, 503, 504, 520, 524};
	static const int final[] = {
	    200, 201, 301, 400, 401, 403, 404, 405, 409, 413, 416, 501, 505, 525};

	(void)state;
	for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++)
		assert_true(retry_status(again[i]));
	for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++)
		assert_false(retry_status(final[i]));
}

/* 2015-10-21 07:28:00 UTC is 1445412480. */
static void test_row_r16_retry_after(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} cases[] = {
	    {"0", 0},
	    {"120", 120},
	    {"1000000000", 1000000000},
	    {"99999999999999999999", INT32_MAX},
	    {"Wed, 21 Oct 2015 07:28:30 GMT", 30},
	    {"Wed, 21 Oct 2015 07:27:00 GMT", 0},
	    {"Wed, 21 Oct 2015 07:28:30 GMT ", -1},
	    {"Wed, 21 Oct 2015 07:28:30", -1},
	    {"-1", -1},
	    {"", -1},
	    {" 5", -1},
	    {"5 s", -1},
	    {"soon", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(retry_after_s(cases[i].text, 1445412480), cases[i].seconds);
}

static void test_row_r15_back_off(void **state)
{
	const struct retry_budget budget = {.retries = 20, .deadline_ms = INT64_MAX};
	int64_t full = 500;

	(void)state;
	for (unsigned tries = 1; tries <= 20; tries++) {
		for (uint32_t random = 0; random < 100000; random += 997) {
			const struct retry_failure f = {
			    .tries = tries, .now_ms = 7000, .random = random};
			int64_t at = 0;
			assert_int_equal(retry_decide(&budget, &f, &at), RETRY);
			assert_in_range(at - 7000, full / 2, full);
		}
		full = full * 2 > 30000 ? 30000 : full * 2;
	}
	const struct retry_failure spent = {.tries = 21};
	int64_t at;
	assert_int_equal(retry_decide(&budget, &spent, &at), RETRY_SPENT);
}

static void test_deadline(void **state)
{
	const struct retry_budget limited = {.retries = 4, .deadline_ms = 100000};
	const struct retry_budget endless = {.retries = 4, .deadline_ms = INT64_MAX};
	struct retry_failure f = {.tries = 1, .retry_after = "99"};
	int64_t at = 0;

	(void)state;
	assert_int_equal(retry_decide(&limited, &f, &at), RETRY);
	assert_int_equal(at, 99000);
	f.retry_after = "100";
	assert_int_equal(retry_decide(&limited, &f, &at), RETRY_TOO_LATE);
	f.retry_after = "600";
	assert_int_equal(retry_decide(&endless, &f, &at), RETRY);
	assert_int_equal(at, 600000);
	f.retry_after = "601";
	assert_int_equal(retry_decide(&endless, &f, &at), RETRY_TOO_LATE);
	f.retry_after = "-1";
	assert_int_equal(retry_decide(&endless, &f, &at), RETRY);
	assert_in_range(at, 250, 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_statuses),
	    cmocka_unit_test(test_row_r16_retry_after),
	    cmocka_unit_test(test_row_r15_back_off),
	    cmocka_unit_test(test_deadline),
	};

	return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
