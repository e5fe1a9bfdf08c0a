#include <stdlib.h>
#include <unistd.h>

#include "builder/chart_pool.h"
#include "common/limits.h"
#include "tests/unit/builder/dependency_fixture.h"

struct fixture {
	struct temp_dir dir;
	struct chart_pool pool;
	const char *first; /* the directories, owned */
	const char *second;
};

static int set_up(void **state)
{
	struct fixture *f = mem_zalloc(1, sizeof(*f));

	temp_dir_open(&f->dir);
	temp_mkdir(f->dir.fd, "one");
	temp_mkdir(f->dir.fd, "two");
	f->first = temp_path(&f->dir, "one");
	f->second = temp_path(&f->dir, "two");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	chart_pool_release(&f->pool);
	temp_dir_close(&f->dir);
	free((char *)(uintptr_t)f->first);
	free((char *)(uintptr_t)f->second);
	free(f);
	return 0;
}

static void read_both(struct fixture *f)
{
	const char *directories[] = {f->first, f->second};
	struct error err = ERROR_INIT;

	expect_ok(chart_pool_read(&f->pool, directories, 2, &err), &err);
}

static int choose(const struct fixture *f, const struct pool_chart **out, const char *name,
    const char *wanted, struct error *err)
{
	auto_version_demand struct version_demand d = VERSION_DEMAND_INIT;
	char *copy = mem_strdup(name);
	const struct text text = {.bytes = copy, .len = strlen(name)};

	expect_ok(semver_constraint_parse(&d.constraint, wanted, strlen(wanted), err), err);
	int status = chart_pool_choose(&f->pool, out, &text, &d, err);
	free(copy);
	return status;
}

static void expect_chosen(
    const struct fixture *f, const char *name, const char *wanted, const char *path)
{
	struct error err = ERROR_INIT;
	const struct pool_chart *chosen;

	expect_ok(choose(f, &chosen, name, wanted, &err), &err);
	if (path == NULL) {
		assert_null(chosen);
		return;
	}
	assert_non_null(chosen);
	expect_text(chosen->path + strlen(f->dir.path) + 1, path);
}

static void expect_unclear(
    const struct fixture *f, const char *name, enum err_code code, const char *text)
{
	struct error err = ERROR_INIT;
	const struct pool_chart *chosen;

	expect_refused(choose(f, &chosen, name, ">=0", &err), &err, code, text);
}

static void test_highest_version(void **state)
{
	struct fixture *f = *state;

	fixture_archive(&f->dir, "one/a-1.9.0.tgz", "a", "1.9.0", "");
	fixture_archive(&f->dir, "one/a-1.10.0.tgz", "a", "1.10.0", "");
	fixture_archive(&f->dir, "two/any.tgz", "a", "2.0.0-rc.1", "");
	fixture_chart(&f->dir, "two/there", "a", "1.11.0", "");
	fixture_archive(&f->dir, "two/ab-9.0.0.tgz", "ab", "9.0.0", "");
	read_both(f);
	expect_chosen(f, "a", "^1", "two/there");
	expect_chosen(f, "a", "~1.10", "one/a-1.10.0.tgz");
	expect_chosen(f, "a", ">=1", "two/there");
	expect_chosen(f, "a", ">=1-0", "two/any.tgz");
	expect_chosen(f, "a", "^3", NULL);
	expect_chosen(f, "b", "*", NULL);
}

static void test_first_directory_on_a_tie(void **state)
{
	struct fixture *f = *state;

	fixture_archive(&f->dir, "one/z.tgz", "a", "1.0.0+one", "");
	fixture_archive(&f->dir, "two/a.tgz", "a", "1.0.0+two", "");
	fixture_archive(&f->dir, "one/b.tgz", "b", "1.0.0", "");
	fixture_archive(&f->dir, "two/b.tgz", "b", "1.0.0", "");
	read_both(f);
	expect_chosen(f, "a", "1", "one/z.tgz");
	expect_chosen(f, "b", "1", "one/b.tgz");
}

static void test_same_version_twice(void **state)
{
	struct fixture *f = *state;

	fixture_archive(&f->dir, "one/a.tgz", "a", "1.0.0", "");
	fixture_archive(&f->dir, "two/a.tgz", "a", "1.0.0", "icon: x\n");
	fixture_archive(&f->dir, "one/b.tgz", "b", "1.0.0", "");
	fixture_chart(&f->dir, "two/b", "b", "1.0.0", "");
	fixture_archive(&f->dir, "one/c1.tgz", "c", "1.0.0", "");
	fixture_archive(&f->dir, "one/c2.tgz", "c", "1.0.0", "icon: x\n");
	fixture_archive(&f->dir, "one/c3.tgz", "c", "2.0.0", "");
	read_both(f);
	expect_unclear(f, "a", ERR_CHART, "one/a.tgz' and '");
	expect_unclear(f, "a", ERR_CHART, "two/a.tgz' are both the version '1.0.0' of 'a'");
	expect_unclear(f, "b", ERR_CHART, "not the same bytes");
	expect_chosen(f, "c", "*", "one/c3.tgz"); /* only what is chosen has to be clear */
}

static void test_what_cannot_be_used(void **state)
{
	struct fixture *f = *state;

	fixture_archive(&f->dir, "one/good-1.0.0.tgz", "good", "1.0.0", "");
	temp_puts(f->dir.fd, "one/junk-1.0.0.tgz", "junk");
	temp_puts(f->dir.fd, "one/README.md", "no chart");
	temp_mkdir(f->dir.fd, "one/empty");
	fixture_chart(&f->dir, "one/nameless", "\"\"", "1.0.0", "");
	assert_int_equal(symlinkat("good-1.0.0.tgz", f->dir.fd, "one/link-1.0.0.tgz"), 0);
	assert_int_equal(symlinkat("nameless", f->dir.fd, "one/linked"), 0);
	assert_int_equal(mkfifoat(f->dir.fd, "one/pipe-1.tgz", 0644), 0);
	assert_int_equal(mkfifoat(f->dir.fd, "one/pipe", 0644), 0);
	temp_mkdir(f->dir.fd, "one/hole");
	assert_int_equal(mkfifoat(f->dir.fd, "one/hole/Chart.yaml", 0644), 0);
	read_both(f);
	assert_int_equal(f->pool.count, 7);
	expect_chosen(f, "good", "1", "one/good-1.0.0.tgz");
	expect_unclear(f, "junk", ERR_CHART, "one/junk-1.0.0.tgz': not a gzipped archive");
	expect_unclear(f, "jun", ERR_CHART, "junk-1.0.0.tgz");
	expect_unclear(f, "nameless", ERR_CHART, "name");
	expect_unclear(f, "link", ERR_CHART, "a link, and no link is followed here");
	expect_unclear(f, "linked", ERR_CHART, "a link");
	expect_unclear(f, "pipe", ERR_CHART, "not a regular file");
	expect_unclear(f, "hole", ERR_CHART, "Chart.yaml is not a regular file");
	expect_chosen(f, "README", "1", NULL);
	expect_chosen(f, "empty", "1", NULL);
}

static void test_archive_of_a_choice(void **state)
{
	struct fixture *f = *state;
	auto_buf struct buf file = BUF_INIT(LIMIT_CHART_ARCHIVE_BYTES_MAX);
	auto_buf struct buf packed = BUF_INIT(LIMIT_CHART_ARCHIVE_BYTES_MAX);
	auto_buf struct buf again = BUF_INIT(LIMIT_CHART_ARCHIVE_BYTES_MAX);
	struct error err = ERROR_INIT;

	fixture_archive(&f->dir, "one/a.tgz", "a", "1.0.0", "");
	fixture_chart(&f->dir, "two/b", "b", "1.0.0", "");
	read_both(f);
	expect_ok(chart_pool_archive(&file, &f->pool.items[0], 0, &err), &err);
	temp_read(f->dir.fd, "one/a.tgz", &again);
	assert_int_equal(again.len, file.len);
	assert_memory_equal(again.data, file.data, file.len);
	expect_ok(chart_pool_archive(&packed, &f->pool.items[1], 0, &err), &err);
	assert_true(packed.len > 0);
}

static void test_changed_since(void **state)
{
	struct fixture *f = *state;
	auto_buf struct buf out = BUF_INIT(LIMIT_CHART_ARCHIVE_BYTES_MAX);
	struct error err = ERROR_INIT;

	fixture_archive(&f->dir, "one/a.tgz", "a", "1.0.0", "");
	fixture_chart(&f->dir, "two/b", "b", "1.0.0", "");
	read_both(f);
	fixture_archive(&f->dir, "one/a.tgz", "a", "1.0.0", "icon: x\n");
	temp_puts(f->dir.fd, "two/b/Chart.yaml", "apiVersion: v2\nname: b\nversion: 2.0.0\n");
	expect_refused(chart_pool_archive(&out, &f->pool.items[0], 0, &err), &err, ERR_CHART,
	    "changed while it was read");
	expect_refused(chart_pool_archive(&out, &f->pool.items[1], 0, &err), &err, ERR_CHART,
	    "changed while it was read");
}

static void test_no_such_directory(void **state)
{
	struct fixture *f = *state;
	auto_free char *path = temp_path(&f->dir, "none");
	const char *directories[] = {path};
	struct error err = ERROR_INIT;

	expect_refused(chart_pool_read(&f->pool, directories, 1, &err), &err, ERR_SYSTEM,
	    "dependency directory '");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_highest_version),
	    TEST(test_first_directory_on_a_tie),
	    TEST(test_same_version_twice),
	    TEST(test_what_cannot_be_used),
	    TEST(test_archive_of_a_choice),
	    TEST(test_changed_since),
	    TEST(test_no_such_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
