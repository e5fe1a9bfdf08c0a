#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "builder/chart_packable.h"
#include "builder/chart_rules.h"
#include "builder/chart_yaml.h"

#define HEAD "name: a\nversion: 1.0.0\n"
#define DEPENDENCY "dependencies: [{name: b, import-values: "

static int check(const char *yaml, struct error *err)
{
	auto_chart_metadata struct chart_metadata m;

	chart_metadata_init(&m);
	assert_int_equal(chart_yaml_read(&m, yaml, strlen(yaml), err), 0);
	assert_int_equal(chart_rules_apply(&m, err), 0);
	return chart_packable_check(&m, err);
}

/* Each checked against helm package and helm push 4.2.4. */
static void test_metadata(void **state)
{
	static const char *const good[] = {
	    HEAD,
	    HEAD "description: \"a\\x9f\"\n", /* sanitised */
	    HEAD "annotations: {a: \"\\x01\\t\\u2028\\ufeff\\ufffd\\xa0\", \"<\": '<<'}\n",
	    HEAD DEPENDENCY "[{a: [b, 1, ~]}]}]\n",
	};
	static const char *const bad[][2] = {
	    {HEAD "annotations: {a: \"\\x7f\"}\n", "line 3: 'annotations': a control character, "
						   "which Helm cannot write into a package"},
	    {HEAD "annotations: {a: \"\\N\"}\n", "line 3: 'annotations': a control character, "
						 "which Helm cannot write into a package"},
	    {HEAD "annotations: {\"\\x9f\": a}\n", "line 3: 'annotations': a control character, "
						   "which Helm cannot write into a package"},
	    {HEAD "annotations: {a: \"\\uFFFE\"}\n", "line 3: 'annotations': a control character, "
						     "which Helm cannot write into a package"},
	    {HEAD "apiVersion: \"v\\x7f\"\n", "line 3: 'apiVersion': a control character, "
					      "which Helm cannot write into a package"},
	    {HEAD "annotations: {'<<': a}\n", "line 3: 'annotations': the key '<<', "
					      "which Helm cannot write into a package"},
	    {HEAD DEPENDENCY "[\"\\x80\"]}]\n", "line 3: 'import-values': a control character, "
						"which Helm cannot write into a package"},
	    {HEAD DEPENDENCY "[{a: {'<<': {}}}]}]\n", "line 3: 'import-values': the key '<<', "
						      "which Helm cannot write into a package"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct error err = ERROR_INIT;
		assert_int_equal(check(good[i], &err), 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = ERROR_INIT;
		assert_int_equal(check(bad[i][0], &err), -1);
		assert_int_equal(err.code, ERR_CHART);
		assert_string_equal(err.text, bad[i][1]);
	}
}

/* Escapes count as Helm's JSON spells them: < is \u003c there. */
static void test_key_length(void **state)
{
	static const char refusal[] = "line 3: 'annotations': a key of more than 1,022 characters, "
				      "which Helm cannot write into a package";
	static const struct {
		const char *character;
		size_t longest;
	} cases[] = {{"a", 1022}, {"\xC3\xA9", 1022}, {"<", 170}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_buf struct buf yaml = BUF_INIT(8192);
		struct error err = ERROR_INIT;

		buf_puts(&yaml, HEAD "annotations:\n  ? ");
		for (size_t k = 0; k < cases[i].longest; k++)
			buf_puts(&yaml, cases[i].character);
		assert_int_equal(check(buf_text(&yaml), &err), 0);
		buf_puts(&yaml, cases[i].character);
		assert_int_equal(check(buf_text(&yaml), &err), -1);
		assert_string_equal(strstr(err.text, "'annotations'"), strstr(refusal, "'"));
	}
}

static void test_source(void **state)
{
	static const char *const bad[] = {
	    HEAD "icon: .inf\n", HEAD "keywords: [.nan]\n", HEAD "x: {y: -.Inf}\n"};
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(chart_packable_source(HEAD "icon: 1.5\n", strlen(HEAD) + 10, &err), 0);
	assert_int_equal(chart_packable_source("", 0, &err), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(chart_packable_source(bad[i], strlen(bad[i]), &err), -1);
		assert_string_equal(err.text, "line 3: infinity or NaN where Helm wants JSON");
	}
	assert_int_equal(chart_packable_source("[", 1, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_metadata),
	    cmocka_unit_test(test_key_length),
	    cmocka_unit_test(test_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
