#include <stdlib.h>

#include "builder/chart_directory.h"
#include "builder/dependency_update.h"
#include "tests/unit/builder/dependency_fixture.h"

struct fixture {
	struct temp_dir dir;
	struct chart_pool pool;
	struct chart_files files;
};

static int set_up(void **state)
{
	struct fixture *f = mem_zalloc(1, sizeof(*f));

	temp_dir_open(&f->dir);
	temp_mkdir(f->dir.fd, "pool");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	chart_files_release(&f->files);
	chart_pool_release(&f->pool);
	temp_dir_close(&f->dir);
	free(f);
	return 0;
}

/* The chart is in chart/, what it may take in pool/. */
static int update(struct fixture *f, struct error *err)
{
	auto_free char *path = temp_path(&f->dir, "chart");
	auto_free char *pool = temp_path(&f->dir, "pool");
	const char *directories[] = {pool};
	const struct dependency_sources sources = {.pool = &f->pool, .time = 86400};
	auto_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	expect_ok(chart_pool_read(&f->pool, directories, 1, err), err);
	expect_ok(chart_directory_read(&f->files, fd, path, err), err);
	return dependency_update(&f->files, path, &sources, err);
}

static void expect_paths(const struct fixture *f, const char *paths)
{
	auto_buf struct buf found = BUF_INIT(4096);

	for (size_t i = 0; i < f->files.count; i++)
		buf_printf(&found, "%s%s", i != 0 ? " " : "", f->files.items[i].path);
	expect_text(buf_text(&found), paths);
}

static void expect_lock(const struct fixture *f, const char *name, const char *part)
{
	const struct chart_file *lock = chart_files_find(&f->files, name);

	assert_non_null(lock);
	auto_free char *text = mem_strndup(lock->bytes, lock->len);
	expect_contains(text, part);
}

static void expect_fault(struct fixture *f, const char *text)
{
	struct error err = ERROR_INIT;

	expect_refused(update(f, &err), &err, ERR_CHART, text);
}

#define DEPENDS(name, version, repository)                                                         \
	"- name: " name "\n  version: \"" version "\"\n  repository: \"" repository "\"\n"

static void test_all_sources(void **state)
{
	struct fixture *f = *state;
	struct error err = ERROR_INIT;

	fixture_chart(&f->dir, "chart", "top", "1.0.0",
	    "dependencies:\n" DEPENDS("lib", "1", "file://../lib")
		DEPENDS("pooled", "^2", "https://x.example") DEPENDS("own", "~0.1", ""));
	temp_puts(f->dir.fd, "chart/values.yaml", "a: 1\n");
	temp_mkdir(f->dir.fd, "chart/charts");
	fixture_chart(&f->dir, "chart/charts/own", "own", "0.1.5", "");
	fixture_chart(&f->dir, "lib", "lib", "1.2.0", "");
	fixture_archive(&f->dir, "pool/pooled-2.0.0.tgz", "pooled", "2.0.0", "");
	fixture_archive(&f->dir, "pool/pooled-2.1.0.tgz", "pooled", "2.1.0", "");
	expect_ok(update(f, &err), &err);
	expect_paths(f, "Chart.lock Chart.yaml charts/lib-1.2.0.tgz charts/own/Chart.yaml "
			"charts/pooled-2.1.0.tgz values.yaml");
	expect_lock(f, "Chart.lock", "- name: lib\n  version: 1.2.0\n");
	expect_lock(f, "Chart.lock", "- name: pooled\n  version: 2.1.0\n");
	expect_lock(f, "Chart.lock", "- name: own\n  version: \"~0.1\"\n");
	expect_lock(f, "Chart.lock", "generated: \"1970-01-02T00:00:00Z\"");
}

static void test_what_is_there_stays(void **state)
{
	struct fixture *f = *state;
	struct error err = ERROR_INIT;

	fixture_chart(&f->dir, "chart", "top", "1.0.0",
	    "dependencies:\n" DEPENDS("a", "^1", "https://x.example")
		DEPENDS("b", "^1", "https://x.example") DEPENDS("c", "^1", "file://../c"));
	temp_mkdir(f->dir.fd, "chart/charts");
	fixture_archive(&f->dir, "chart/charts/a-1.0.0.tgz", "a", "1.0.0", "");
	fixture_archive(&f->dir, "chart/charts/a-1.1.0.tgz", "a", "1.1.0", "");
	fixture_archive(&f->dir, "chart/charts/b-0.9.0.tgz", "b", "0.9.0", "");
	fixture_archive(&f->dir, "chart/charts/c.tgz", "c", "1.0.0", "");
	fixture_archive(&f->dir, "chart/charts/gone.tgz", "gone", "1.0.0", "");
	fixture_chart(&f->dir, "chart/charts/dir", "dir", "1.0.0", "");
	fixture_archive(&f->dir, "pool/a-1.2.0.tgz", "a", "1.2.0", "");
	fixture_archive(&f->dir, "pool/b-1.2.0.tgz", "b", "1.2.0", "");
	expect_ok(update(f, &err), &err);
	expect_paths(f, "Chart.lock Chart.yaml charts/a-1.1.0.tgz charts/b-1.2.0.tgz charts/c.tgz "
			"charts/dir/Chart.yaml");
	expect_lock(f, "Chart.lock", "- name: a\n  version: 1.1.0\n");
}

static void test_version_1(void **state)
{
	struct fixture *f = *state;
	struct error err = ERROR_INIT;

	temp_mkdir(f->dir.fd, "chart");
	temp_puts(f->dir.fd, "chart/Chart.yaml", "name: top\nversion: 1.0.0\n");
	temp_puts(f->dir.fd, "chart/requirements.yaml",
	    "dependencies:\n" DEPENDS("a", "1", "https://x.example"));
	temp_puts(f->dir.fd, "chart/zzz", "");
	fixture_archive(&f->dir, "pool/a-1.2.0.tgz", "a", "1.2.0", "");
	expect_ok(update(f, &err), &err);
	expect_paths(f, "Chart.yaml charts/a-1.2.0.tgz requirements.lock requirements.yaml zzz");
	expect_lock(f, "requirements.lock", "- name: a\n  version: 1.2.0\n");
}

static void test_nothing_to_do(void **state)
{
	struct fixture *f = *state;
	struct error err = ERROR_INIT;

	fixture_chart(&f->dir, "chart", "top", "1.0.0", "");
	temp_mkdir(f->dir.fd, "chart/charts");
	fixture_archive(&f->dir, "chart/charts/a-1.0.0.tgz", "a", "1.0.0", "");
	expect_ok(update(f, &err), &err);
	expect_paths(f, "Chart.yaml charts/a-1.0.0.tgz");
}

static void test_missing(void **state)
{
	struct fixture *f = *state;

	fixture_chart(&f->dir, "chart", "top", "1.0.0",
	    "dependencies:\n" DEPENDS("a", "^3", "https://x.example") DEPENDS(
		"b", "1", "file://../b") DEPENDS("c", "^2", "file://../c") DEPENDS("d", "1", ""));
	temp_mkdir(f->dir.fd, "chart/charts");
	fixture_archive(&f->dir, "chart/charts/a-0.9.0.tgz", "a", "0.9.0", "");
	fixture_archive(&f->dir, "pool/a-1.0.0.tgz", "a", "1.0.0", "");
	fixture_archive(&f->dir, "pool/a-2.0.0.tgz", "a", "2.0.0", "");
	fixture_chart(&f->dir, "c", "c", "1.0.0", "");
	expect_fault(f,
	    "4 dependencies are not to be had here and must be brought into the enclave: "
	    "'a' '^3' from https://x.example (seen: 0.9.0, 1.0.0, 2.0.0), "
	    "'b' '1' from file://../b (none seen), "
	    "'c' '^2' from file://../c (seen: 1.0.0), "
	    "'d' '1' from charts/, as it names no repository (none seen)");
}

static const struct {
	const char *dependencies;
	const char *text;
} refused[] = {
    {DEPENDS("own", "^2", "https://x.example"),
	"dependency 'own': charts/own: has the version '1.0.0' of 'own', but wanted is '^2'"},
    {DEPENDS("own", "latest", ""), "dependency 'own': "},
    {DEPENDS("a", "", "https://x.example"), "dependency 'a': "},
    {DEPENDS("a", "1", "file://../lib"), "file://../lib: the chart there is 'lib'"},
    {DEPENDS("lib", "1", "file://../file"), "not a directory"},
    {DEPENDS("lib", "1", "file://../none"), "1 dependency is not to be had"},
    {DEPENDS("a", "1", "https://x.example") DEPENDS("a", "2", "https://x.example") "  alias: b\n",
	"dependency 'a': '1.0.0' and '2.0.0' are wanted together"},
    {DEPENDS("junk", "1", "https://x.example"), "pool/junk.tgz': not a gzipped archive"},
};

static void test_refused(void **state)
{
	struct fixture *f = *state;

	temp_mkdir(f->dir.fd, "chart");
	temp_mkdir(f->dir.fd, "chart/charts");
	fixture_chart(&f->dir, "chart/charts/own", "own", "1.0.0", "");
	fixture_chart(&f->dir, "lib", "lib", "1.0.0", "");
	fixture_archive(&f->dir, "file", "lib", "1.0.0", "");
	fixture_archive(&f->dir, "pool/a-1.0.0.tgz", "a", "1.0.0", "");
	fixture_archive(&f->dir, "pool/a-2.0.0.tgz", "a", "2.0.0", "");
	temp_puts(f->dir.fd, "pool/junk.tgz", "junk");
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		auto_free char *yaml =
		    mem_printf("apiVersion: v2\nname: top\nversion: 1.0.0\ndependencies:\n%s",
			refused[i].dependencies);
		temp_puts(f->dir.fd, "chart/Chart.yaml", yaml);
		expect_fault(f, refused[i].text);
		chart_files_release(&f->files);
		chart_pool_release(&f->pool);
	}
}

static const struct {
	const char *chart;
	const char *repository;
	const char *path;
} paths[] = {
    {"chart", "file://../lib", "lib"},
    {"chart/", "file://lib", "chart/lib"},
    {".", "file://../../lib", "../../lib"},
    {"../a", "file://../../b/./c//", "../../b/c"},
    {"/a/b", "file://../../../../c", "/c"},
    {"/a", "file://..", "/"},
    {"a", "file://..", "."},
    {"a", "file:///x/../y", "/y"},
    {"a", "file://", "a"},
    {"a", "file://..x/...", "a/..x/..."},
    {"a", "file://%2e%2e", "a/%2e%2e"},
};

static void test_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		auto_free char *path =
		    dependency_directory_path(paths[i].chart, paths[i].repository);
		expect_text(path, paths[i].path);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_all_sources),
	    TEST(test_what_is_there_stays),
	    TEST(test_version_1),
	    TEST(test_nothing_to_do),
	    TEST(test_missing),
	    TEST(test_refused),
	    cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
