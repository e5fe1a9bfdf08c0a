#include "common/file_write.h"
#include "tests/unit/faults.h"
#include "tests/unit/temp_dir.h"

static int set_up(void **state)
{
	struct temp_dir *t = mem_zalloc(1, sizeof(*t));

	temp_dir_open(t);
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	temp_dir_close(*state);
	free(*state);
	return 0;
}

static void writes_a_file_of_its_mode(void **state)
{
	static const mode_t modes[] = {0600, 0644, 0640};
	static const mode_t umasks[] = {0, 022, 077, 0777};
	const struct temp_dir *t = *state;

	for (size_t i = 0; i < ARRAY_SIZE(modes) * ARRAY_SIZE(umasks); i++) {
		struct error err = ERROR_INIT;
		struct stat st;
		mode_t mode = modes[i % ARRAY_SIZE(modes)];
		mode_t before = umask(umasks[i / ARRAY_SIZE(modes)]);
		int result = file_write_new(t->fd, "f", "hello", 5, mode, &err);

		(void)umask(before);
		expect_ok(result, &err);
		assert_int_equal(fstatat(t->fd, "f", &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_int_equal(st.st_mode & 07777, mode);
		assert_int_equal(st.st_size, 5);
		assert_int_equal(unlinkat(t->fd, "f", 0), 0);
	}
}

static void touches_nothing_that_is_there(void **state)
{
	const struct temp_dir *t = *state;
	auto_buf struct buf found = BUF_INIT(100);

	temp_puts(t->fd, "file", "old");
	temp_mkdir(t->fd, "directory");
	assert_int_equal(symlinkat("file", t->fd, "link"), 0);
	assert_int_equal(symlinkat("nothing", t->fd, "dangling"), 0);
	static const char *const names[] = {"file", "directory", "link", "dangling"};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct error err = ERROR_INIT;

		expect_refused(file_write_new(t->fd, names[i], "new", 3, 0644, &err), &err,
		    ERR_SYSTEM, "': create: File exists");
		assert_int_equal(err.sys_errno, EEXIST);
		assert_true(temp_exists(t->fd, names[i]));
	}
	temp_read(t->fd, "file", &found);
	expect_text(buf_text(&found), "old");
	assert_false(temp_exists(t->fd, "nothing"));
}

/* Each call fails once, with each reason: the error says so, and no file is left. */
static void leaves_nothing_half_done(void **state)
{
	static const enum fault_call calls[] = {CALL_OPENAT, CALL_WRITE, CALL_FCHMOD, CALL_FSYNC};
	static const int numbers[] = {ENOSPC, EDQUOT, EIO, EROFS};
	const struct temp_dir *t = *state;

	for (size_t i = 0; i < ARRAY_SIZE(calls) * ARRAY_SIZE(numbers); i++) {
		struct error err = ERROR_INIT;
		size_t before = open_descriptors();
		int number = numbers[i % ARRAY_SIZE(numbers)];

		faults_plan(calls[i / ARRAY_SIZE(numbers)], 1, number);
		int result = file_write_new(t->fd, "f", "hello", 5, 0644, &err);
		faults_clear();
		expect_refused(result, &err, ERR_SYSTEM, "'f': ");
		assert_int_equal(err.sys_errno, number);
		assert_false(temp_exists(t->fd, "f"));
		assert_int_equal(open_descriptors(), before);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(writes_a_file_of_its_mode),
	    TEST(touches_nothing_that_is_there),
	    TEST(leaves_nothing_half_done),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
