#include "common/json.h"
#include "common/limits.h"
#include "tests/unit/expect.h"

static void loads_objects(void **state)
{
	static const char *const texts[] = {"{}", " {\"a\" : 1}\n",
	    "{\"a\":\"\\u00fc\\ud83d\\ude80\"}",
	    "{\"a\":[-1,1.5,1e3,-0.5,1e-05,1E-0,-0e1,true,false,null]}",
	    "{\"a\":\"-0 [[[{{{\\\"-0\"}",
	    "{\"a\":9223372036854775807,\"b\":-9223372036854775808}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error err = ERROR_INIT;
		json_auto_t *object = json_strict_load(texts[i], strlen(texts[i]), &err);

		expect_ok(object != NULL ? 0 : -1, &err);
	}
}

static const struct {
	const char *text;
	const char *error;
} refused[] = {
    {"", "JSON: line 1 column 0"},
    {"{", "JSON: line 1"},
    {"[]", "not an object"},
    {"[{}]", "not an object"},
    {"null", "JSON: line 1"},
    {"{}x", "end of file expected"},
    {"{}{}", "end of file expected"},
    {"{\"a\":1,\"a\":1}", "duplicate object key"},
    {"{\"a\":1,\"\\u0061\":1}", "duplicate object key"},
    {"{\"a\":1,\"b\":{\"c\":1,\"c\":2}}", "duplicate object key"},
    {"{\"a\":NaN}", "invalid token"},
    {"{\"a\":Infinity}", "invalid token"},
    {"{\"a\":01}", "invalid token"},
    {"{\"a\":+1}", "invalid token"},
    {"{\"a\":0x1}", "near"},
    {"{\"a\":1,}", "string or '}' expected"},
    {"{'a':1}", "JSON: line 1"},
    {"{\"a\":1/*c*/}", "near '/'"},
    {"{\"a\":9223372036854775808}", "too big integer"},
    {"{\"a\":18446744073709551616}", "too big integer"},
    {"{\"a\":1e999}", "real number overflow"},
    {"{\"a\":-0}", "-0"},
    {"{\"a\":[1,-0 ]}", "-0"},
    {"{\"a\":\"\\u0000\"}", "\\u0000 is not allowed"},
    {"{\"\\u0000\":1}", "NUL byte in object key"},
    {"{\"a\":\"\\ud800\"}", "invalid Unicode"},
    {"{\"a\":\"\\udc00\"}", "invalid Unicode"},
    {"{\"a\":\"\x80\"}", "unable to decode byte 0x80"},
    {"{\"a\":\"\xC0\x80\"}", "unable to decode byte 0xc0"},
    {"{\"a\":\"\xED\xA0\x80\"}", "unable to decode byte"},
    {"\xEF\xBB\xBF{}", "JSON: line 1"},
    {"{\"a\":\"\n\"}", "unexpected newline"},
    {"{\"a\":\"\x1f\"}", "control character 0x1f"},
    {"{\"a\":\"\\x\"}", "invalid escape"},
};

static void refuses_all_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct error err = ERROR_INIT;
		json_auto_t *object =
		    json_strict_load(refused[i].text, strlen(refused[i].text), &err);

		expect_refused(object == NULL ? -1 : 0, &err, ERR_FORMAT, refused[i].error);
	}
	struct error err = ERROR_INIT;
	assert_null(json_strict_load("{}\0", 3, &err)); /* a NUL behind the end */
	assert_null(json_strict_load("{\"a\0\":1}", 8, &err));
}

/* "{"a":" and then open count times, close count times. */
static char *nested(const char *open, const char *close, size_t count)
{
	struct buf b = BUF_INIT((size_t)16 << 20);

	buf_puts(&b, "{\"a\":");
	for (size_t i = 0; i < count; i++)
		buf_puts(&b, open);
	buf_puts(&b, "0");
	for (size_t i = 0; i < count; i++)
		buf_puts(&b, close);
	buf_puts(&b, "}");
	return buf_steal(&b);
}

static void row_j2_limits_the_depth(void **state)
{
	static const struct {
		const char *open;
		const char *close;
	} kinds[] = {{"[", "]"}, {"{\"a\":", "}"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct error err = ERROR_INIT;
		auto_free char *deepest =
		    nested(kinds[i].open, kinds[i].close, LIMIT_JSON_DEPTH_MAX - 1);
		auto_free char *deeper =
		    nested(kinds[i].open, kinds[i].close, LIMIT_JSON_DEPTH_MAX);
		auto_free char *abyss = nested(kinds[i].open, "", 1000000);
		json_auto_t *object = json_strict_load(deepest, strlen(deepest), &err);

		expect_ok(object != NULL ? 0 : -1, &err);
		assert_null(json_strict_load(deeper, strlen(deeper), &err));
		expect_error(&err, ERR_LIMIT, "JSON nested deeper than 32 levels");
		assert_null(json_strict_load(abyss, strlen(abyss), &err));
		expect_error(&err, ERR_LIMIT, "JSON nested deeper than 32 levels");
	}
}

/* Each empty object takes a hundred times its two bytes: they are counted before they are made. */
static void limits_objects_and_arrays(void **state)
{
	(void)state;
	for (size_t over = 0; over < 2; over++) {
		struct error err = ERROR_INIT;
		auto_buf struct buf b = BUF_INIT((size_t)4 << 20);

		buf_puts(&b, "{\"a\":[0");
		for (size_t i = 0; i < LIMIT_JSON_CONTAINERS_MAX - 2 + over; i++)
			buf_puts(&b, ",{}");
		buf_puts(&b, "]}");
		json_auto_t *object = json_strict_load(b.data, b.len, &err);
		if (over == 0)
			expect_ok(object != NULL ? 0 : -1, &err);
		else
			expect_refused(object == NULL ? -1 : 0, &err, ERR_LIMIT,
			    "JSON of more than 131072 objects and arrays");
	}
}

static json_t *load(const char *text)
{
	struct error err = ERROR_INIT;
	json_t *object = json_strict_load(text, strlen(text), &err);

	expect_ok(object != NULL ? 0 : -1, &err);
	return object;
}

static void compares_names(void **state)
{
	static const char *const names[] = {"size", "mediaType", "task", NULL};
	static const struct {
		const char *text;
		const char *error; /* of json_strict_names() */
		const char *only;  /* of json_strict_only() */
	} cases[] = {
	    {"{}", NULL, NULL},
	    {"{\"size\":1,\"mediaType\":2}", NULL, NULL},
	    {"{\"sizes\":1}", NULL, "unknown member 'sizes'"},
	    {"{\"siz\":1}", NULL, "unknown member 'siz'"},
	    {"{\"Size\":1}", "member 'Size' differs from 'size' only in letter case", "unknown"},
	    {"{\"size\":1,\"SIZE\":2}", "'SIZE' differs from 'size'", "unknown member 'SIZE'"},
	    {"{\"mediatype\":1}", "'mediatype' differs from 'mediaType'", "unknown"},
	    {"{\"\xC5\xBFize\":1}", "differs from 'size'", "unknown"},     /* long s */
	    {"{\"tas\xE2\x84\xAA\":1}", "differs from 'task'", "unknown"}, /* Kelvin */
	    {"{\"\xC5\xBF\":1,\"\xE2\x84\":1}", NULL, "unknown"},
	};

	(void)state;
	for (size_t i = 0; i + 1 < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		json_auto_t *object = load(cases[i].text);
		int result = json_strict_names(object, names, &err);

		if (cases[i].error == NULL)
			expect_ok(result, &err);
		else
			expect_refused(result, &err, ERR_FORMAT, cases[i].error);
		result = json_strict_only(object, names, &err);
		if (cases[i].only == NULL)
			expect_ok(result, &err);
		else
			expect_refused(result, &err, ERR_FORMAT, cases[i].only);
	}
}

/* Every getter against a member of every type. */
static const struct {
	const char *text;
	const char *string;
	const char *object;
	const char *array;
	const char *size;
	const char *boolean;
	const char *map;
} types[] = {
    {"{\"m\":\"x\"}", NULL, "is not an object", "is not an array", "is not an integer",
	"is not true or false", "is not an object"},
    {"{\"m\":{}}", "is not a string", NULL, "is not an array", "is not an integer",
	"is not true or false", NULL},
    {"{\"m\":{\"k\":1}}", "is not a string", NULL, "is not an array", "is not an integer",
	"is not true or false", "m: 'k' is not a string"},
    {"{\"m\":[]}", "is not a string", "is not an object", NULL, "is not an integer",
	"is not true or false", "is not an object"},
    {"{\"m\":7}", "is not a string", "is not an object", "is not an array", NULL,
	"is not true or false", "is not an object"},
    {"{\"m\":-1}", "is not a string", "is not an object", "is not an array",
	"member 'm' is negative", "is not true or false", "is not an object"},
    {"{\"m\":1.0}", "is not a string", "is not an object", "is not an array", "is not an integer",
	"is not true or false", "is not an object"},
    {"{\"m\":1e3}", "is not a string", "is not an object", "is not an array", "is not an integer",
	"is not true or false", "is not an object"},
    {"{\"m\":true}", "is not a string", "is not an object", "is not an array", "is not an integer",
	NULL, "is not an object"},
    {"{\"m\":null}", "is not a string", "is not an object", "is not an array", "is not an integer",
	"is not true or false", "is not an object"},
};

static void expect_either(int result, const struct error *err, const char *error)
{
	if (error == NULL)
		expect_ok(result, err);
	else
		expect_refused(result, err, ERR_FORMAT, error);
}

static void members_have_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct error err = ERROR_INIT;
		json_auto_t *object = load(types[i].text);
		const char *string;
		const json_t *value;
		uint64_t size;
		bool flag;

		expect_either(json_strict_string(object, "m", JSON_REQUIRED, &string, &err), &err,
		    types[i].string);
		expect_either(json_strict_object(object, "m", JSON_OPTIONAL, &value, &err), &err,
		    types[i].object);
		expect_either(json_strict_array(object, "m", JSON_REQUIRED, &value, &err), &err,
		    types[i].array);
		expect_either(
		    json_strict_size(object, "m", JSON_OPTIONAL, &size, &err), &err, types[i].size);
		expect_either(json_strict_bool(object, "m", JSON_REQUIRED, &flag, &err), &err,
		    types[i].boolean);
		expect_either(
		    json_strict_string_map(object, "m", &value, &err), &err, types[i].map);
	}
}

static void members_may_be_absent(void **state)
{
	struct error err = ERROR_INIT;
	json_auto_t *object = load("{\"n\":9223372036854775807,\"t\":true}");
	const char *string = "x";
	const json_t *value = object;
	uint64_t size = 5;
	bool flag = true;

	(void)state;
	expect_ok(json_strict_string(object, "m", JSON_OPTIONAL, &string, &err), &err);
	assert_null(string);
	expect_ok(json_strict_array(object, "m", JSON_OPTIONAL, &value, &err), &err);
	assert_null(value);
	expect_ok(json_strict_string_map(object, "m", &value, &err), &err);
	assert_null(value);
	expect_ok(json_strict_size(object, "m", JSON_OPTIONAL, &size, &err), &err);
	assert_int_equal(size, 5);
	expect_ok(json_strict_bool(object, "m", JSON_OPTIONAL, &flag, &err), &err);
	assert_true(flag);
	assert_int_equal(err.code, ERR_NONE);
	expect_ok(json_strict_size(object, "n", JSON_REQUIRED, &size, &err), &err);
	assert_int_equal(size, INT64_MAX);
	expect_refused(json_strict_string(object, "m", JSON_REQUIRED, &string, &err), &err,
	    ERR_FORMAT, "member 'm' is missing");
	expect_refused(json_strict_size(object, "m", JSON_REQUIRED, &size, &err), &err, ERR_FORMAT,
	    "member 'm' is missing");
	expect_refused(json_strict_bool(object, "m", JSON_REQUIRED, &flag, &err), &err, ERR_FORMAT,
	    "member 'm' is missing");
}

/* reference helm.md 1.4: what Go's encoding/json writes. */
static void writes_strings_as_go_does(void **state)
{
	static const struct {
		const char *text;
		const char *written;
	} cases[] = {
	    {"", "\"\""},
	    {"plain/text", "\"plain/text\""},
	    {"grüß \xF0\x9F\x9A\x80", "\"grüß \xF0\x9F\x9A\x80\""},
	    {"\"\\", "\"\\\"\\\\\""},
	    {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
	    {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
	    {"<a href=\"x\">&</a>", "\"\\u003ca href=\\\"x\\\"\\u003e\\u0026\\u003c/a\\u003e\""},
	    {"a\xE2\x80\xA8"
	     "b\xE2\x80\xA9",
		"\"a\\u2028b\\u2029\""},
	    {"\xE2\x80\xA7\xE2\x80\xAA", "\"\xE2\x80\xA7\xE2\x80\xAA\""},
	    {"'", "\"'\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_buf struct buf b = BUF_INIT(1000);

		json_put_string(&b, cases[i].text, strlen(cases[i].text));
		expect_text(buf_text(&b), cases[i].written);
		json_auto_t *again = json_loads(buf_text(&b), JSON_DECODE_ANY, NULL);
		expect_text(json_string_value(again), cases[i].text);
	}
	auto_buf struct buf b = BUF_INIT(1000);
	json_put_string(&b, "a\0\xE2\x80", 4);
	expect_text(buf_text(&b), "\"a\\u0000\xE2\x80\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(loads_objects),
	    cmocka_unit_test(refuses_all_else),
	    cmocka_unit_test(row_j2_limits_the_depth),
	    cmocka_unit_test(limits_objects_and_arrays),
	    cmocka_unit_test(compares_names),
	    cmocka_unit_test(members_have_types),
	    cmocka_unit_test(members_may_be_absent),
	    cmocka_unit_test(writes_strings_as_go_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
