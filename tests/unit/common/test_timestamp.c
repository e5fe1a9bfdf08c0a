#include "common/timestamp.h"
#include "tests/unit/expect.h"

static const struct {
	const char *text;
	int64_t seconds; /* -1: refused */
	bool utc;        /* also good where UTC is wanted */
} cases[] = {
    {"1970-01-01T00:00:00Z", 0, true},
    {"2024-01-02T03:04:05Z", 1704164645, true},
    {"2024-01-02T03:04:05+00:00", 1704164645, false},
    {"2024-01-02T03:04:05-00:00", 1704164645, false},
    {"2024-01-02T04:34:05+01:30", 1704164645, false},
    {"2024-01-01T22:04:05-05:00", 1704164645, false},
    {"2000-02-29T00:00:00Z", 951782400, true},
    {"2024-02-29T23:59:59Z", 1709251199, true},
    {"2024-03-01T00:00:00Z", 1709251200, true},
    {"2038-01-19T03:14:08Z", 2147483648, true},
    {"2100-03-01T00:00:00Z", 4107542400, true},
    {"9999-12-31T23:59:59Z", 253402300799, true},
    {"1970-01-01T00:00:00-23:59", 86340, false},
    {"", -1, false},
    {"1969-12-31T23:59:59Z", -1, false},
    {"0000-01-01T00:00:00Z", -1, false},
    {"10000-01-01T00:00:00Z", -1, false},
    {"2024-00-01T00:00:00Z", -1, false},
    {"2024-13-01T00:00:00Z", -1, false},
    {"2024-01-00T00:00:00Z", -1, false},
    {"2024-01-32T00:00:00Z", -1, false},
    {"2024-04-31T00:00:00Z", -1, false},
    {"2023-02-29T00:00:00Z", -1, false},
    {"2100-02-29T00:00:00Z", -1, false},
    {"2024-01-01T24:00:00Z", -1, false},
    {"2024-01-01T00:60:00Z", -1, false},
    {"2016-12-31T23:59:60Z", -1, false},
    {"2024-01-02t03:04:05Z", -1, false},
    {"2024-01-02T03:04:05z", -1, false},
    {"2024-01-02 03:04:05Z", -1, false},
    {"2024-01-02T03:04:05", -1, false},
    {"2024-01-02T03:04:05.0Z", -1, false},
    {"2024-01-02T03:04:05Z ", -1, false},
    {"2024-01-02T03:04:05Zx", -1, false},
    {"2024-01-02T03:04:05+0100", -1, false},
    {"2024-01-02T03:04:05+24:00", -1, false},
    {"2024-01-02T03:04:05+01:60", -1, false},
    {"2024-01-02T03:04:05+1:00", -1, false},
    {"2024-01-02T03:04:05+", -1, false},
    {"2024-1-02T03:04:05Z", -1, false},
    {"+024-01-02T03:04:05Z", -1, false},
    {"-2024-01-02T03:04:05Z", -1, false},
    {"2024-01-02", -1, false},
    {"20240102T030405Z", -1, false},
};

static void reads_rfc_3339(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		int64_t found = -2;
		int result = timestamp_parse(&found, cases[i].text, &err);

		if (cases[i].seconds < 0) {
			expect_refused(
			    result, &err, ERR_FORMAT, "not of the form 2024-01-02T03:04:05Z");
			expect_contains(err.text, cases[i].text);
			continue;
		}
		expect_ok(result, &err);
		assert_int_equal(found, cases[i].seconds);
		result = timestamp_parse_utc(&found, cases[i].text, &err);
		if (cases[i].utc)
			expect_ok(result, &err);
		else
			expect_refused(result, &err, ERR_FORMAT, "not UTC: it must end in Z");
	}
}

/* What cannot be written again was not a time of these years. */
static void refuses_what_leaves_the_years(void **state)
{
	static const char *const texts[] = {
	    "1970-01-01T00:00:00+00:01", "1970-01-01T13:59:59+14:00", "9999-12-31T23:59:59-00:01"};
	int64_t found;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error err = ERROR_INIT;
		expect_refused(timestamp_parse(&found, texts[i], &err), &err, ERR_FORMAT, texts[i]);
	}
}

static const struct {
	const char *text;
	int64_t seconds;
} ssh_cases[] = {
    {"20240102Z", 1704153600},
    {"202401020304Z", 1704164640},
    {"20240102030405Z", 1704164645},
    {"19700101Z", 0},
    {"99991231235959Z", 253402300799},
    {"", -1},
    {"Z", -1},
    {"20240102", -1},
    {"20240102030405", -1},
    {"2024010203Z", -1},
    {"20240102030Z", -1},
    {"2024010203045Z", -1},
    {"202401020304056Z", -1},
    {"20240102z", -1},
    {"20240102+", -1},
    {"20240230Z", -1},
    {"19691231Z", -1},
    {"202401022400Z", -1},
    {"20240102030460Z", -1},
    {"2024-1-2Z", -1},
    {" 0240102Z", -1},
};

static void reads_the_form_of_openssh(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ssh_cases); i++) {
		struct error err = ERROR_INIT;
		int64_t found = -2;
		const char *text = ssh_cases[i].text;
		int result = timestamp_parse_ssh(&found, text, strlen(text), &err);

		if (ssh_cases[i].seconds < 0) {
			expect_refused(
			    result, &err, ERR_FORMAT, "not of the form YYYYMMDD[hhmm[ss]]Z");
			continue;
		}
		expect_ok(result, &err);
		assert_int_equal(found, ssh_cases[i].seconds);
	}
	struct error err = ERROR_INIT;
	int64_t found;
	assert_int_equal(timestamp_parse_ssh(&found, "2024010\0Z", 9, &err), -1);
	assert_int_equal(timestamp_parse_ssh(&found, "20240102Zjunk", 9, &err), 0);
}

static void writes_what_it_reads(void **state)
{
	(void)state;
	/* A step that is no divisor of anything; every month of every year is met. */
	for (int64_t s = 0; s <= 253402300799; s += 1000003) {
		struct error err = ERROR_INIT;
		char text[TIMESTAMP_TEXT_LEN + 1];
		int64_t found;

		timestamp_text(text, s);
		expect_ok(timestamp_parse_utc(&found, text, &err), &err);
		assert_int_equal(found, s);
	}
}

static void writes_ends_of_years(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} ends[] = {
	    {0, "1970-01-01T00:00:00Z"},
	    {951782399, "2000-02-28T23:59:59Z"},
	    {951868799, "2000-02-29T23:59:59Z"},
	    {1735689599, "2024-12-31T23:59:59Z"},
	    {1735689600, "2025-01-01T00:00:00Z"},
	    {4107542399, "2100-02-28T23:59:59Z"},
	    {253402300799, "9999-12-31T23:59:59Z"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		char text[TIMESTAMP_TEXT_LEN + 1];
		timestamp_text(text, ends[i].seconds);
		expect_text(text, ends[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_rfc_3339),
	    cmocka_unit_test(refuses_what_leaves_the_years),
	    cmocka_unit_test(reads_the_form_of_openssh),
	    cmocka_unit_test(writes_what_it_reads),
	    cmocka_unit_test(writes_ends_of_years),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
