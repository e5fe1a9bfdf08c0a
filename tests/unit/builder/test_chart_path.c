#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "builder/chart_path.h"
#include "common/limits.h"

static void test_accepted(void **state)
{
	static const struct {
		const char *name, *base, *inside;
	} cases[] = {
	    {"a/Chart.yaml", "a", "Chart.yaml"},
	    {"./Chart.yaml", ".", "Chart.yaml"},
	    {"a/templates/x.yaml", "a", "templates/x.yaml"},
	    {"a/./b//c/.", "a", "b/c"},
	    {"a\\templates\\x", "a", "templates/x"},
	    {"a/b\\c", "a/b", "c"},
	    {"a\\b/c", "a", "b/c"},
	    {"a/.helmignore", "a", ".helmignore"},
	    {"a/templates/gr\xC3\xBC\xC3\x9F.yaml", "a", "templates/gr\xC3\xBC\xC3\x9F.yaml"},
	    {"a/c:x", "a", "c:x"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_chart_path struct chart_path p = {.base = NULL};
		struct error err = ERROR_INIT;
		assert_int_equal(chart_path_parse(&p, cases[i].name, &err), 0);
		assert_string_equal(p.base, cases[i].base);
		assert_string_equal(p.inside, cases[i].inside);
	}
}

static void test_refused(void **state)
{
	static const char parent[] = "refers to a parent directory";
	static const char outside[] = "lies outside the chart's directory";
	static const char absolute[] = "is an absolute path";
	static const char letters[] = "has control, invisible or non-UTF-8 characters in its name";
	static const struct {
		const char *name, *reason;
	} cases[] = {
	    {"", outside},
	    {"README.md", outside},
	    {"Chart.yaml", outside},
	    {"a/", outside},
	    {"a/.", outside},
	    {"a/..", parent},
	    {"a/../x", parent},
	    {"a/../../x", parent},
	    {"a/b/../x", parent},
	    {"a/b/..", parent},
	    {"a/..data", parent}, /* Helm looks at the first two bytes only */
	    {"a/...", parent},
	    {"../x", parent},
	    {"a\\..\\x", parent},
	    {"/x", absolute},
	    {"//x", absolute},
	    {"/a/x", absolute},
	    {"a//x", absolute},
	    {"a\\\\x", absolute},
	    {"\\x", absolute},
	    {"a/c:/x", "begins with a drive letter"},
	    {"a\\C:\\x", "begins with a drive letter"},
	    {"Chart.yaml/x", "has Chart.yaml for a directory"},
	    {"a/x\n", letters},
	    {"a/x\x1B[0m", letters},
	    {"a/x\x7F", letters},
	    {"a/x\xC2\x85", letters},
	    {"a/x\xFF", letters},
	    {"a/x\xC0\xAF", letters},
	    {"a/x\xE2\x80\xAEy", letters},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_chart_path struct chart_path p = {.base = NULL};
		struct error err = ERROR_INIT;
		auto_free char *text = mem_printf("entry '%s': %s", cases[i].name, cases[i].reason);
		assert_int_equal(chart_path_parse(&p, cases[i].name, &err), -1);
		assert_string_equal(err.text, text);
		assert_int_equal(err.code, ERR_CHART);
		assert_null(p.base);
	}
}

static void test_limits(void **state)
{
	auto_chart_path struct chart_path p = {.base = NULL};
	char name[LIMIT_CHART_PATH_BYTES_MAX + 2];
	struct error err = ERROR_INIT;

	(void)state;
	memset(name, 'x', sizeof(name));
	name[1] = '/';
	name[LIMIT_CHART_PATH_BYTES_MAX + 1] = '\0';
	assert_int_equal(chart_path_parse(&p, name, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	name[LIMIT_CHART_PATH_BYTES_MAX] = '\0';
	assert_int_equal(chart_path_parse(&p, name, &err), 0);
	chart_path_release(&p);

	for (size_t i = 1; i <= (size_t)2 * LIMIT_CHART_PATH_DEPTH_MAX + 1; i += 2)
		name[i] = '/';
	name[2 * LIMIT_CHART_PATH_DEPTH_MAX + 1] = '\0';
	assert_int_equal(chart_path_parse(&p, name, &err), 0);
	chart_path_release(&p);
	name[2 * LIMIT_CHART_PATH_DEPTH_MAX + 1] = '/';
	name[2 * LIMIT_CHART_PATH_DEPTH_MAX + 3] = '\0';
	assert_int_equal(chart_path_parse(&p, name, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_accepted),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests_name("chart_path", tests, NULL, NULL);
}
