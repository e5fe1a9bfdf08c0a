#include <string.h>

#include "builder/lint_chart_yaml.h"
#include "builder/lint_files.h"
#include "builder/yaml_documents.h"
#include "tests/unit/expect.h"

/* What `helm lint` has nothing but praise for. */
#define GOOD "apiVersion: v2\nname: c\nversion: 1.2.3\nicon: https://a.b/i.png\n"

/* Exactly this finding, and no other. */
static void expect_one(const struct lint_findings *found, enum lint_severity severity, size_t line,
    const char *message)
{
	if (found->count != 1)
		fail_msg("%zu findings, expected one: %s", found->count, message);
	assert_int_equal(found->items[0].severity, severity);
	assert_int_equal(found->items[0].line, line);
	expect_contains(found->items[0].message, message);
	assert_int_equal(found->totals[severity], 1);
}

static void test_chart_yaml(void **state)
{
	static const struct {
		const char *yaml;
		enum lint_severity severity;
		size_t line;
		const char *message;
	} cases[] = {
	    {GOOD "a: [\n", LINT_ERROR, 6, "unable to parse YAML: "},
	    {"[a]\n", LINT_ERROR, 1, "must be a map, not a list"},
	    {GOOD "deprecated: 1\n", LINT_ERROR, 5, "'deprecated' must be true or false"},
	    {GOOD "foo: 1\n", LINT_WARNING, 5, "unknown field 'foo'"},
	    {GOOD "maintainers:\n- name: a\n  foo: 1\n", LINT_WARNING, 7, "unknown field 'foo'"},
	    {GOOD "name: c\n", LINT_WARNING, 5, "key 'name' is already set in line 2"},
	    {GOOD "annotations:\n  a: b\n  a: c\n", LINT_WARNING, 7, "already set in line 6"},
	    {GOOD "annotations: &a\n  <<: {a: b}\n  a: c\n", LINT_WARNING, 7, "by a merge"},
	    {GOOD "Name: d\n", LINT_WARNING, 5, "'Name' and 'name' in line 2 are one field"},
	    {GOOD "home: 1.10\n", LINT_WARNING, 5, "'1.10' is a number to YAML"},
	    {GOOD "keywords: [no]\n", LINT_WARNING, 5, "which Helm takes for 'false'"},
	    {GOOD "annotations: {a: 010}\n", LINT_WARNING, 5, "which Helm takes for '8'"},
	    {GOOD "dependencies: [{name: a, version: 1.0}]\n", LINT_WARNING, 5, "for '1'"},
	    {GOOD "type: library\napiVersion: v2\n", LINT_WARNING, 6, "'apiVersion'"},
	    {GOOD "appVersion: 1.10\n", LINT_ERROR, 5,
		"appVersion should be of type string but it's of type float64, which Helm takes "
		"for '1.1'"},
	    {GOOD "appVersion: ~\n", LINT_ERROR, 5, "of type <nil>"},
	    {GOOD "maintainers: [~]\n", LINT_ERROR, 0, "a maintainer entry is empty"},
	    {GOOD "maintainers: [{email: a@b.c}]\n", LINT_ERROR, 5, "each maintainer requires"},
	    {GOOD "maintainers: [{name: a, email: b}]\n", LINT_ERROR, 5,
		"invalid email 'b' for maintainer 'a'"},
	    {GOOD "maintainers:\n- name: a\n  url: b\n", LINT_ERROR, 7,
		"invalid url 'b' for maintainer 'a'"},
	    {GOOD "sources: [https://a.b, x, z]\n", LINT_ERROR, 5, "invalid source URL 'x'"},
	    {"apiVersion: v2\nversion: 1.2.3\nicon: a:b\n", LINT_ERROR, 0, "name is required"},
	    {"name: c\nversion: 1.2.3\nicon: a:b\n", LINT_ERROR, 0, "apiVersion is required"},
	    {"apiVersion: ''\nname: c\nversion: 1.2.3\nicon: a:b\n", LINT_ERROR, 1,
		"apiVersion is required"},
	    {"apiVersion: v3\nname: c\nversion: 1.2.3\nicon: a:b\n", LINT_ERROR, 1,
		"apiVersion 'v3' is not valid"},
	    {"apiVersion: v2\nname: c\nversion: v1.2\nicon: a:b\n", LINT_WARNING, 3,
		"version 'v1.2' is not a valid SemVerV2"},
	    {"apiVersion: v2\nname: c\nversion: 0.0.0-0\nicon: a:b\n", LINT_ERROR, 3,
		"less than or equal to \"0.0.0-0\""},
	    {"apiVersion: v2\nname: c\nversion: 1.2.3\nicon: i.png\n", LINT_ERROR, 4,
		"invalid icon URL 'i.png'"},
	    {"apiVersion: v2\nname: c\nversion: 1.2.3\n", LINT_INFO, 0, "icon is recommended"},
	    {"apiVersion: v2\nname: C\nversion: 1.2.3\nicon: a:b\n", LINT_ERROR, 2,
		"name 'C' cannot be pushed"},
	    {"apiVersion: v1\nname: c\nversion: 1.2.3\nicon: a:b\ntype: library\n", LINT_ERROR, 5,
		"chart type is not valid in apiVersion 'v1'"},
	    {"apiVersion: v1\nname: c\nversion: 1.2.3\nicon: a:b\ndependencies: [{name: d}]\n",
		LINT_ERROR, 0, "dependencies are not valid in the Chart file"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_lint_findings struct lint_findings found = LINT_FINDINGS_INIT;
		lint_chart_yaml(&found, cases[i].yaml, strlen(cases[i].yaml));
		expect_one(&found, cases[i].severity, cases[i].line, cases[i].message);
		expect_text(found.items[0].path, "Chart.yaml");
	}
}

static void test_nothing_found(void **state)
{
	static const char *const charts[] = {GOOD, GOOD "---\nfoo: 1\n",
	    GOOD "annotations: {a: '010', b: 5, c: ~}\nkeywords: [a, '1.10', ~]\n",
	    GOOD "maintainers: [&a {name: a, email: a@b.c, url: a.bc}, *a]\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(charts); i++) {
		auto_lint_findings struct lint_findings found = LINT_FINDINGS_INIT;
		lint_chart_yaml(&found, charts[i], strlen(charts[i]));
		if (found.count != 0)
			fail_msg("%s", found.items[0].message);
	}
}

/* An unknown field by way of two aliases is said once; a thousand are kept, all are counted. */
static void test_findings(void **state)
{
	auto_lint_findings struct lint_findings found = LINT_FINDINGS_INIT;
	auto_lint_findings struct lint_findings many = LINT_FINDINGS_INIT;
	static const char yaml[] = GOOD "maintainers: [&a {name: a, foo: 1}, *a, *a]\n";

	(void)state;
	lint_chart_yaml(&found, yaml, strlen(yaml));
	expect_one(&found, LINT_WARNING, 5, "unknown field 'foo'");
	for (size_t i = 0; i < 2 * LINT_FINDINGS_MAX; i++)
		lint_add(&many, LINT_INFO, "a", i, "b");
	assert_int_equal(many.count, LINT_FINDINGS_MAX);
	assert_int_equal(many.totals[LINT_INFO], 2 * LINT_FINDINGS_MAX);
}

static void test_error_lines(void **state)
{
	static const struct {
		const char *text;
		size_t line;
		const char *message;
	} cases[] = {
	    {"line 3: bad", 13, "w: bad"},
	    {"line 3 bad", 0, "w: line 3 bad"},
	    {"line : bad", 0, "w: line : bad"},
	    {"line x: bad", 0, "w: line x: bad"},
	    {"lin", 0, "w: lin"},
	    {"line ", 0, "w: line "},
	    {"", 0, "w: "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_lint_findings struct lint_findings found = LINT_FINDINGS_INIT;
		struct error err = ERROR_INIT;
		(void)error_set(&err, ERR_CHART, "%s", cases[i].text);
		lint_add_error(&found, LINT_ERROR, "p", 10, "w", &err);
		expect_one(&found, LINT_ERROR, cases[i].line, "");
		expect_text(found.items[0].message, cases[i].message);
	}
}

static void test_crd(void **state)
{
	static const char head[] = "apiVersion: apiextensions.k8s.io/v1\n";
	static const char good[] = "---\napiVersion: apiextensions.k8s.io/v1\n"
				   "kind: CustomResourceDefinition\n--- # next\n# nothing\n";
	static const struct {
		const char *yaml;
		size_t line;
		const char *message;
	} cases[] = {
	    {"kind: A\n", 4, "object kind is not 'CustomResourceDefinition'"},
	    {"metadata: a\n", 4, "'metadata' must be a map"},
	    {"kind: [a]\n", 4, "'kind' must be text"},
	    {"a: [\n", 5, "unable to parse YAML"},
	    {"---x\n", 4, "nothing but a comment may follow '---'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_lint_findings struct lint_findings found = LINT_FINDINGS_INIT;
		auto_free char *yaml = mem_printf("# a\n---\n%s%s", head, cases[i].yaml);
		lint_crd(&found, "crds/a.yaml", yaml, strlen(yaml));
		expect_one(&found, LINT_ERROR, cases[i].line, cases[i].message);
	}
	auto_lint_findings struct lint_findings found = LINT_FINDINGS_INIT;
	lint_crd(&found, "crds/a.yaml", good, strlen(good));
	assert_int_equal(found.count, 0);
}

static void test_documents(void **state)
{
	static const char stream[] = "\n---\na\n--- # b\r\nc\r\n---\n---\t\n  ---\n---\r\nd\r";
	static const struct yaml_document expected[] = {
	    {"\n", 1, 0}, {"a\n", 2, 2}, {"c\n", 2, 4}, {"---\t\n  ---\n", 11, 6}, {"d\r\n", 3, 9}};
	auto_yaml_documents struct yaml_documents documents;
	struct yaml_document document;
	struct error err = ERROR_INIT;

	(void)state;
	yaml_documents_init(&documents, stream, strlen(stream));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_int_equal(yaml_documents_next(&documents, &document, &err), 1);
		assert_int_equal(document.len, expected[i].len);
		assert_memory_equal(document.bytes, expected[i].bytes, document.len);
		assert_int_equal(document.lines_before, expected[i].lines_before);
	}
	assert_int_equal(yaml_documents_next(&documents, &document, &err), 0);
	yaml_documents_release(&documents);
	yaml_documents_init(&documents, "", 0);
	assert_int_equal(yaml_documents_next(&documents, &document, &err), 0);
	yaml_documents_release(&documents);
	yaml_documents_init(&documents, "a\n--- b\n", 8);
	expect_refused(yaml_documents_next(&documents, &document, &err), &err, ERR_CHART, "line 2");
}

static void put_provenance(struct lint_source *source, const char *list)
{
	source->provenance.len = 0;
	buf_printf(&source->provenance,
	    "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nname: c\n\n...\n%s\n"
	    "-----BEGIN PGP SIGNATURE-----\n",
	    list);
}

static void test_provenance(void **state)
{
	static const char empty[] =
	    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	auto_lint_source struct lint_source source;
	auto_free char *right = mem_printf("files:\n  c-1.tgz: %s", empty);
	struct {
		const char *list;
		const char *message;
	} cases[] = {
	    {right, NULL},
	    {"files:\n  c-1.tgz: sha256:00", "does not match"},
	    {"files:\n  d-1.tgz: sha256:00", "does not contain a SHA for a file named 'c-1.tgz'"},
	    {"files: [\n", "not the provenance of a chart"},
	};

	(void)state;
	lint_source_init(&source);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_lint_findings struct lint_findings found = LINT_FINDINGS_INIT;
		put_provenance(&source, cases[i].list);
		lint_provenance(&found, &source, "c-1.tgz");
		if (cases[i].message != NULL)
			expect_one(&found, LINT_ERROR, 0, cases[i].message);
		else
			assert_int_equal(found.count, 0);
	}
	auto_lint_findings struct lint_findings found = LINT_FINDINGS_INIT;
	source.provenance.len = 0;
	buf_puts(&source.provenance, "anything");
	lint_provenance(&found, &source, "c-1.tgz");
	expect_one(&found, LINT_ERROR, 0, "not the provenance of a chart");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_chart_yaml),
	    cmocka_unit_test(test_nothing_found),
	    cmocka_unit_test(test_findings),
	    cmocka_unit_test(test_error_lines),
	    cmocka_unit_test(test_crd),
	    cmocka_unit_test(test_documents),
	    cmocka_unit_test(test_provenance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
