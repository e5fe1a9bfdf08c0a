#include <stdint.h>
#include <stdlib.h>

#include "builder/chart_values.h"
#include "common/buf.h"
#include "common/limits.h"
#include "tests/unit/expect.h"

static void test_accepted(void **state)
{
	static const char *const texts[] = {"", "\n", "# nothing\n", "~", "a: 1",
	    "a: 1\r\nb: 2\r\n", "--- # first\na: 1\n---\t\nb: 2\n---", "---\n---\n---\n",
	    "a: 1\n---\xC2\xA0\nb: 1\n", "---\n%YAML 1.1\n---\na: 1\n", "a: |\n  --- x\n",
	    "a: 1\n...\n[broken\n", "a: 1\n---\nb: 1\n...\n[", "{}a", "a: b\rc: d\n",
	    "---\r\na: 1\r\n---\r\nb: 1\r\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error err = ERROR_INIT;
		expect_ok(chart_values_check(texts[i], strlen(texts[i]), &err), &err);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *yaml;
		const char *text;
	} cases[] = {
	    {"- a\n", "line 1: must be a map, not a list"},
	    {"a\n", "line 1: must be a map, not text"},
	    {"a: [\n", "line 2: "},
	    {"a: 1\n---\n- b\n", "the document behind line 2: line 1: must be a map, not a list"},
	    {"a: 1\n--- b\n", "line 2: nothing but a comment may follow '---'"},
	    {"---b: 1\n", "line 1: nothing but a comment may follow '---'"},
	    {"%YAML 1.1\n---\na: 1\n", "line 2: "},
	    /* the first divider is a line of the document, and the break at the end is there anyway
	     */
	    {"---\xC2\xA0\na: 1\n", "line 2: mapping values are not allowed in this context"},
	    {"---\n\xEF\xBB\xBF# a\n", "line 2: must be a map, not text"},
	    {"a: 1\n...\n\xC3", "line 3: invalid trailing UTF-8 octet"},
	    {"x: .inf\n", "line 1: infinity or NaN"},
	    {"~: x\n", "line 1: a key that is null"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		expect_refused(chart_values_check(cases[i].yaml, strlen(cases[i].yaml), &err), &err,
		    ERR_CHART, cases[i].text);
	}
}

static void test_limits(void **state)
{
	auto_buf struct buf many = BUF_INIT(MIB);
	auto_buf struct buf big = BUF_INIT(2 * MIB);
	struct error err = ERROR_INIT;

	(void)state;
	for (unsigned i = 0; i <= LIMIT_VALUES_DOCUMENTS_MAX; i++)
		buf_puts(&many, "---\n~\n");
	expect_refused(chart_values_check(many.data, many.len, &err), &err, ERR_LIMIT,
	    "more than 1000 documents");
	while (big.len <= LIMIT_YAML_BYTES_MAX)
		buf_puts(&big, "# a comment of some length\n");
	expect_refused(chart_values_check(big.data, big.len, &err), &err, ERR_LIMIT,
	    "larger than 1048576 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_accepted),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests_name("chart_values", tests, NULL, NULL);
}
