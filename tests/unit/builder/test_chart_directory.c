#include <stdint.h>
#include <string.h>

#include "builder/chart_directory.h"
#include "common/limits.h"
#include "tests/unit/temp_dir.h"

static int set_up(void **state)
{
	struct temp_dir *t = mem_alloc(sizeof(*t));

	temp_dir_open(t);
	temp_mkdir(t->fd, "c");
	temp_mkdir(t->fd, "c/d");
	temp_mkdir(t->fd, "c2");
	temp_puts(t->fd, "c/d/x", "inner");
	temp_puts(t->fd, "c/a.txt", "\xEF\xBB\xBFtext");
	temp_puts(t->fd, "c2/secret", "secret");
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	temp_dir_close(*state);
	free(*state);
	return 0;
}

static void link_to(const struct temp_dir *t, const char *target, const char *name)
{
	(void)unlinkat(t->fd, name, 0);
	assert_int_equal(symlinkat(target, t->fd, name), 0);
}

static int read_chart(struct chart_files *out, const struct temp_dir *t, struct error *err)
{
	auto_free char *path = temp_path(t, "c");
	auto_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return chart_directory_read(out, fd, path, err);
}

/* The files as "PATH=CONTENT", in their order. */
static void expect_files(const struct temp_dir *t, const char *expected)
{
	auto_chart_files struct chart_files files = CHART_FILES_INIT;
	auto_buf struct buf joined = BUF_INIT(MIB);
	struct error err = ERROR_INIT;
	size_t descriptors = open_descriptors();

	expect_ok(read_chart(&files, t, &err), &err);
	for (size_t i = 0; i < files.count; i++)
		buf_printf(&joined, "%s%s=%.*s", i != 0 ? " " : "", files.items[i].path,
		    (int)files.items[i].len, files.items[i].bytes);
	expect_text(buf_text(&joined), expected);
	assert_int_equal(open_descriptors(), descriptors);
}

static void expect_bad(const struct temp_dir *t, enum err_code code, const char *text)
{
	auto_chart_files struct chart_files files = CHART_FILES_INIT;
	struct error err = ERROR_INIT;
	size_t descriptors = open_descriptors();

	expect_refused(read_chart(&files, t, &err), &err, code, text);
	assert_int_equal(open_descriptors(), descriptors);
}

/* By name in each directory: "d/x" stands where "d" does. */
static void test_order(void **state)
{
	const struct temp_dir *t = *state;

	temp_puts(t->fd, "c/d.txt", "");
	temp_puts(t->fd, "c/d-", "");
	temp_mkdir(t->fd, "c/empty");
	expect_files(t, "a.txt=text d/x=inner d-= d.txt=");
}

static void test_links(void **state)
{
	const struct temp_dir *t = *state;
	auto_free char *absolute = temp_path(t, "c/d/x");

	link_to(t, "d/x", "c/file");
	link_to(t, "d", "c/directory");
	link_to(t, "../file", "c/d/chain");
	link_to(t, absolute, "c/absolute");
	link_to(t, "../../c/a.txt", "c/d/out-and-in");
	expect_files(t, "a.txt=text absolute=inner d/chain=inner d/out-and-in=text d/x=inner "
			"directory/chain=inner directory/out-and-in=text directory/x=inner "
			"file=inner");
}

static void test_links_out(void **state)
{
	const struct temp_dir *t = *state;
	auto_free char *secret = temp_path(t, "c2/secret");
	auto_free char *text =
	    mem_printf("'d/l': a link out of the chart directory, to '%s'", secret);

	link_to(t, "../../c2/secret", "c/d/l"); /* a name that begins with the chart's */
	expect_bad(t, ERR_CHART, text);
	link_to(t, secret, "c/d/l");
	expect_bad(t, ERR_CHART, text);
	assert_int_equal(unlinkat(t->fd, "c/d/l", 0), 0);
	link_to(t, "..", "c/up");
	expect_bad(t, ERR_CHART, "'up': a link out of the chart directory, to '");
	temp_puts(t->fd, "c/.helmignore", "up\n");
	expect_files(t, ".helmignore=up\n a.txt=text d/x=inner");
}

static void test_broken_links(void **state)
{
	const struct temp_dir *t = *state;

	temp_puts(t->fd, "c/.helmignore", "l\n"); /* which does not help, as in Helm */
	link_to(t, "nowhere", "c/l");
	expect_bad(t, ERR_CHART, "'l': a link that leads nowhere");
	link_to(t, "a.txt/x", "c/l");
	expect_bad(t, ERR_CHART, "'l': a link that leads nowhere");
	link_to(t, "l", "c/l");
	expect_bad(t, ERR_CHART, "'l': a link that leads in a circle");
}

static void test_circles(void **state)
{
	const struct temp_dir *t = *state;

	link_to(t, ".", "c/d/self");
	expect_bad(t, ERR_CHART, "'d/self': a link to a directory that it lies in");
	assert_int_equal(unlinkat(t->fd, "c/d/self", 0), 0);
	link_to(t, "..", "c/d/up");
	expect_bad(t, ERR_CHART, "'d/up': a link to a directory that it lies in");
	temp_puts(t->fd, "c/.helmignore", "up/\n");
	expect_files(t, ".helmignore=up/\n a.txt=text d/x=inner");
}

static void test_types(void **state)
{
	const struct temp_dir *t = *state;

	assert_int_equal(mkfifoat(t->fd, "c/fifo", 0600), 0);
	expect_bad(t, ERR_CHART, "'fifo': neither a regular file nor a directory");
	link_to(t, "fifo", "c/e");
	expect_bad(t, ERR_CHART, "'e': neither a regular file nor a directory");
	temp_puts(t->fd, "c/.helmignore", "fifo\ne\n");
	expect_files(t, ".helmignore=fifo\ne\n a.txt=text d/x=inner");
}

static void test_rules(void **state)
{
	const struct temp_dir *t = *state;

	temp_puts(t->fd, "c/rules", "*.txt\n");
	link_to(t, "rules", "c/.helmignore");
	expect_files(t, ".helmignore=*.txt\n d/x=inner rules=*.txt\n");
	temp_puts(t->fd, "c/rules", "a[\n");
	expect_bad(t, ERR_CHART, ".helmignore: line 1: ");
	link_to(t, "../c2/secret", "c/.helmignore");
	expect_bad(t, ERR_CHART, "'.helmignore': a link out of the chart directory");
	assert_int_equal(unlinkat(t->fd, "c/.helmignore", 0), 0);
	temp_mkdir(t->fd, "c/.helmignore");
	expect_bad(t, ERR_CHART, "'.helmignore': a directory");
}

/* Two links in each of many directories: 2^n paths from few files. */
static void test_many_paths(void **state)
{
	const struct temp_dir *t = *state;

	for (unsigned i = 0; i < 20; i++) {
		auto_free char *directory = mem_printf("c/n%u", i);
		auto_free char *next = mem_printf("../n%u", i + 1);
		auto_free char *one = mem_printf("%s/a", directory);
		auto_free char *two = mem_printf("%s/b", directory);
		temp_mkdir(t->fd, directory);
		link_to(t, next, one);
		link_to(t, next, two);
	}
	temp_mkdir(t->fd, "c/n20");
	expect_bad(t, ERR_LIMIT, "more than 20000 files and directories");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_links, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_links_out, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_broken_links, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_circles, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_types, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_rules, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_many_paths, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("chart_directory", tests, NULL, NULL);
}
