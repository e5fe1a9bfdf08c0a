#include <stdlib.h>

#include "builder/source_date_epoch.h"
#include "tests/unit/expect.h"

static void is_a_number_of_seconds(void **state)
{
	static const struct {
		const char *value; /* NULL: not set */
		int64_t seconds;
		const char *text;
	} cases[] = {
	    {NULL, 0, ""},
	    {"0", 0, "1970-01-01T00:00:00Z"},
	    {"1700000000", 1700000000, "2023-11-14T22:13:20Z"},
	    {"253402300799", 253402300799, "9999-12-31T23:59:59Z"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct source_date_epoch epoch;
		struct error err = ERROR_INIT;

		if (cases[i].value != NULL)
			assert_int_equal(setenv("SOURCE_DATE_EPOCH", cases[i].value, 1), 0);
		else
			assert_int_equal(unsetenv("SOURCE_DATE_EPOCH"), 0);
		expect_ok(source_date_epoch_read(&epoch, &err), &err);
		assert_int_equal(epoch.is_set, cases[i].value != NULL);
		assert_int_equal(epoch.seconds, cases[i].seconds);
		expect_text(epoch.text, cases[i].text);
	}
}

static void anything_else_is_refused(void **state)
{
	static const char *const values[] = {"", "-1", "+1", " 1", "1 ", "0x10", "now", "1.5",
	    "253402300800", "99999999999999999999"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct source_date_epoch epoch;
		struct error err = ERROR_INIT;

		assert_int_equal(setenv("SOURCE_DATE_EPOCH", values[i], 1), 0);
		expect_refused(source_date_epoch_read(&epoch, &err), &err, ERR_USAGE,
		    "not a number of seconds since 1970");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(is_a_number_of_seconds),
	    cmocka_unit_test(anything_else_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
