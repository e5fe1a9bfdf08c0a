#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "builder/go_float.h"

/* Expectations printed by Go 1.26. */
static void test_text(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
	    {0, "0"},
	    {-0.0, "-0"},
	    {1, "1"},
	    {1.10, "1.1"},
	    {-2.5, "-2.5"},
	    {0.1, "0.1"},
	    {123456, "123456"},
	    {1234567, "1.234567e+06"},
	    {1234567.5, "1.2345675e+06"},
	    {100000, "100000"},
	    {1000000, "1e+06"},
	    {20230101.1, "2.0230102e+07"},
	    {3.14159265358979, "3.1415927"},
	    {0.0001, "0.0001"},
	    {0.00001, "1e-05"},
	    {0.00012, "0.00012"},
	    {1e38, "1e+38"},
	    {3.4028235e38, "3.4028235e+38"},
	    {3.5e38, "+Inf"},
	    {-1e300, "-Inf"},
	    {1e-45, "1e-45"},
	    {1e-46, "0"},
	    {-1e-46, "-0"},
	    {1.17549435e-38, "1.1754944e-38"},
	    {9.5, "9.5"},
	    {9.9999999, "10"},
	    {16777216, "1.6777216e+07"},
	    {16777217, "1.6777216e+07"},
	    {5.684341886080802e-14, "5.684342e-14"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_buf struct buf b = BUF_INIT(64);
		go_float_put_text(&b, cases[i].value);
		assert_string_equal(buf_text(&b), cases[i].text);
	}
}

static void test_not_finite(void **state)
{
	auto_buf struct buf b = BUF_INIT(64);

	(void)state;
	go_float_put_text(&b, (double)NAN);
	buf_putc(&b, ' ');
	go_float_put_text(&b, (double)INFINITY);
	buf_putc(&b, ' ');
	go_float_put_text(&b, (double)-INFINITY);
	assert_string_equal(buf_text(&b), "NaN +Inf -Inf");
}

static void test_json(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
	    {0, "0"},
	    {-0.0, "-0"},
	    {1.5, "1.5"},
	    {-1000, "-1000"},
	    {0.000001, "0.000001"},
	    {0.0000001, "1e-7"},
	    {1.5e-10, "1.5e-10"},
	    {1e-100, "1e-100"},
	    {1e20, "100000000000000000000"},
	    {1e21, "1e+21"},
	    {1e100, "1e+100"},
	    {123456789012345678.0, "123456789012345680"},
	    {9007199254740993.0, "9007199254740992"},
	    {0.1, "0.1"},
	    {0.30000000000000004, "0.30000000000000004"},
	    {5e-324, "5e-324"},
	    {1.7976931348623157e308, "1.7976931348623157e+308"},
	    {2.2250738585072014e-308, "2.2250738585072014e-308"},
	    {9.5367431640625e-07, "9.5367431640625e-7"},
	    {0.999, "0.999"},
	    {2251799813685249.5, "2251799813685249.5"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_buf struct buf b = BUF_INIT(400);
		go_float_put_json(&b, cases[i].value);
		assert_string_equal(buf_text(&b), cases[i].text);
	}
}

/* Powers of two, where the neighbours lie unevenly, must still read back. */
static void test_powers_of_two(void **state)
{
	(void)state;
	for (int exponent = -1074; exponent <= 1023; exponent++) {
		auto_buf struct buf b = BUF_INIT(400);
		go_float_put_json(&b, ldexp(1, exponent));
		assert_true(strtod(buf_text(&b), NULL) == ldexp(1, exponent));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_not_finite),
	    cmocka_unit_test(test_json),
	    cmocka_unit_test(test_powers_of_two),
	};

	return cmocka_run_group_tests_name("go_float", tests, NULL, NULL);
}
