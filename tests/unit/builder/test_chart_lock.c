/* Expected digests, times and JSON are those of Helm 4.2.4. */
#include "builder/chart_lock.h"
#include "builder/chart_yaml.h"
#include "builder/helm_config.h"
#include "tests/unit/expect.h"

#define CHART                                                                                      \
	"name: a\ndependencies:\n- name: redis\n  version: ~1.2\n  repository: "                   \
	"https://example.com/charts\n- name: lib\n  version: \">=1.0.0-0 <2\"\n  repository: "     \
	"file://../lib\n  alias: a\n  tags: [x, y]\n  enabled: true\n  condition: lib.enabled\n  " \
	"import-values: [data, {child: a<b, parent: 1.50}]\n"

static const struct {
	const char *chart;
	const char *lock;
	const char *expected_digest; /* by HashReq() */
	const char *digest;
	const char *generated;
	const char *dependencies;
} cases[] = {
    {"name: a\n",
	"dependencies:\n- name: redis\n  version: 1.2.9\n  repository: "
	"https://example.com/charts\n- name: lib\n  version: 1.4.0\n  repository: "
	"file://../lib\ndigest: sha256:x\ngenerated: \"2024-05-06T07:08:09.500+02:00\"\n",
	"sha256:e8b2a179750e8972c762b2b9c8cdff6ff5837be96463019ea0ad1a96b6e70a72", "sha256:x",
	"2024-05-06T07:08:09.5+02:00",
	"[{\"name\":\"redis\",\"version\":\"1.2.9\",\"repository\":\"https://example.com/"
	"charts\"},{\"name\":\"lib\",\"version\":\"1.4.0\",\"repository\":\"file://../lib\"}]"},
    {"name: a\n", "{}", "sha256:95cb9b4f84ceff132cc7a875d8c192bf4997016a939ee64141c1fd628c0e8738",
	"", "0001-01-01T00:00:00Z", "null"},
    {"name: a\n", "dependencies: []\n",
	"sha256:97294f05c3603881a6466e787eb8726dde04588d242bea02914b0f0a8e12bdb2", "",
	"0001-01-01T00:00:00Z", "[]"},
    {"name: a\n", "dependencies: ~\n",
	"sha256:95cb9b4f84ceff132cc7a875d8c192bf4997016a939ee64141c1fd628c0e8738", "",
	"0001-01-01T00:00:00Z", "null"},
    {"name: a\ndependencies: ~\n",
	"dependencies:\n- name: redis\n  version: 1.2.9\n  repository: "
	"https://example.com/charts\n- name: lib\n  version: 1.4.0\n  repository: "
	"file://../lib\ndigest: sha256:x\ngenerated: \"2024-05-06T07:08:09.500+02:00\"\n",
	"sha256:e8b2a179750e8972c762b2b9c8cdff6ff5837be96463019ea0ad1a96b6e70a72", "sha256:x",
	"2024-05-06T07:08:09.5+02:00",
	"[{\"name\":\"redis\",\"version\":\"1.2.9\",\"repository\":\"https://example.com/"
	"charts\"},{\"name\":\"lib\",\"version\":\"1.4.0\",\"repository\":\"file://../lib\"}]"},
    {"name: a\ndependencies: ~\n", "{}",
	"sha256:95cb9b4f84ceff132cc7a875d8c192bf4997016a939ee64141c1fd628c0e8738", "",
	"0001-01-01T00:00:00Z", "null"},
    {"name: a\ndependencies: ~\n", "dependencies: []\n",
	"sha256:97294f05c3603881a6466e787eb8726dde04588d242bea02914b0f0a8e12bdb2", "",
	"0001-01-01T00:00:00Z", "[]"},
    {"name: a\ndependencies: ~\n", "dependencies: ~\n",
	"sha256:95cb9b4f84ceff132cc7a875d8c192bf4997016a939ee64141c1fd628c0e8738", "",
	"0001-01-01T00:00:00Z", "null"},
    {"name: a\ndependencies: []\n",
	"dependencies:\n- name: redis\n  version: 1.2.9\n  repository: "
	"https://example.com/charts\n- name: lib\n  version: 1.4.0\n  repository: "
	"file://../lib\ndigest: sha256:x\ngenerated: \"2024-05-06T07:08:09.500+02:00\"\n",
	"sha256:9c56e77112212824d7ff6858c2e7bf9cc32d3da519726a99b176f7fadaf81f5c", "sha256:x",
	"2024-05-06T07:08:09.5+02:00",
	"[{\"name\":\"redis\",\"version\":\"1.2.9\",\"repository\":\"https://example.com/"
	"charts\"},{\"name\":\"lib\",\"version\":\"1.4.0\",\"repository\":\"file://../lib\"}]"},
    {"name: a\ndependencies: []\n", "{}",
	"sha256:bb5bb1b3a77487eecdeb0af136abad36d6d9d84ba2480015de68f2e21a70372a", "",
	"0001-01-01T00:00:00Z", "null"},
    {"name: a\ndependencies: []\n", "dependencies: []\n",
	"sha256:643d5437104296e21d906ecb15b2c96ad278f20cfc4af53b12bb6069bd853726", "",
	"0001-01-01T00:00:00Z", "[]"},
    {"name: a\ndependencies: []\n", "dependencies: ~\n",
	"sha256:bb5bb1b3a77487eecdeb0af136abad36d6d9d84ba2480015de68f2e21a70372a", "",
	"0001-01-01T00:00:00Z", "null"},
    {CHART,
	"dependencies:\n- name: redis\n  version: 1.2.9\n  repository: "
	"https://example.com/charts\n- name: lib\n  version: 1.4.0\n  repository: "
	"file://../lib\ndigest: sha256:x\ngenerated: \"2024-05-06T07:08:09.500+02:00\"\n",
	"sha256:1a02b977b0c717e259e10fa547022a92e53817c54a5b40528c561a7ec544890f", "sha256:x",
	"2024-05-06T07:08:09.5+02:00",
	"[{\"name\":\"redis\",\"version\":\"1.2.9\",\"repository\":\"https://example.com/"
	"charts\"},{\"name\":\"lib\",\"version\":\"1.4.0\",\"repository\":\"file://../lib\"}]"},
    {CHART, "{}", "sha256:6972ad6e02a291c4c92afc1ed669a305346d91789dba7ca7e67713e30338e42d", "",
	"0001-01-01T00:00:00Z", "null"},
    {CHART, "dependencies: []\n",
	"sha256:a7867d6cbc3b8fc63d029e3065ab8c32c7ab9caee44baf32e4fdb5d54d3c728a", "",
	"0001-01-01T00:00:00Z", "[]"},
    {CHART, "dependencies: ~\n",
	"sha256:6972ad6e02a291c4c92afc1ed669a305346d91789dba7ca7e67713e30338e42d", "",
	"0001-01-01T00:00:00Z", "null"},
    {CHART, "dependencies: [~, {}, {name: 1.10, version: yes, unknown: [1]}]\n",
	"sha256:e069f7df6bb8a2d56533e4d761f86b0b71d4ec5b46a8b668948a32d7809ddc63", "",
	"0001-01-01T00:00:00Z",
	"[null,{\"name\":\"\",\"repository\":\"\"},{\"name\":\"1.1\",\"version\":\"true\","
	"\"repository\":\"\"}]"},
    {CHART, "Dependencies: [{NAME: b, name: a}]\nDIGEST: 1e3\ngenerated: ~\n",
	"sha256:1414b6c2f7fbb6fe74d022a3131c31f2cf2ac031c627e2a56777acf3b74e9c7e", "1000",
	"0001-01-01T00:00:00Z", "[{\"name\":\"a\",\"repository\":\"\"}]"},
    {CHART, "generated: 2024-05-06T7:08:09,25-00:00\ndigest: 0x10\n",
	"sha256:6972ad6e02a291c4c92afc1ed669a305346d91789dba7ca7e67713e30338e42d", "16",
	"2024-05-06T07:08:09.25Z", "null"},
    {CHART, "digest: \"a\\u2028<\\\"\\\\\\n\"\n",
	"sha256:6972ad6e02a291c4c92afc1ed669a305346d91789dba7ca7e67713e30338e42d",
	"a\342\200\250<\"\\\n", "0001-01-01T00:00:00Z", "null"},
    {CHART, "name: [x]\nversion: {}\ndigest: a\ndigest: b\n",
	"sha256:6972ad6e02a291c4c92afc1ed669a305346d91789dba7ca7e67713e30338e42d", "b",
	"0001-01-01T00:00:00Z", "null"},
    {CHART, "dependencies: [{name: a, import-values: [1, [2.50, ~], {b: true}], tags: [~, 5]}]\n",
	"sha256:bf4d8d693032747602ca638913e940cc523fb8261f5e57cfc6c1025495f6665e", "",
	"0001-01-01T00:00:00Z",
	"[{\"name\":\"a\",\"repository\":\"\",\"tags\":[\"\",\"5\"],\"import-values\":[1,[2.5,null]"
	",{\"b\":true}]}]"},
};

static const struct {
	const char *chart;
	const char *digest;
} cases_v2[] = {
    {"name: a\n", "sha256:a4028ef6b5df0ba52501af1116d232a75056093f30ddf3b725e34fff764048c2"},
    {"name: a\ndependencies: ~\n",
	"sha256:a4028ef6b5df0ba52501af1116d232a75056093f30ddf3b725e34fff764048c2"},
    {"name: a\ndependencies: []\n",
	"sha256:81059fe6210ccee4e3349c0f34c12d180f995150128a913d63b65b7937c6b152"},
    {CHART, "sha256:f39bdf755292f0be63148fbfa2d93a69479418d9c5170947cf9dc1eadff0e558"},
};

static const char *const absent[] = {
    "",
    "~",
    "null",
    "# only a comment\n",
    "---\n",
    "--- ~\n---\na: b\n",
};

static const struct {
	const char *lock;
	const char *text;
} refused[] = {
    {"[]", "line 1: must be a map, not a list"},
    {"5", "must be a map"},
    {"text", "must be a map"},
    {"a: b: c", "line 1"},
    {"\tx: 1", ""},
    {"dependencies: {}\n", "'dependencies' must be a list"},
    {"dependencies: x\n", "'dependencies' must be a list"},
    {"\ndependencies: [5]\n", "line 2: 'dependencies' must be a list of maps"},
    {"dependencies: [{name: [a]}]\n", "'name' must be text"},
    {"dependencies: [{tags: a}]\n", "'tags' must be a list"},
    {"dependencies: [{enabled: 1}]\n", "'enabled' must be true or false"},
    {"dependencies: [{import-values: a}]\n", "'import-values' must be a list"},
    {"digest: [a]\n", "'digest' must be text"},
    {"digest: {a: b}\n", "'digest' must be text"},
    {"generated: 5\n", "line 1: 'generated' must be a time, not a number"},
    {"generated: true\n", "must be a time, not true or false"},
    {"generated: [a]\n", "must be a time, not a list"},
    {"generated: \"\"\n", "'generated': time ''"},
    {"a: b\ngenerated: yesterday\n", "line 2: 'generated': time 'yesterday'"},
    {"generated: 2024-05-06\n", "RFC 3339"},
    {"Generated: x\ngenerated: 2024-05-06T07:08:09Z\n", "time 'x'"},
    {"x: .inf\n", "infinity"},
    {"~: 1\n", "a key that is null"},
};

/* Loaded by Helm, which then fails to write it. */
static const struct {
	const char *lock;
	const char *text;
} unwritable[] = {
    {"generated: 2024-05-06T07:08:09+24:00\n", "time zone of a day"},
    {"digest: \"\\x7f\"\n", "U+007F"},
    {"digest: \"\\x9f\"\n", "U+009F"},
    {"digest: \"\\uffff\"\n", "U+FFFF"},
    {"dependencies: [{name: \"\\x80\"}]\n", "U+0080"},
    {"dependencies: [{name: a, import-values: [{\"\\ufffe\": 1}]}]\n", "U+FFFE"},
};

static void load_chart(struct chart_metadata *m, const char *yaml)
{
	struct error err = ERROR_INIT;

	chart_metadata_init(m);
	expect_ok(chart_yaml_read(m, yaml, strlen(yaml), &err), &err);
}

static void load(struct chart_lock *lock, const char *yaml)
{
	struct error err = ERROR_INIT;
	bool present = false;

	expect_ok(chart_lock_parse(lock, &present, yaml, strlen(yaml), &err), &err);
	assert_true(present);
}

/* The dependencies as JSON, by way of a config that has nothing else. */
static void expect_dependencies(const struct chart_lock *lock, const char *expected)
{
	auto_buf struct buf json = BUF_INIT(4096);

	if (lock->dependencies.count == 0) {
		expect_text(lock->dependencies.items == NULL ? "null" : "[]", expected);
		return;
	}
	for (size_t i = 0; i < lock->dependencies.count; i++) {
		const void *item = lock->dependencies.items[i];
		buf_putc(&json, i == 0 ? '[' : ',');
		if (item == NULL)
			buf_puts(&json, "null");
		else
			helm_config_put_record(&json, item, &chart_dependency_type);
	}
	buf_putc(&json, ']');
	expect_text(buf_text(&json), expected);
}

static void expect_lock(const struct chart_lock *lock, size_t i)
{
	expect_text(text_string(&lock->digest), cases[i].digest);
	expect_text(text_string(&lock->generated), cases[i].generated);
	expect_dependencies(lock, cases[i].dependencies);
}

static void test_digest(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_chart_metadata struct chart_metadata m;
		auto_chart_lock struct chart_lock lock = CHART_LOCK_INIT;
		struct error err = ERROR_INIT;
		struct digest digest;
		char text[DIGEST_TEXT_LEN + 1];

		load_chart(&m, cases[i].chart);
		load(&lock, cases[i].lock);
		expect_lock(&lock, i);
		expect_ok(
		    chart_lock_digest(&digest, &m.dependencies, &lock.dependencies, &err), &err);
		digest_text(text, &digest);
		expect_text(text, cases[i].expected_digest);
	}
}

static void test_digest_v2(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases_v2); i++) {
		auto_chart_metadata struct chart_metadata m;
		struct error err = ERROR_INIT;
		struct digest digest;
		char text[DIGEST_TEXT_LEN + 1];

		load_chart(&m, cases_v2[i].chart);
		expect_ok(chart_lock_digest_v2(&digest, &m.dependencies, &err), &err);
		digest_text(text, &digest);
		expect_text(text, cases_v2[i].digest);
	}
}

static void test_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_chart_lock struct chart_lock lock = CHART_LOCK_INIT;
		auto_chart_lock struct chart_lock again = CHART_LOCK_INIT;
		auto_buf struct buf yaml = BUF_INIT(4096);
		struct error err = ERROR_INIT;

		load(&lock, cases[i].lock);
		expect_ok(chart_lock_write(&yaml, &lock, &err), &err);
		load(&again, buf_text(&yaml));
		expect_lock(&again, i);
	}
}

static void test_write(void **state)
{
	static const char in[] =
	    "generated: 2024-05-06T07:08:09.500Z\n"
	    "dependencies: [{repository: oci://r/c, name: a, version: 1.2.3}, ~]\n"
	    "digest: sha256:00\n";
	auto_chart_lock struct chart_lock lock = CHART_LOCK_INIT;
	auto_buf struct buf yaml = BUF_INIT(4096);
	struct error err = ERROR_INIT;

	(void)state;
	load(&lock, in);
	expect_ok(chart_lock_write(&yaml, &lock, &err), &err);
	expect_text(buf_text(&yaml), "dependencies:\n"
				     "- name: a\n"
				     "  version: 1.2.3\n"
				     "  repository: oci://r/c\n"
				     "- null\n"
				     "digest: sha256:00\n"
				     "generated: \"2024-05-06T07:08:09.5Z\"\n");
}

static void test_absent(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++) {
		auto_chart_lock struct chart_lock lock = CHART_LOCK_INIT;
		struct error err = ERROR_INIT;
		bool present = true;

		expect_ok(
		    chart_lock_parse(&lock, &present, absent[i], strlen(absent[i]), &err), &err);
		assert_false(present);
	}
}

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		auto_chart_lock struct chart_lock lock = CHART_LOCK_INIT;
		struct error err = ERROR_INIT;
		bool present = true;
		int result = chart_lock_parse(
		    &lock, &present, refused[i].lock, strlen(refused[i].lock), &err);

		expect_refused(result, &err, ERR_CHART, refused[i].text);
		assert_false(present);
		assert_null(lock.dependencies.items);
	}
}

static void test_unwritable(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unwritable); i++) {
		auto_chart_lock struct chart_lock lock = CHART_LOCK_INIT;
		auto_buf struct buf yaml = BUF_INIT(4096);
		struct error err = ERROR_INIT;

		load(&lock, unwritable[i].lock);
		expect_refused(
		    chart_lock_write(&yaml, &lock, &err), &err, ERR_CHART, unwritable[i].text);
		assert_int_equal(yaml.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_digest),
	    cmocka_unit_test(test_digest_v2),
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_write),
	    cmocka_unit_test(test_absent),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_unwritable),
	};

	return cmocka_run_group_tests_name("chart_lock", tests, NULL, NULL);
}
