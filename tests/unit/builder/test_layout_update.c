#include <fcntl.h>
#include <sys/file.h>

#include "builder/layout_update.h"
#include "tests/unit/layout_fixture.h"

static struct layout_update *open_update(const struct layout_fixture *f)
{
	struct error err = ERROR_INIT;
	struct layout_update *u = layout_update_new(f->path, &err);

	expect_ok(u != NULL ? 0 : -1, &err);
	return u;
}

static void expect_file(int dir_fd, const char *name, const char *text)
{
	auto_buf struct buf found = BUF_INIT(1000);

	temp_read(dir_fd, name, &found);
	expect_text(buf_text(&found), text);
}

static void files_are_added_and_replaced(void **state)
{
	struct layout_fixture f;
	struct error err = ERROR_INIT;
	struct digest d;
	char hex[DIGEST_HEX_LEN + 1];

	(void)state;
	fixture_open(&f);
	struct layout_update *u = open_update(&f);
	expect_ok(layout_update_add(u, "SEAL", "one", 3, &err), &err);
	expect_refused(
	    layout_update_add(u, "SEAL", "two", 3, &err), &err, ERR_EXISTS, "SEAL exists");
	expect_file(f.root_fd, "SEAL", "one");
	expect_ok(layout_update_replace(u, "SEAL", "two", 3, &err), &err);
	expect_file(f.root_fd, "SEAL", "two");
	digest_of(&d, "blob", 4);
	digest_hex(hex, &d);
	expect_ok(layout_update_blob(u, &d, "blob", 4, &err), &err);
	expect_ok(layout_update_blob(u, &d, "blob", 4, &err), &err); /* there already */
	expect_file(f.blobs_fd, hex, "blob");
	expect_ok(layout_update_sync(u, true, &err), &err);
	layout_update_free(u);
	assert_int_equal(temp_count(f.dir.fd), 1); /* nothing beside the layout */
	fixture_close(&f);
}

static void whatever_is_there_can_be_removed_but_a_full_directory(void **state)
{
	static const char *const paths[] = {"file", "link", "fifo", "empty", "blobs/file",
	    "blobs/empty", "blobs/sha256/file", "nothing", "blobs/nothing", "blobs/sha256/nothing"};
	struct layout_fixture f;
	struct error err = ERROR_INIT;

	(void)state;
	fixture_open(&f);
	temp_puts(f.root_fd, "file", "");
	temp_puts(f.root_fd, "kept", "mine");
	assert_int_equal(symlinkat("kept", f.root_fd, "link"), 0);
	assert_int_equal(mkfifoat(f.root_fd, "fifo", 0600), 0);
	temp_mkdir(f.root_fd, "empty");
	temp_puts(f.root_fd, "blobs/file", "");
	temp_mkdir(f.root_fd, "blobs/empty");
	temp_puts(f.blobs_fd, "file", "");
	temp_mkdir(f.root_fd, "full");
	temp_puts(f.root_fd, "full/file", "");
	struct layout_update *u = open_update(&f);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		expect_ok(layout_update_remove(u, paths[i], &err), &err);
		assert_false(temp_exists(f.root_fd, paths[i]));
	}
	expect_refused(
	    layout_update_remove(u, "full", &err), &err, ERR_SYSTEM, "full: remove: Directory not");
	layout_update_free(u);
	expect_file(f.root_fd, "kept", "mine");
	assert_true(temp_exists(f.root_fd, "full/file"));
	fixture_close(&f);
}

static void one_at_a_time(void **state)
{
	struct layout_fixture f;
	struct error err = ERROR_INIT;

	(void)state;
	fixture_open(&f);
	struct layout_update *u = open_update(&f);
	expect_refused(layout_update_new(f.path, &err) == NULL ? -1 : 0, &err, ERR_BUSY,
	    "another builder is at it");
	layout_update_free(u);
	layout_update_free(open_update(&f));
	fixture_close(&f);
}

static void leftovers_of_the_dead_go(void **state)
{
	struct layout_fixture f;
	const char *slash;

	(void)state;
	fixture_open(&f);
	slash = strrchr(f.path, '/');
	auto_free char *dead = mem_printf(".%s.tmp-0123456789abcdef", slash + 1);
	temp_mkdir(f.dir.fd, dead);
	auto_free char *file = mem_printf("%s/SEAL", dead);
	temp_puts(f.dir.fd, file, "half");
	layout_update_free(open_update(&f));
	assert_false(temp_exists(f.dir.fd, dead));
	fixture_close(&f);
}

static void places_that_are_no_layout(void **state)
{
	static const struct {
		const char *path;
		enum err_code code;
		const char *text;
	} cases[] = {
	    {"/", ERR_USAGE, "root directory"},
	    {"/dev/null", ERR_FORMAT, "not a directory"},
	    {"/nowhere/at/all", ERR_SYSTEM, "No such file"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;

		expect_refused(layout_update_new(cases[i].path, &err) == NULL ? -1 : 0, &err,
		    cases[i].code, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(files_are_added_and_replaced),
	    cmocka_unit_test(whatever_is_there_can_be_removed_but_a_full_directory),
	    cmocka_unit_test(one_at_a_time),
	    cmocka_unit_test(leftovers_of_the_dead_go),
	    cmocka_unit_test(places_that_are_no_layout),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
