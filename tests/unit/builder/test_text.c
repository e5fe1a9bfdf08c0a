#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "builder/text.h"
#include "builder/unicode.h"

static void test_sanitise(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"", ""}, {"plain", "plain"}, {"a\tb\nc\r", "a b c "},
	    {"\xC2\x85\xC2\xA0\xE1\x9A\x80\xE2\x80\x80\xE2\x80\xA8\xE3\x80\x80", "      "},
	    {"a\x01\x7F\xC2\x80z", "az"}, {"\xE2\x80\x8B..", ".."}, /* zero width space */
	    {"\xEF\xBB\xBF\xC2\xAD\xE2\x80\x8D\xE2\x80\xAEx", "x"}, /* BOM, soft hyphen, ZWJ, RLO */
	    {"\xEE\x80\x80x", "x"},                                 /* private use */
	    {"\xF0\x9F\x98\x80\xEF\xB8\x8F", "\xF0\x9F\x98\x80\xEF\xB8\x8F"},
	    {"\xEF\xBF\xBD", "\xEF\xBF\xBD"}, {"gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F"},
	    {"\xF0\xB2\x8E\xAF\xF0\xB2\x8E\xB0x",
		"\xF0\xB2\x8E\xAFx"}, /* U+323AF is of Unicode 15, U+323B0 none */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text t = {.bytes = NULL};
		text_set(&t, cases[i].in, strlen(cases[i].in));
		text_sanitise(&t);
		assert_string_equal(text_string(&t), cases[i].out);
		assert_int_equal(t.len, strlen(cases[i].out));
		text_release(&t);
	}
}

static void test_sanitise_nul(void **state)
{
	struct text t = {.bytes = NULL};

	(void)state;
	text_sanitise(&t); /* never set */
	assert_string_equal(text_string(&t), "");
	text_set(&t, "a\0b", 3);
	assert_int_equal(t.len, 3);
	text_sanitise(&t);
	assert_string_equal(text_string(&t), "ab");
	text_release(&t);
}

static void test_replace_invalid(void **state)
{
	struct text t = {.bytes = NULL};

	(void)state;
	text_set(&t, "a\xFF\xC3(\xED\xA0\x80", 7);
	text_replace_invalid(&t);
	assert_string_equal(
	    text_string(&t), "a\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
	text_release(&t);
}

static void test_blank(void **state)
{
	static const char *const blank[] = {"", " ", "\t\n", "\xC2\xA0\xE3\x80\x80"};
	static const char *const other[] = {"a", " a", "\xE2\x80\x8B"};
	struct text t = {.bytes = NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(blank) / sizeof(blank[0]); i++) {
		text_set(&t, blank[i], strlen(blank[i]));
		assert_true(text_is_blank(&t));
	}
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		text_set(&t, other[i], strlen(other[i]));
		assert_false(text_is_blank(&t));
	}
	text_release(&t);
}

static void test_compare(void **state)
{
	struct text a = {.bytes = NULL};
	struct text b = {.bytes = NULL};

	(void)state;
	assert_int_equal(text_compare(&a, &b), 0);
	text_set(&a, "ab", 2);
	assert_true(text_compare(&a, &b) > 0);
	text_set(&b, "ab\0", 3);
	assert_true(text_compare(&a, &b) < 0);
	text_set(&b, "a\xC3", 2);
	assert_true(text_compare(&a, &b) < 0);
	assert_true(text_is(&a, "ab"));
	assert_false(text_is(&a, "abc"));
	text_release(&a);
	text_release(&b);
}

static void test_decode(void **state)
{
	static const struct {
		const char *bytes;
		size_t len, width;
		uint32_t c;
	} cases[] = {
	    {"", 0, 0, 0},
	    {"a", 1, 1, 'a'},
	    {"\0", 1, 1, 0},
	    {"\xC3\xBC", 2, 2, 0xFC},
	    {"\xC3", 1, 0, 0},
	    {"\xC3(", 2, 0, 0},
	    {"\xC1\xBF", 2, 0, 0},     /* overlong */
	    {"\xE0\x9F\xBF", 3, 0, 0}, /* overlong */
	    {"\xE0\xA0\x80", 3, 3, 0x800},
	    {"\xED\xA0\x80", 3, 0, 0}, /* surrogate */
	    {"\xEF\xBF\xBF", 3, 3, 0xFFFF},
	    {"\xF0\x8F\xBF\xBF", 4, 0, 0}, /* overlong */
	    {"\xF0\x90\x80\x80", 4, 4, 0x10000},
	    {"\xF4\x8F\xBF\xBF", 4, 4, 0x10FFFF},
	    {"\xF4\x90\x80\x80", 4, 0, 0}, /* beyond Unicode */
	    {"\xF5\x80\x80\x80", 4, 0, 0},
	    {"\x80", 1, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t c = 0;
		assert_int_equal(unicode_decode(&c, cases[i].bytes, cases[i].len), cases[i].width);
		assert_int_equal(c, cases[i].c);
	}
}

/* The totals that Go 1.26 counts with unicode.IsPrint and unicode.IsSpace. */
static void test_tables(void **state)
{
	size_t printable = 0;
	size_t spaces = 0;

	(void)state;
	for (uint32_t c = 0; c <= 0x10FFFF; c++) {
		printable += unicode_is_print(c);
		spaces += unicode_is_space(c);
		assert_false(unicode_is_print(c) && unicode_is_space(c));
	}
	assert_int_equal(printable, 148997);
	assert_int_equal(spaces, 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sanitise),
	    cmocka_unit_test(test_sanitise_nul),
	    cmocka_unit_test(test_replace_invalid),
	    cmocka_unit_test(test_blank),
	    cmocka_unit_test(test_compare),
	    cmocka_unit_test(test_decode),
	    cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
