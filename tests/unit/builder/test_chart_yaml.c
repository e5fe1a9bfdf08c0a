#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "builder/chart_rules.h"
#include "builder/chart_yaml.h"
#include "builder/helm_config.h"
#include "common/limits.h"

#define HEAD "name: a\nversion: 1.0.0\n"

static int load(struct chart_metadata *m, const char *yaml, size_t len, struct error *err)
{
	chart_metadata_init(m);
	if (chart_yaml_read(m, yaml, len, err) != 0)
		return -1;
	return chart_rules_apply(m, err);
}

/* What is written must load to the same config; returns the config, to be freed. */
static char *write_and_load(const struct chart_metadata *m)
{
	auto_buf struct buf yaml = BUF_INIT(MIB);
	struct buf config = BUF_INIT(MIB);
	struct error err = ERROR_INIT;
	auto_chart_metadata struct chart_metadata again;

	chart_yaml_write(&yaml, m);
	if (load(&again, yaml.data, yaml.len, &err) != 0)
		fail_msg("%s: %s", yaml.data, err.text);
	helm_config_write(&config, &again);
	return buf_steal(&config);
}

static void expect_config(const char *yaml, const char *json)
{
	auto_chart_metadata struct chart_metadata m;
	auto_buf struct buf config = BUF_INIT(MIB);
	struct error err = ERROR_INIT;

	if (load(&m, yaml, strlen(yaml), &err) != 0)
		fail_msg("%s: %s", yaml, err.text);
	helm_config_write(&config, &m);
	assert_string_equal(buf_text(&config), json);
	auto_free char *again = write_and_load(&m);
	assert_string_equal(again, json);
}

/* Each checked against Helm 4.2.4. */
static void test_fields(void **state)
{
	static const char *const cases[][2] = {
	    {HEAD, "\"apiVersion\":\"v1\"}"},
	    {HEAD "apiVersion: ''", "\"apiVersion\":\"v1\"}"},
	    {HEAD "apiVersion: v2\nunknown: [x, {y: z}]", "\"apiVersion\":\"v2\"}"},
	    {HEAD "description: |\n  a\n  b\n", "\"description\":\"a b \",\"apiVersion\":\"v1\"}"},
	    {HEAD "appVersion: 1.10", "\"apiVersion\":\"v1\",\"appVersion\":\"1.1\"}"},
	    {HEAD "appVersion: 0o7", "\"apiVersion\":\"v1\",\"appVersion\":\"7\"}"},
	    {HEAD "appVersion: no", "\"apiVersion\":\"v1\",\"appVersion\":\"false\"}"},
	    {HEAD "appVersion: .inf", "\"apiVersion\":\"v1\",\"appVersion\":\"+Inf\"}"},
	    {HEAD "appVersion: .nan", "\"apiVersion\":\"v1\",\"appVersion\":\"NaN\"}"},
	    {HEAD "appVersion: 18446744073709551615",
		"\"apiVersion\":\"v1\",\"appVersion\":\"18446744073709551615\"}"},
	    {HEAD "keywords: [~, 1.0, y, x]",
		"\"keywords\":[\"\",\"1\",\"true\",\"x\"],\"apiVersion\":\"v1\"}"},
	    {HEAD "keywords: []\nsources: ~", "\"apiVersion\":\"v1\"}"},
	    {HEAD "deprecated: yes", "\"apiVersion\":\"v1\",\"deprecated\":true}"},
	    {HEAD "deprecated: ~", "\"apiVersion\":\"v1\"}"},
	    {HEAD "annotations: {1.50: ~, y: 010, z: \"a\\0b<&>\"}",
		"\"apiVersion\":\"v1\",\"annotations\":{\"1.5\":\"\",\"true\":\"8\","
		"\"z\":\"a\\u0000b\\u003c\\u0026\\u003e\"}}"},
	    {HEAD "annotations: {a: \"\\x7f\\u2028\\ufeff\\U0001F600 # : \"}",
		"\"apiVersion\":\"v1\",\"annotations\":{\"a\":"
		"\"\x7F\\u2028\xEF\xBB\xBF\xF0\x9F\x98\x80 # : \"}}"},
	    {HEAD "maintainers: [{}, {name: x, url: 1}]",
		"\"maintainers\":[{},{\"name\":\"x\",\"url\":\"1\"}],\"apiVersion\":\"v1\"}"},
	    {HEAD "dependencies: [{}]",
		"\"apiVersion\":\"v1\",\"dependencies\":[{\"name\":\"\",\"repository\":\"\"}]}"},
	    {HEAD "dependencies:\n- {name: d, version: '>=1 <2', repository: 'https://x/', "
		  "condition: d.on, "
		  "tags: [t], enabled: true, import-values: [x, {b: [1.5, -0.0, 1e21, ~, true], a: "
		  "y}], "
		  "alias: e-1_X}",
		"\"apiVersion\":\"v1\",\"dependencies\":[{\"name\":\"d\",\"version\":\"\\u003e=1 "
		"\\u003c2\","
		"\"repository\":\"https://x/"
		"\",\"condition\":\"d.on\",\"tags\":[\"t\"],\"enabled\":true,"
		"\"import-values\":[\"x\",{\"a\":true,\"b\":[1.5,-0,1e+21,null,true]}],\"alias\":"
		"\"e-1_X\"}]}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_free char *json =
		    mem_printf("{\"name\":\"a\",\"version\":\"1.0.0\",%s", cases[i][1]);
		expect_config(cases[i][0], json);
	}
	expect_config(HEAD
	    "type: library\nkubeVersion: '>=1.20'\nhome: h\nicon: i\ncondition: c\ntags: t\n"
	    "sources: [s]",
	    "{\"name\":\"a\",\"home\":\"h\",\"sources\":[\"s\"],\"version\":\"1.0.0\",\"icon\":"
	    "\"i\","
	    "\"apiVersion\":\"v1\",\"condition\":\"c\",\"tags\":\"t\",\"kubeVersion\":\"\\u003e=1."
	    "20\","
	    "\"type\":\"library\"}");
}

static void test_case(void **state)
{
	(void)state;
	expect_config("NAME: b\nVersion: 1.0.0\nAPIVERSION: v2\n",
	    "{\"name\":\"b\",\"version\":\"1.0.0\",\"apiVersion\":\"v2\"}");
	/*
	 * Keys are taken in byte order, so lower case comes last and wins; a null changes nothing.
	 */
	expect_config("name: b\nName: c\nversion: 1.0.0\n",
	    "{\"name\":\"b\",\"version\":\"1.0.0\",\"apiVersion\":\"v1\"}");
	expect_config("name: ~\nName: c\nversion: 1.0.0\n",
	    "{\"name\":\"c\",\"version\":\"1.0.0\",\"apiVersion\":\"v1\"}");
	expect_config(HEAD "Keywords: [x, y]\nkeywords: [~]\n",
	    "{\"name\":\"a\",\"version\":\"1.0.0\",\"keywords\":[\"x\"],\"apiVersion\":\"v1\"}");
	expect_config(HEAD "Maintainers: [{name: x}, {}]\nmaintainers: [{url: u}]\n",
	    "{\"name\":\"a\",\"version\":\"1.0.0\",\"maintainers\":[{\"name\":\"x\",\"url\":\"u\"}]"
	    ","
	    "\"apiVersion\":\"v1\"}");
	expect_config(HEAD "Maintainers: [~]\nmaintainers: ~\n",
	    "{\"name\":\"a\",\"version\":\"1.0.0\",\"apiVersion\":\"v1\"}");
	expect_config(HEAD "Annotations: {a: x, c: z}\nannotations: {b: q, a: w}\n",
	    "{\"name\":\"a\",\"version\":\"1.0.0\",\"apiVersion\":\"v1\","
	    "\"annotations\":{\"a\":\"w\",\"b\":\"q\",\"c\":\"z\"}}");
	/* A NUL does not end a key. */
	expect_config(HEAD "\"home\\0\": x\n\"icon\\0\\0\\0\\0\\0\\0\\0\\0\": y\n",
	    "{\"name\":\"a\",\"version\":\"1.0.0\",\"apiVersion\":\"v1\"}");
	/* encoding/json folds two letters beyond ASCII. */
	expect_config(HEAD "\xC5\xBFource\xC5\xBF: [s]\n\xE2\x84\xAA"
			   "eywords: [k]\n",
	    "{\"name\":\"a\",\"sources\":[\"s\"],\"version\":\"1.0.0\",\"keywords\":[\"k\"],"
	    "\"apiVersion\":\"v1\"}");
}

static void expect_error(const char *yaml, enum err_code code, const char *text)
{
	auto_chart_metadata struct chart_metadata m;
	struct error err = ERROR_INIT;

	assert_int_equal(load(&m, yaml, strlen(yaml), &err), -1);
	assert_string_equal(err.text, text);
	assert_int_equal(err.code, code);
}

static void test_wrong_types(void **state)
{
	static const char *const cases[][2] = {
	    {"foo", "line 1: must be a map, not text"},
	    {"- a", "line 1: must be a map, not a list"},
	    {"", "name is required"},
	    {"name: [a]", "line 1: 'name' must be text, not a list"},
	    {"\nversion: {a: b}", "line 2: 'version' must be text, not a map"},
	    {"keywords: foo", "line 1: 'keywords' must be a list, not text"},
	    {"keywords: [[a]]", "line 1: 'keywords' must be text, not a list"},
	    {"tags: [a]", "line 1: 'tags' must be text, not a list"},
	    {"deprecated: 'true'", "line 1: 'deprecated' must be true or false, not text"},
	    {"deprecated: 1", "line 1: 'deprecated' must be true or false, not a number"},
	    {"annotations: [a]", "line 1: 'annotations' must be a map, not a list"},
	    {"annotations:\n  a: {b: c}", "line 2: 'annotations' must be text, not a map"},
	    {"annotations:\n  ~: c", "line 2: a key that is null or too large a number"},
	    {"maintainers: {a: b}", "line 1: 'maintainers' must be a list, not a map"},
	    {"maintainers: [a]", "line 1: 'maintainers' must be a list of maps, not text"},
	    {"maintainers: [{name: [a]}]", "line 1: 'name' must be text, not a list"},
	    {"maintainers: [{~: a}]", "line 1: a key that is null or too large a number"},
	    {"dependencies: [{tags: a}]", "line 1: 'tags' must be a list, not text"},
	    {"dependencies: [{enabled: 1}]",
		"line 1: 'enabled' must be true or false, not a number"},
	    {"dependencies: [{import-values: a}]",
		"line 1: 'import-values' must be a list, not text"},
	    {"dependencies: [{import-values: [.inf]}]",
		"line 1: infinity or NaN where Helm wants JSON"},
	    {"other: [.inf]", "line 1: infinity or NaN where Helm wants JSON"},
	    {"other: {18446744073709551615: a}",
		"line 1: a key that is null or too large a number"},
	    {"~: a", "line 1: a key that is null or too large a number"},
	    {"a: [\n", "line 2: did not find expected node content"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_error(cases[i][0], ERR_CHART, cases[i][1]);
	expect_error("a: !!timestamp 2001-01-01", ERR_UNSUPPORTED,
	    "line 1: the tag !!timestamp is not handled by this version");
}

static void test_rules(void **state)
{
	static const char *const cases[][2] = {
	    {"version: 1.0.0", "name is required"},
	    {"name: \"\\u200b\"\nversion: 1.0.0", "line 1: name is required"},
	    {"name: \"\\u200b..\"\nversion: 1.0.0", "line 1: name '..' is not allowed"},
	    {"name: .\nversion: 1.0.0", "line 1: name '.' is not allowed"},
	    {"name: ../a\nversion: 1.0.0", "line 1: name '../a' is a path"},
	    {"name: a/\nversion: 1.0.0", "line 1: name 'a/' is a path"},
	    {"name: a", "version is required"},
	    {"name: a\nversion: ''", "line 2: version is required"},
	    {"name: a\n\nversion: 1.x", "line 3: version '1.x' is not a semantic version"},
	    {HEAD "type: app", "line 3: type 'app' is not 'application' or 'library'"},
	    {HEAD "type: Library", "line 3: type 'Library' is not 'application' or 'library'"},
	    {HEAD "maintainers: [{}, ~]", "maintainers: item 2 is empty"},
	    {HEAD "dependencies: [~]", "dependencies: item 1 is empty"},
	    {HEAD "dependencies: [{name: d, alias: a.b}]",
		"line 3: dependency 'd': alias 'a.b' has disallowed characters"},
	    {HEAD "dependencies: [{name: e}, {name: e}]",
		"line 3: more than one dependency with name or alias 'e'"},
	    {HEAD "dependencies: [{name: d}, {name: e, alias: d}]",
		"line 3: more than one dependency with name or alias 'd'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_error(cases[i][0], ERR_CHART, cases[i][1]);
	expect_config(
	    "name: /\nversion: 1\n", "{\"name\":\"/\",\"version\":\"1\",\"apiVersion\":\"v1\"}");
}

static void test_versions(void **state)
{
	static const char *const good[] = {"1", "1.2", "1.2.3", "v1.2.3", "01.2.3", "1-a",
	    "1.2.3-0.a.b-c+01.x", "1.2.3+01", "18446744073709551615.0.0", "1.2.3-0", "1.2.3--",
	    "0"};
	static const char *const bad[] = {"", "v", "V1", "1.", "1.2.3.4", "1.2.3-", "1.2.3+",
	    "1.2.3-a_b", "1.2.3 ", " 1", "1.x", "1.2.3-01", "1.2.3-a..b", "1.2.3-.a",
	    "18446744073709551616", "1.2.3+a+b", "1.2.3-\xC3\xBC", "+1", "1.2.3-a.00"};
	struct text t = {.bytes = NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		text_set(&t, good[i], strlen(good[i]));
		assert_true(chart_version_check(&t));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		text_set(&t, bad[i], strlen(bad[i]));
		assert_false(chart_version_check(&t));
	}
	text_set(&t, "1.2.3\0", 6);
	assert_false(chart_version_check(&t));
	char longest[LIMIT_VERSION_BYTES_MAX + 2] = "1-";
	memset(longest + 2, 'a', LIMIT_VERSION_BYTES_MAX - 1);
	text_set(&t, longest, LIMIT_VERSION_BYTES_MAX);
	assert_true(chart_version_check(&t));
	text_set(&t, longest, LIMIT_VERSION_BYTES_MAX + 1);
	assert_false(chart_version_check(&t));
	text_release(&t);
}

static void test_style(void **state)
{
	static const char yaml[] =
	    "{name: a, version: 1.0.0, apiVersion: v2, description: 'x: y', home: https://x.y, "
	    "keywords: [k, 'yes', '1.0', ''], maintainers: [{name: Nell, email: n@x}, {}], "
	    "annotations: {k: 'a\n\n b', '# c': \"\\t\\\"\\\\\\u0001\\u2028\"}}";
	auto_chart_metadata struct chart_metadata m;
	auto_buf struct buf out = BUF_INIT(4096);
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(load(&m, yaml, strlen(yaml), &err), 0);
	chart_yaml_write(&out, &m);
	assert_string_equal(buf_text(&out), "name: a\n"
					    "home: https://x.y\n"
					    "version: 1.0.0\n"
					    "description: \"x: y\"\n"
					    "keywords:\n"
					    "- k\n"
					    "- \"yes\"\n"
					    "- \"1.0\"\n"
					    "- \"\"\n"
					    "maintainers:\n"
					    "- name: Nell\n"
					    "  email: n@x\n"
					    "- {}\n"
					    "apiVersion: v2\n"
					    "annotations:\n"
					    "  \"# c\": \"\\t\\\"\\\\\\x01\\u2028\"\n"
					    "  k: \"a\\nb\"\n");
}

static void test_long_keys(void **state)
{
	auto_buf struct buf yaml = BUF_INIT(65536);
	auto_chart_metadata struct chart_metadata m;
	struct error err = ERROR_INIT;

	(void)state;
	buf_puts(&yaml, HEAD "annotations:\n  ? ");
	for (int i = 0; i < 2000; i++)
		buf_putc(&yaml, 'k');
	buf_puts(&yaml, "\n  : v\ndependencies:\n- import-values:\n  - ? ");
	for (int i = 0; i < 2000; i++)
		buf_putc(&yaml, 'l');
	buf_puts(&yaml, "\n    : w\n");
	assert_int_equal(load(&m, yaml.data, yaml.len, &err), 0);
	auto_buf struct buf config = BUF_INIT(65536);
	helm_config_write(&config, &m);
	auto_free char *again = write_and_load(&m);
	assert_string_equal(again, buf_text(&config));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_case),
	    cmocka_unit_test(test_wrong_types),
	    cmocka_unit_test(test_rules),
	    cmocka_unit_test(test_versions),
	    cmocka_unit_test(test_style),
	    cmocka_unit_test(test_long_keys),
	};

	return cmocka_run_group_tests_name("chart_yaml", tests, NULL, NULL);
}
