#include <stdint.h>
#include <stdlib.h>

#include "builder/json_text.h"
#include "tests/unit/expect.h"

static void test_valid(void **state)
{
	static const char *const texts[] = {"{}", "[]", " \t\r\n{ } \n", "null", "true", "false",
	    "0", "-0", "-1.5e+10", "1E9", "1e999999", "123456789012345678901234567890", "\"\"",
	    "\"\\u00e9\\ud800\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\xFF\x7F\"", "[1,2,[3]]",
	    "{\"a\":1,\"a\":[{}],\"\":{\"b\":null}}", "[[],{},\"\"]", "{\"a\" : [ 1 , 2 ] }"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error err = ERROR_INIT;
		expect_ok(json_text_check(texts[i], strlen(texts[i]), &err), &err);
	}
}

static void test_invalid(void **state)
{
	static const char *const texts[] = {"", " ", "{", "[", "]", "}", "[1,]", "[,1]", "{,}",
	    "{1:2}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\" 1}", "[1 2]", "[1}", "{\"a\":1]",
	    "01", "1.", ".5", "+1", "-", "1e", "1e+", "0x1", "tru", "True", "nul", "nulll", "\"",
	    "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"", "\"\t\"", "'a'", "{} {}",
	    "1 2", "NaN", "// x\n1", "\xEF\xBB\xBF{}", "\v1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error err = ERROR_INIT;
		expect_refused(
		    json_text_check(texts[i], strlen(texts[i]), &err), &err, ERR_CHART, "not JSON");
	}
}

static void test_bytes(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	expect_refused(json_text_check("1\0", 2, &err), &err, ERR_CHART, "line 1: not JSON");
	expect_refused(json_text_check("\"\\\0\"", 4, &err), &err, ERR_CHART, "not JSON");
	expect_refused(json_text_check("[1,\n2,\n}", 8, &err), &err, ERR_CHART, "line 3: not JSON");
	expect_refused(json_text_check("12", 0, &err), &err, ERR_CHART, "not JSON");
}

/* Go stops at 10000 levels; no recursion here, so no stack to exhaust. */
static void test_depth(void **state)
{
	enum { LEVELS = 10000 };
	auto_free char *text = mem_alloc(2 * LEVELS + 2);
	struct error err = ERROR_INIT;

	(void)state;
	memset(text, '[', LEVELS);
	memset(text + LEVELS, ']', LEVELS);
	expect_ok(json_text_check(text, (size_t)2 * LEVELS, &err), &err);
	memset(text, '[', LEVELS + 1);
	memset(text + LEVELS + 1, ']', LEVELS + 1);
	expect_refused(
	    json_text_check(text, (size_t)2 * LEVELS + 2, &err), &err, ERR_CHART, "not JSON");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_valid),
	    cmocka_unit_test(test_invalid),
	    cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests_name("json_text", tests, NULL, NULL);
}
