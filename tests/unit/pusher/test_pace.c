#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "pusher/pace.h"

static void test_statuses(void **state)
{
	(void)state;
	assert_true(pace_status(429));
	assert_true(pace_status(503));
	assert_false(pace_status(200));
	assert_false(pace_status(500));
	assert_false(pace_status(401));
}

static void test_row_r15_no_limit_until_one_is_said(void **state)
{
	struct pace p = {0};

	(void)state;
	pace_begin(&p, 7000);
	pace_answered(&p);
	assert_true(pace_is_free(&p, 1000000));
	assert_int_equal(p.next_ms, 0);
}

static void test_row_r15_one_at_a_time_with_a_pause(void **state)
{
	struct pace p = {0};

	(void)state;
	pace_refused(&p);
	assert_true(pace_is_free(&p, 0));
	assert_false(pace_is_free(&p, 1));
	pace_begin(&p, 7000);
	assert_int_equal(p.next_ms, 7100);
	pace_refused(&p);
	pace_begin(&p, 7000);
	assert_int_equal(p.next_ms, 7400);
	for (unsigned i = 0; i < 100; i++)
		pace_refused(&p);
	pace_begin(&p, 7000);
	assert_int_equal(p.next_ms, 9000);
}

/* One more each time as many were answered as are asked at once; the pause goes sooner. */
static void test_row_r15_faster_as_it_answers(void **state)
{
	struct pace p = {0};
	unsigned answers = 0;

	(void)state;
	pace_refused(&p);
	for (unsigned at_once = 1; at_once < 64; at_once++) {
		assert_false(pace_is_free(&p, at_once));
		for (unsigned i = 0; i < at_once; i++, answers++) {
			assert_true(pace_is_free(&p, at_once - 1));
			pace_answered(&p);
		}
	}
	assert_int_equal(p.gap_ms, 0);
	assert_int_equal(answers, 64 * 63 / 2);
	for (unsigned i = 0; i < 64; i++)
		pace_answered(&p);
	assert_true(pace_is_free(&p, 1000000));
}

static void test_row_r15_the_pause_shrinks_by_a_quarter(void **state)
{
	static const int64_t gaps[] = {75, 56, 42, 31, 23, 17, 12, 9, 6, 4, 3, 2, 1, 0, 0};
	struct pace p = {0};

	(void)state;
	pace_refused(&p);
	for (unsigned i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		pace_answered(&p);
		assert_int_equal(p.gap_ms, gaps[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_statuses),
	    cmocka_unit_test(test_row_r15_no_limit_until_one_is_said),
	    cmocka_unit_test(test_row_r15_one_at_a_time_with_a_pause),
	    cmocka_unit_test(test_row_r15_faster_as_it_answers),
	    cmocka_unit_test(test_row_r15_the_pause_shrinks_by_a_quarter),
	};

	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
