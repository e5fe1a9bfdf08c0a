/* Expected results are those of Go's time.Time, read from JSON and written again. */
#include "builder/go_time.h"
#include "tests/unit/expect.h"

static const struct {
	const char *text;
	const char *normal; /* NULL: refused */
} cases[] = {
    {"2024-05-06T07:08:09Z", "2024-05-06T07:08:09Z"},
    {"2024-05-06T07:08:09.5Z", "2024-05-06T07:08:09.5Z"},
    {"2024-05-06T07:08:09.500Z", "2024-05-06T07:08:09.5Z"},
    {"2024-05-06T07:08:09.000Z", "2024-05-06T07:08:09Z"},
    {"2024-05-06T07:08:09.123456789Z", "2024-05-06T07:08:09.123456789Z"},
    {"2024-05-06T07:08:09.1234567899Z", "2024-05-06T07:08:09.123456789Z"},
    {"2024-05-06T07:08:09.0000000009Z", "2024-05-06T07:08:09Z"},
    {"2024-05-06T07:08:09.100000001+02:00", "2024-05-06T07:08:09.100000001+02:00"},
    {"2024-05-06T07:08:09,5Z", "2024-05-06T07:08:09.5Z"},
    {"2024-05-06T07:08:09.Z", NULL},
    {"2024-05-06T07:08:09+00:00", "2024-05-06T07:08:09Z"},
    {"2024-05-06T07:08:09-00:00", "2024-05-06T07:08:09Z"},
    {"2024-05-06T07:08:09+00:60", "2024-05-06T07:08:09+01:00"},
    {"2024-05-06T07:08:09+02:00", "2024-05-06T07:08:09+02:00"},
    {"2024-05-06T07:08:09-07:30", "2024-05-06T07:08:09-07:30"},
    {"2024-05-06T07:08:09+23:59", "2024-05-06T07:08:09+23:59"},
    {"2024-05-06T07:08:09+23:60", "unprintable"},
    {"2024-05-06T07:08:09+24:00", "unprintable"},
    {"2024-05-06T07:08:09-24:60", "unprintable"},
    {"2024-05-06T07:08:09+25:00", NULL},
    {"2024-05-06T07:08:09+01:61", NULL},
    {"2024-05-06T07:08:09+0100", NULL},
    {"2024-05-06T07:08:09+01", NULL},
    {"2024-05-06T07:08:09", NULL},
    {"2024-05-06T07:08:09z", NULL},
    {"2024-05-06t07:08:09Z", NULL},
    {"2024-05-06 07:08:09Z", NULL},
    {"2024-05-06T7:08:09Z", "2024-05-06T07:08:09Z"},
    {"2024-05-06T007:08:09Z", NULL},
    {"2024-05-06T:08:09Z", NULL},
    {"2024-05-06T07:8:09Z", NULL},
    {"2024-05-06T07:08:9Z", NULL},
    {"2024-5-06T07:08:09Z", NULL},
    {"2024-05-6T07:08:09Z", NULL},
    {"24-05-06T07:08:09Z", NULL},
    {"02024-05-06T07:08:09Z", NULL},
    {"2024-00-06T07:08:09Z", NULL},
    {"2024-13-06T07:08:09Z", NULL},
    {"2024-05-00T07:08:09Z", NULL},
    {"2024-05-32T07:08:09Z", NULL},
    {"2024-02-29T07:08:09Z", "2024-02-29T07:08:09Z"},
    {"2023-02-29T07:08:09Z", NULL},
    {"1900-02-29T07:08:09Z", NULL},
    {"2000-02-29T07:08:09Z", "2000-02-29T07:08:09Z"},
    {"0000-02-29T07:08:09Z", "0000-02-29T07:08:09Z"},
    {"2024-04-31T07:08:09Z", NULL},
    {"2024-05-06T24:00:00Z", NULL},
    {"2024-05-06T23:60:00Z", NULL},
    {"2024-05-06T23:59:60Z", NULL},
    {"2024-05-06T23:59:59Z", "2024-05-06T23:59:59Z"},
    {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
    {"0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"},
    {"9999-12-31T23:59:59.999999999-23:59", "9999-12-31T23:59:59.999999999-23:59"},
    {"10000-01-01T00:00:00Z", NULL},
    {"-001-01-01T00:00:00Z", NULL},
    {"2024-05-06", NULL},
    {"", NULL},
    {"Z", NULL},
    {"2024-05-06T07:08:09ZZ", NULL},
    {"2024-05-06T07:08:09Z ", NULL},
    {" 2024-05-06T07:08:09Z", NULL},
    {"2024-05-06T07:08:09 Z", NULL},
    {"2024-05-06T07:08:09.5.5Z", NULL},
    {"2024-05-06T07:08:09.5", NULL},
    {"2024-05-06T07:08:09*02:00", NULL},
    {"2024-05-06T07:08:09+02.00", NULL},
    {"2024-05-06T07:08:09+a2:00", NULL},
    {"2024-05-06T07:08:09+2:00", NULL},
    {"2x24-05-06T07:08:09Z", NULL},
    {"+024-05-06T07:08:09Z", NULL},
    {"2024_05-06T07:08:09Z", NULL},
    {"2024-05-06T07.08:09Z", NULL},
};

static void test_normalise(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char normal[GO_TIME_TEXT_LEN + 1];
		struct error err = ERROR_INIT;
		int result = go_time_normalise(normal, cases[i].text, strlen(cases[i].text), &err);

		if (cases[i].normal == NULL) {
			if (result == 0)
				fail_msg("'%s' is taken", cases[i].text);
			expect_refused(result, &err, ERR_FORMAT, "RFC 3339");
			continue;
		}
		expect_ok(result, &err);
		expect_text(go_time_is_printable(normal) ? normal : "unprintable", cases[i].normal);
	}
}

static void test_bytes(void **state)
{
	char normal[GO_TIME_TEXT_LEN + 1];
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(go_time_normalise(normal, "2024-05-06T07:08:09Z\0", 21, &err), -1);
	assert_int_equal(go_time_normalise(normal, "2024-05-06T07:08:09Z", 19, &err), -1);
	expect_ok(go_time_normalise(normal, "2024-05-06T07:08:09+24:60", 25, &err), &err);
	expect_text(normal, "2024-05-06T07:08:09+25:00");
	assert_false(go_time_is_printable(normal));
	assert_true(go_time_is_printable(GO_TIME_ZERO));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_normalise),
	    cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests_name("go_time", tests, NULL, NULL);
}
