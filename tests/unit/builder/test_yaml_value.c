#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "builder/helm_config.h"
#include "builder/yaml_value.h"
#include "common/limits.h"

/* The value as JSON, in which infinity and NaN would break: those cases stand apart. */
static void expect_json(const char *yaml, const char *json)
{
	auto_yaml_value struct yaml_value v;
	auto_buf struct buf out = BUF_INIT(65536);
	struct error err = ERROR_INIT;

	if (yaml_value_parse(&v, yaml, strlen(yaml), &err) != 0)
		fail_msg("%s: %s", yaml, err.text);
	assert_int_equal(err.code, ERR_NONE);
	helm_config_put_value(&out, &v);
	assert_string_equal(buf_text(&out), json);
}

static void expect_error(const char *yaml, size_t len, enum err_code code, const char *text)
{
	auto_yaml_value struct yaml_value v;
	struct error err = ERROR_INIT;

	assert_int_equal(yaml_value_parse(&v, yaml, len, &err), -1);
	assert_string_equal(err.text, text);
	assert_int_equal(err.code, code);
	assert_int_equal(v.type, YAML_TYPE_NULL);
}

/* Checked against go-yaml v2.4.3. */
static const char *const resolutions[][2] = {
    {"", "null"},
    {"~", "null"},
    {"Null", "null"},
    {"nUll", "\"nUll\""},
    {"y", "true"},
    {"On", "true"},
    {"no", "false"},
    {"OFF", "false"},
    {"yEs", "\"yEs\""},
    {"'y'", "\"y\""},
    {"\"1\"", "\"1\""},
    {"! \"12\"", "\"12\""},
    {"0", "0"},
    {"-0", "0"},
    {"-0.0", "-0"},
    {"+12", "12"},
    {"010", "8"},
    {"0o17", "15"},
    {"0O17", "15"},
    {"0x1F", "31"},
    {"-0x1f", "-31"},
    {"0b101", "5"},
    {"0b-101", "-5"},
    {"0b+1", "1"},
    {"-0b+1", "\"-0b+1\""},
    {"0b2", "\"0b2\""},
    {"0x", "\"0x\""},
    {"0o", "\"0o\""},
    {"089", "89"},
    {"1_000", "1000"},
    {"_1", "\"_1\""},
    {"0x_1", "1"},
    {"1:30", "\"1:30\""},
    {"9223372036854775807", "9223372036854776000"},
    {"9223372036854775808", "9223372036854776000"},
    {"-9223372036854775808", "-9223372036854776000"},
    {"-9223372036854775809", "-9223372036854776000"},
    {"18446744073709551615", "18446744073709552000"},
    {"99999999999999999999999", "1e+23"},
    {"1.", "1"},
    {".5", "0.5"},
    {"-.5", "-0.5"},
    {"+.5e-3", "0.0005"},
    {"1e3", "1000"},
    {"1e", "\"1e\""},
    {"1e+", "\"1e+\""},
    {"1.5.2", "\"1.5.2\""},
    {".", "\".\""},
    {"..", "\"..\""},
    {".e1", "\".e1\""},
    {"-", "[null]"},
    {"+", "\"+\""},
    {"1e400", "\"1e400\""},
    {"1e-400", "0"},
    {"2001-01-01", "\"2001-01-01\""},
    {"2001-01-01T10:00:00Z", "\"2001-01-01T10:00:00Z\""},
    {"=", "\"=\""},
    {"!!str 12", "\"12\""},
    {"!!int \"12\"", "12"},
    {"!!int 18446744073709551615", "18446744073709552000"},
    {"!!float 3", "3"},
    {"!!bool yes", "true"},
    {"!!null ''", "null"},
    {"!local 12", "\"12\""},
    {"!!other 12", "\"12\""},
    {"!<tag:yaml.org,2002:str> 1", "\"1\""},
    {"!!binary aGVsbG8=", "\"hello\""},
    {"!!binary \"aGVs\\nbG8=\"", "\"hello\""},
    {"!!binary aGVsbG9=", "\"hello\""}, /* spare bits */
    {"!!binary ''", "\"\""},
    {"!!binary /w==", "\"\xEF\xBF\xBD\""},
    {"\"a\\0b\"", "\"a\\u0000b\""},
    {"--- |\n  a\n  b\n", "\"a\\nb\\n\""},
    {"--- >-\n  a\n  b\n", "\"a b\""},
    {"[a, 1, [], {}]", "[\"a\",1,[],{}]"},
    {"\xEF\xBB\xBF"
     "a",
	"\"a\""},
    {"%YAML 1.1\n--- a", "\"a\""},
    {"a\n---\n[", "\"a\""},
    {"a\n...\n}{", "\"a\""},
};

static void test_resolution(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(resolutions) / sizeof(resolutions[0]); i++)
		expect_json(resolutions[i][0], resolutions[i][1]);
}

static void test_maps(void **state)
{
	static const char *const cases[][2] = {
	    {"{b: 1, a: 2}", "{\"a\":2,\"b\":1}"}, {"{a: 1, a: 2}", "{\"a\":2}"},
	    {"{\"a\": 1, 'a': 2, a: 3}", "{\"a\":3}"},
	    {"{1.50: a, y: b, 010: c, 0x1F: d}",
		"{\"1.5\":\"a\",\"31\":\"d\",\"8\":\"c\",\"true\":\"b\"}"},
	    {"{.inf: a, -.inf: b, .nan: c}", "{\"-.inf\":\"b\",\".inf\":\"a\",\".nan\":\"c\"}"},
	    {"{1e300: a}", "{\".inf\":\"a\"}"}, {"{2001-01-01: a}", "{\"2001-01-01\":\"a\"}"},
	    {"{a: &x 1, b: *x}", "{\"a\":1,\"b\":1}"},
	    {"{a: &x 1, b: &x 2, c: *x}", "{\"a\":1,\"b\":2,\"c\":2}"},
	    {"{a: &m {k: 1, l: 2}, b: {<<: *m, k: 3}}",
		"{\"a\":{\"k\":1,\"l\":2},\"b\":{\"k\":3,\"l\":2}}"},
	    /* go-yaml v2 merges where the << stands, so it overrides what came before it */
	    {"{a: &m {k: 1}, b: {k: 3, <<: *m}}", "{\"a\":{\"k\":1},\"b\":{\"k\":1}}"},
	    {"{<<: [{k: 1}, {k: 2, l: 2}]}", "{\"k\":1,\"l\":2}"}, {"{<<: []}", "{}"},
	    {"{\"<<\": 1}", "{\"\\u003c\\u003c\":1}"}, {"{!!merge <<: {k: 1}}", "{\"k\":1}"},
	    {"{a: {~: 1}, a: 2}", "{\"a\":2}"}, /* what is overwritten is not judged */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_json(cases[i][0], cases[i][1]);
}

static void test_errors(void **state)
{
	static const struct {
		const char *yaml;
		enum err_code code;
		const char *text;
	} cases[] = {
	    {"a: [", ERR_CHART, "line 2: did not find expected node content"},
	    {"a: 1\nb: 'x\n", ERR_CHART, "line 3: found unexpected end of stream"},
	    {"a: 1\n\tb: 2\n", ERR_CHART,
		"line 2: found a tab character that violates indentation"},
	    {"a: 1\nb: \x01\n", ERR_CHART, "line 2: control characters are not allowed"},
	    {"a: 1\n\nb: \xFF\n", ERR_CHART, "line 3: invalid leading UTF-8 octet"},
	    {"%YAML 1.2\n---\na: 1\n", ERR_CHART, "line 1: YAML 1.2, only 1.1 is known to Helm"},
	    {"a: *x\n", ERR_CHART, "line 1: unknown anchor 'x'"},
	    {"\na: &x [*x]\n", ERR_CHART, "line 2: an alias inside its own target"},
	    {"a: &x {<<: *x}\n", ERR_CHART, "line 1: an alias inside its own target"},
	    {"<<: x\n", ERR_CHART, "line 1: a merge (<<) needs a map or a list of maps"},
	    {"<<: [x]\n", ERR_CHART, "line 1: a merge (<<) needs a map or a list of maps"},
	    {"a: &x [1]\n<<: *x\n", ERR_CHART,
		"line 2: a merge (<<) needs a map or a list of maps"},
	    {"? [a]\n: 1\n", ERR_CHART, "line 1: a list as a key"},
	    {"? {a: b}\n: 1\n", ERR_CHART, "line 1: a map as a key"},
	    {"a: !!int x\n", ERR_CHART, "line 1: 'x' is not a !!int"},
	    {"a: !!int 1.5\n", ERR_CHART, "line 1: '1.5' is not a !!int"},
	    {"a: !!float x\n", ERR_CHART, "line 1: 'x' is not a !!float"},
	    {"a: !!float 18446744073709551615\n", ERR_CHART,
		"line 1: '18446744073709551615' is not a !!float"},
	    {"a: !!bool 1\n", ERR_CHART, "line 1: '1' is not a !!bool"},
	    {"a: !!null x\n", ERR_CHART, "line 1: 'x' is not a !!null"},
	    {"a: !!binary '*'\n", ERR_CHART, "line 1: !!binary content is not base64"},
	    {"a: !!binary aGVsbG8\n", ERR_CHART, "line 1: !!binary content is not base64"},
	    {"a: !!binary a=Gs\n", ERR_CHART, "line 1: !!binary content is not base64"},
	    {"a: !!timestamp 2001-01-01\n", ERR_UNSUPPORTED,
		"line 1: the tag !!timestamp is not handled by this version"},
	    {"a: 1\nb: \"\\/\"\n", ERR_CHART,
		"line 2: the escape '\\/', which Helm does not read the same way"},
	    {"gr\xC3\xBC: \"\\\\/\"\nb: \"x\\/\"\n", ERR_CHART,
		"line 2: the escape '\\/', which Helm does not read the same way"},
	    {"a: [x?y]\n", ERR_CHART,
		"line 1: an unquoted '?' inside [] or {}, which Helm does not read the same way"},
	    {"a: [!, x]\n", ERR_CHART,
		"line 1: a tag that ends at one of ',[]{}', which Helm does not read the same way"},
	    {"a: [!<y>, x]\n", ERR_CHART,
		"line 1: a tag that ends at one of ',[]{}', which Helm does not read the same way"},
	    {"a: [&x !y, x]\n", ERR_CHART,
		"line 1: a tag that ends at one of ',[]{}', which Helm does not read the same way"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_error(cases[i].yaml, strlen(cases[i].yaml), cases[i].code, cases[i].text);
	expect_error("a: \0", 4, ERR_CHART, "line 1: control characters are not allowed");
}

/* What the guard over the source must let pass. */
static void test_source(void **state)
{
	(void)state;
	expect_json("a?b", "\"a?b\"");
	expect_json("[\"a?b\"]", "[\"a?b\"]");
	expect_json("[a]", "[\"a\"]");
	expect_json("{a: [b], c: d}\n# ?", "{\"a\":[\"b\"],\"c\":\"d\"}");
	expect_json("- [a]\n- a?b\n", "[[\"a\"],\"a?b\"]");
	expect_json("\"\\\\/\"", "\"\\\\/\"");
	expect_json("[!x a, &y b]", "[\"a\",\"b\"]");
	expect_json("--- !x\xE2\x80\xA9 {a: !y\xC2\x85 [b], c: !z\xE2\x80\xA8 []}",
	    "{\"a\":[\"b\"],\"c\":[]}");
	static const char utf16[] = "\xFF\xFE[\0\"\0?\0\"\0]"; /* the final NUL is its last byte */
	auto_yaml_value struct yaml_value v;
	struct error err = ERROR_INIT;
	assert_int_equal(yaml_value_parse(&v, utf16, sizeof(utf16), &err), 0);
	assert_string_equal(text_string(&v.list.items[0].text), "?");
}

/* Where go-yaml takes what libyaml does not. */
static void test_repairs(void **state)
{
	static const char *const cases[][2] = {
	    {"\"it\\'s\"", "\"it's\""},
	    {"[\"\\'\\'\\\\'\\\"\", '\\', \"\\'\"]", "[\"''\\\\'\\\"\",\"\\\\\",\"'\"]"},
	    {"[a:, :b:, c:]", NULL},
	    {"[a:, b::, c:]", "[\"a:\",\"b::\",\"c:\"]"},
	    {"{a:, b:}", "{\"a:\":null,\"b:\":null}"},
	    {"[a:, \"\\'\"]", "[\"a:\",\"'\"]"},
	    /* U+FEFF is text wherever it stands, but for the first */
	    {"\xEF\xBB\xBF[\xEF\xBB\xBF]", "[\"\xEF\xBB\xBF\"]"},
	    {"\n\xEF\xBB\xBF"
	     "a: b",
		"{\"\xEF\xBB\xBF"
		"a\":\"b\"}"},
	    {"\n\xEF\xBB\xBF[a]", "\"\xEF\xBB\xBF[a]\""},
	    /* what stands in for it may be in the text, or be spelt there */
	    {"[\xEF\xBB\xBF, \xEE\x80\x80, \"\\uE001\\U0000e002\", a:]",
		"[\"\xEF\xBB\xBF\",\"\xEE\x80\x80\",\"\xEE\x80\x81\xEE\x80\x82\",\"a:\"]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i][1] != NULL)
			expect_json(cases[i][0], cases[i][1]);
		else
			expect_error(cases[i][0], strlen(cases[i][0]), ERR_CHART,
			    "line 1: did not find expected node content");
	}
	expect_error("\xEF\xBB\xBF\xEF\xBB\xBF"
		     "a",
	    7, ERR_CHART, "line 1: two byte order marks");
	expect_error(
	    "a: 1\nb: \xEF\xBB\xBF\nc: \xFF", 17, ERR_CHART, "line 3: invalid leading UTF-8 octet");
}

static void test_utf16(void **state)
{
	static const char good[] = "\xFE\xFF\0[\0a\xD8\x3D\xDE\x00\0,\0\xE9\x4E\x2D\0]";
	static const char slash[] = "\xFF\xFE\"\0\\\0/\0\""; /* the final NUL is its last byte */
	static const char lone[] = "\xFE\xFF\0a\xDE\x00\0b";
	static const char cut[] = "\xFE\xFF\0a\xD8\x3D";
	static const char behind[] = "\xFE\xFF\0[\0]\0";
	static const char mark[] = "\xFE\xFF\0a\xFE\xFF";
	auto_yaml_value struct yaml_value v;
	auto_buf struct buf out = BUF_INIT(64);
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(yaml_value_parse(&v, good, sizeof(good) - 1, &err), 0);
	helm_config_put_value(&out, &v);
	assert_string_equal(buf_text(&out), "[\"a\xF0\x9F\x98\x80\",\"\xC3\xA9\xE4\xB8\xAD\"]");
	expect_error(slash, sizeof(slash), ERR_CHART,
	    "line 1: the escape '\\/', which Helm does not read the same way");
	expect_error(lone, sizeof(lone) - 1, ERR_CHART, "line 1: invalid leading UTF-8 octet");
	expect_error(cut, sizeof(cut) - 1, ERR_CHART, "line 1: incomplete UTF-8 octet sequence");
	expect_error(
	    behind, sizeof(behind) - 1, ERR_CHART, "line 1: incomplete UTF-8 octet sequence");
	expect_error(mark, sizeof(mark) - 1, ERR_CHART, "a second byte order mark in UTF-16");
}

/* Where go-yaml drops the first character of every line behind the mark; checked against it. */
static void test_byte_order_mark_at_a_seam(void **state)
{
	static const struct {
		size_t at;
		bool is_refused;
	} cases[] = {
	    {500, false}, {501, true}, {512, true}, {513, false}, {1021, true}, {1024, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_buf struct buf yaml = BUF_INIT(2048);
		buf_puts(&yaml, "# ");
		while (yaml.len < cases[i].at)
			buf_putc(&yaml, 'c');
		buf_puts(&yaml, "\xEF\xBB\xBF\na\n");
		if (cases[i].is_refused)
			expect_error(yaml.data, yaml.len, ERR_CHART,
			    "line 1: a byte order mark where Helm's reader loses characters");
		else
			expect_json(buf_text(&yaml), "\"a\"");
	}
}

/* A bad byte far behind the document is never read. */
static void test_bytes_behind_the_end(void **state)
{
	auto_buf struct buf yaml = BUF_INIT(2048);

	(void)state;
	buf_puts(&yaml, "a\n...\n");
	while (yaml.len < 1024)
		buf_putc(&yaml, ' ');
	buf_putc(&yaml, '\xFF');
	expect_json(buf_text(&yaml), "\"a\"");
}

/* Each repair parses again from the start, so their number is bounded by time. */
static void test_repair_limit(void **state)
{
	auto_buf struct buf yaml = BUF_INIT(LIMIT_YAML_BYTES_MAX);
	auto_yaml_value struct yaml_value v = {.type = YAML_TYPE_NULL};
	struct error err = ERROR_INIT;

	(void)state;
	buf_putc(&yaml, '[');
	while (yaml.len < LIMIT_YAML_BYTES_MAX - 64)
		buf_puts(&yaml, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:,");
	buf_putc(&yaml, ']');
	assert_int_equal(yaml_value_parse(&v, yaml.data, yaml.len, &err), -1);
	assert_string_equal(err.text, "line 1: found unexpected ':'");
}

static void test_check(void **state)
{
	static const char *const bad[][2] = {
	    {"- .inf", "line 1: infinity or NaN where Helm wants JSON"},
	    {"a:\n  b: [.nan]", "line 2: infinity or NaN where Helm wants JSON"},
	    {"\n~: 1", "line 2: a key that is null or too large a number"},
	    {"a: {18446744073709551615: 1}", "line 1: a key that is null or too large a number"},
	};
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		auto_yaml_value struct yaml_value v;
		assert_int_equal(yaml_value_parse(&v, bad[i][0], strlen(bad[i][0]), &err), 0);
		assert_int_equal(yaml_value_check(&v, &err), -1);
		assert_string_equal(err.text, bad[i][1]);
	}
	auto_yaml_value struct yaml_value good;
	assert_int_equal(yaml_value_parse(&good, "[a, {b: 1.5}]", 13, &err), 0);
	assert_int_equal(yaml_value_check(&good, &err), 0);
}

static void repeat(struct buf *b, const char *text, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_puts(b, text);
}

static void expect_limit(struct buf *yaml, const char *text)
{
	expect_error(yaml->data, yaml->len, ERR_LIMIT, text);
	buf_release(yaml);
}

static void test_limits(void **state)
{
	struct buf b = BUF_INIT(2 * MIB);
	struct error err = ERROR_INIT;

	(void)state;
	repeat(&b, "[", LIMIT_YAML_DEPTH_MAX);
	repeat(&b, "]", LIMIT_YAML_DEPTH_MAX);
	auto_yaml_value struct yaml_value v;
	assert_int_equal(yaml_value_parse(&v, b.data, b.len, &err), 0);
	buf_release(&b);
	repeat(&b, "[", 100000);
	expect_limit(&b, "line 1: nested deeper than 64 levels");
	repeat(&b, "- ", 100000);
	expect_limit(&b, "line 1: nested deeper than 64 levels");
	repeat(&b, "? ", 100000);
	expect_limit(&b, "line 1: nested deeper than 64 levels");
	repeat(&b, "{a: ", 100000);
	expect_limit(&b, "line 1: nested deeper than 64 levels");
	repeat(&b, "- a\n", 100001);
	expect_limit(&b, "line 100000: more than 100000 nodes");
	repeat(&b, "#", LIMIT_YAML_BYTES_MAX + 1);
	expect_limit(&b, "larger than 1048576 bytes");
}

static void test_alias_limits(void **state)
{
	struct buf b = BUF_INIT(2 * MIB);

	(void)state;
	buf_puts(&b, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 9; i++)
		buf_printf(&b, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n",
		    i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	expect_error(b.data, b.len, ERR_CHART, "line 2: excessive aliasing");
	buf_release(&b);

	/* One level each, but through aliases it adds up. */
	buf_puts(&b, "- &a0 [x]\n");
	for (int i = 1; i < 70; i++)
		buf_printf(&b, "- &a%d [*a%d]\n", i, i - 1);
	expect_limit(&b, "line 1: nested deeper than 64 levels, aliases followed");

	/* Few nodes, much text. */
	buf_puts(&b, "a: &a ");
	repeat(&b, "x", 500000);
	buf_puts(&b, "\nb: [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n");
	expect_limit(&b, "line 1: more than 4194304 bytes of text, aliases followed");

	/* Below go-yaml's ratio, above our count. */
	buf_puts(&b, "a: &a [x");
	repeat(&b, ", x", 1000);
	buf_puts(&b, "]\nb:\n");
	repeat(&b, "- x\n", 2000);
	buf_puts(&b, "c:\n");
	repeat(&b, "- *a\n", 200);
	expect_limit(&b, "line 1: more than 100000 nodes, aliases followed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_resolution),
	    cmocka_unit_test(test_maps),
	    cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_source),
	    cmocka_unit_test(test_repairs),
	    cmocka_unit_test(test_utf16),
	    cmocka_unit_test(test_byte_order_mark_at_a_seam),
	    cmocka_unit_test(test_bytes_behind_the_end),
	    cmocka_unit_test(test_repair_limit),
	    cmocka_unit_test(test_check),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_alias_limits),
	};

	return cmocka_run_group_tests_name("yaml_value", tests, NULL, NULL);
}
