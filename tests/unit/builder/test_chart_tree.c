#include <locale.h>
#include <stdint.h>
#include <stdlib.h>

#include "builder/chart_package.h"
#include "common/limits.h"
#include "tests/unit/builder/tar_fixture.h"
#include "tests/unit/expect.h"

#define CHART(name) "apiVersion: v2\nname: " name "\nversion: 1.0.0\n"

static void add(struct chart_files *files, const char *path, const char *text)
{
	chart_files_borrow(files, path, text, strlen(text));
}

/* The files of a package, with blanks between them. */
static void expect_list(const struct chart_files *files, const char *list)
{
	auto_chart_tree struct chart_tree tree;
	auto_chart_files struct chart_files out = CHART_FILES_INIT;
	auto_buf struct buf joined = BUF_INIT(MIB);
	struct error err = ERROR_INIT;

	expect_ok(chart_tree_load(&tree, files, CHART_SOURCE_DIRECTORY, &err), &err);
	expect_ok(chart_package_list(&out, &tree, &err), &err);
	for (size_t i = 0; i < out.count; i++)
		buf_printf(&joined, "%s%s", i != 0 ? " " : "", out.items[i].path);
	expect_text(buf_text(&joined), list);
}

static void expect_bad(const struct chart_files *files, enum err_code code, const char *text)
{
	auto_chart_tree struct chart_tree tree;
	struct error err = ERROR_INIT;

	expect_refused(
	    chart_tree_load(&tree, files, CHART_SOURCE_DIRECTORY, &err), &err, code, text);
}

/* Loaded, but not packed. */
static void expect_unpackable(const struct chart_files *files, const char *text)
{
	auto_chart_tree struct chart_tree tree;
	auto_chart_files struct chart_files out = CHART_FILES_INIT;
	struct error err = ERROR_INIT;

	expect_ok(chart_tree_load(&tree, files, CHART_SOURCE_DIRECTORY, &err), &err);
	expect_refused(chart_package_list(&out, &tree, &err), &err, ERR_CHART, text);
}

/* A chart archive with one more file in it. */
static void pack(struct buf *out, const char *name, const char *path, const char *bytes, size_t len)
{
	auto_buf struct buf tar = TAR_FIXTURE_INIT;
	auto_free char *yaml = mem_printf("apiVersion: v2\nname: %s\nversion: 1.0.0\n", name);

	tar_file(&tar, "x/Chart.yaml", yaml);
	if (path != NULL)
		tar_entry(&tar, '0', path, bytes, len);
	tar_end(&tar);
	gzip(out, tar.data, tar.len);
}

static void test_order(void **state)
{
	auto_chart_files struct chart_files files = CHART_FILES_INIT;

	(void)state;
	add(&files, "zeta", "");
	add(&files, "charts/b/templates/x", "");
	add(&files, "charts/b/Chart.yaml", CHART("second"));
	add(&files, "templates/t", "");
	add(&files, "values.schema.json", "{}");
	add(&files, "charts/z/Chart.yaml", CHART("first"));
	add(&files, "charts/b/x.prov", "");
	add(&files, "charts/_off/x", "");
	add(&files, "values.yaml", "a: 1\n");
	add(&files, "Chart.lock", "digest: d\n");
	add(&files, "alpha", "");
	add(&files, "charts", "");
	add(&files, "templates", "");
	add(&files, "Chart.yaml", CHART("top"));
	expect_list(&files, "Chart.yaml Chart.lock values.yaml values.schema.json templates/t zeta "
			    "charts/b/x.prov alpha charts templates charts/first/Chart.yaml "
			    "charts/second/Chart.yaml charts/second/templates/x");
}

static void test_archives(void **state)
{
	auto_chart_files struct chart_files files = CHART_FILES_INIT;
	auto_buf struct buf inner = BUF_INIT(MIB);
	auto_buf struct buf outer = BUF_INIT(MIB);

	(void)state;
	pack(&inner, "inner", "x/values.schema.json", "", 0); /* which Helm loses */
	pack(&outer, "outer", "x/charts/i.tgz", inner.data, inner.len);
	add(&files, "Chart.yaml", CHART("top"));
	chart_files_borrow(&files, "charts/o-1.tgz", outer.data, outer.len);
	expect_list(
	    &files, "Chart.yaml charts/outer/Chart.yaml charts/outer/charts/inner/Chart.yaml");
	add(&files, "charts/o.tgz/Chart.yaml", CHART("x"));
	expect_bad(&files, ERR_CHART, "charts/o.tgz: a directory with the name of an archive");
}

static void test_depth(void **state)
{
	auto_buf struct buf archive = BUF_INIT(MIB);
	auto_chart_files struct chart_files files = CHART_FILES_INIT;

	(void)state;
	pack(&archive, "c0", NULL, NULL, 0);
	for (unsigned i = 1; i < LIMIT_SUBCHART_LEVELS_MAX; i++) {
		auto_buf struct buf next = BUF_INIT(MIB);
		pack(&next, "c", "x/charts/c.tgz", archive.data, archive.len);
		buf_release(&archive);
		buf_put(&archive, next.data, next.len);
	}
	add(&files, "Chart.yaml", CHART("top"));
	chart_files_borrow(&files, "charts/c.tgz", archive.data, archive.len);
	expect_bad(&files, ERR_LIMIT, "more than 16 levels of charts in charts");
}

/* Small archives that unpack to much: what all of them hold together is bounded. */
static void test_size(void **state)
{
	auto_chart_files struct chart_files files = CHART_FILES_INIT;
	auto_buf struct buf archive = BUF_INIT(128 * MIB);
	auto_buf struct buf tar = TAR_FIXTURE_INIT;
	auto_free char *zeros = mem_zalloc(1, LIMIT_CHART_FILE_BYTES_MAX);

	(void)state;
	tar_file(&tar, "x/Chart.yaml", CHART("big"));
	for (unsigned i = 0; i < 17; i++) {
		auto_free char *name = mem_printf("x/%u", i);
		tar_entry(&tar, '0', name, zeros, LIMIT_CHART_FILE_BYTES_MAX);
	}
	gzip(&archive, tar.data, tar.len);
	add(&files, "Chart.yaml", CHART("top"));
	chart_files_borrow(&files, "charts/a.tgz", archive.data, archive.len);
	chart_files_borrow(&files, "charts/b.tgz", archive.data, archive.len);
	expect_bad(&files, ERR_LIMIT,
	    "charts/b.tgz: more than 167772160 bytes in all archives in charts/");
}

static void test_requirements(void **state)
{
	auto_chart_files struct chart_files files = CHART_FILES_INIT;
	auto_chart_tree struct chart_tree tree;
	struct error err = ERROR_INIT;

	(void)state;
	add(&files, "requirements.yaml",
	    "description: theirs\ndependencies:\n- name: two\n  alias: ~\n- name: three\n");
	add(&files, "requirements.lock", "digest: earlier\n");
	add(&files, "Chart.lock", "~\n");
	add(&files, "Chart.yaml",
	    CHART("top") "description: ours\nhome: h\ndependencies:\n- {name: one, alias: kept}\n");
	expect_ok(chart_tree_load(&tree, &files, CHART_SOURCE_DIRECTORY, &err), &err);
	assert_false(tree.has_lock);
	assert_int_equal(tree.others.count, 0);
	expect_text(text_string(&tree.metadata.description), "theirs");
	expect_text(text_string(&tree.metadata.home), "h");
	assert_int_equal(tree.metadata.dependencies.count, 2);
	const struct chart_dependency *first = tree.metadata.dependencies.items[0];
	expect_text(text_string(&first->name), "two");
	expect_text(text_string(&first->alias), "kept");
	expect_refused(chart_package_check(&tree, &err), &err, ERR_CHART,
	    "found in Chart.yaml, but missing in charts/ directory: 'two', 'three'");
}

static void test_refused(void **state)
{
	static const struct {
		const char *path;
		const char *content;
		const char *text;
	} cases[] = {
	    {"values.yaml", "- a\n", "values.yaml: line 1: must be a map, not a list"},
	    {"Chart.lock", "generated: [\n", "Chart.lock: line 2: "},
	    {"requirements.lock", "[]", "requirements.lock: line 1: must be a map"},
	    {"requirements.yaml", "version: x\n",
		"Chart.yaml with requirements.yaml: line 1: version 'x' is not a semantic version"},
	    {"requirements.yaml", "apiVersion: ''\n", "apiVersion is required"},
	    {"charts/x", "", "charts/x: not a chart, but directly in charts/"},
	    {"charts/x.tgz", "", "charts/x.tgz: not a gzipped archive"},
	    {"charts/x/y", "", "charts/x: Chart.yaml is missing"},
	    {"charts/x/Chart.yaml", "version: 1.0.0\n", "charts/x: Chart.yaml: name is required"},
	    {"charts/good/charts/x/Chart.yaml", "- a\n",
		"charts/good: charts/x: Chart.yaml: line 1: must be a map"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_chart_files struct chart_files files = CHART_FILES_INIT;
		add(&files, "Chart.yaml", CHART("top"));
		add(&files, "charts/good/Chart.yaml", CHART("good"));
		add(&files, cases[i].path, cases[i].content);
		expect_bad(&files, ERR_CHART, cases[i].text);
	}
}

static void test_cannot_be_packed(void **state)
{
	static const struct {
		const char *path;
		const char *content;
		const char *text;
	} cases[] = {
	    {"values.schema.json", "", "values.schema.json: line 1: not JSON"},
	    {"charts/good/values.schema.json", "{",
		"charts/good/values.schema.json: line 1: not JSON"},
	    {"charts/other/Chart.yaml", CHART("good"), "charts: two charts have the name 'good'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_chart_files struct chart_files files = CHART_FILES_INIT;
		add(&files, "Chart.yaml", CHART("top"));
		add(&files, "charts/good/Chart.yaml", CHART("good"));
		add(&files, cases[i].path, cases[i].content);
		expect_unpackable(&files, cases[i].text);
	}
}

/* A file of the parent may stand where a file of the chart in an archive comes to lie. */
static void test_one_path_twice(void **state)
{
	auto_chart_files struct chart_files files = CHART_FILES_INIT;
	auto_buf struct buf archive = BUF_INIT(MIB);

	(void)state;
	pack(&archive, "sub", "x/a.prov", "", 0);
	add(&files, "Chart.yaml", CHART("top"));
	add(&files, "charts/sub/a.prov", "");
	chart_files_borrow(&files, "charts/sub.tgz", archive.data, archive.len);
	expect_unpackable(&files, "'charts/sub/a.prov': comes from two places in charts/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_archives),
	    cmocka_unit_test(test_depth),
	    cmocka_unit_test(test_size),
	    cmocka_unit_test(test_requirements),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_cannot_be_packed),
	    cmocka_unit_test(test_one_path_twice),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("chart_tree", tests, NULL, NULL);
}
