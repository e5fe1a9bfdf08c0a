#include <sodium.h>

#include "common/staging.h"
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
	faults_clear();
	temp_dir_close(*state);
	free(*state);
	return 0;
}

/* A layout's worth of files below a directory. */
static void fill(int parent_fd, const char *name)
{
	auto_fd int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	temp_puts(fd, "index.json", "{}");
	temp_mkdir(fd, "blobs");
	temp_mkdir(fd, "blobs/sha256");
	temp_puts(fd, "blobs/sha256/x", "y");
	assert_int_equal(symlinkat("/", fd, "blobs/link"), 0);
}

static void makes_locked_directories(void **state)
{
	const struct temp_dir *t = *state;
	struct error err = ERROR_INIT;
	struct stat st;
	auto_free char *first_name = NULL;
	auto_free char *second_name = NULL;
	auto_fd int first = staging_make(t->fd, "out", &first_name, &err);
	auto_fd int second = staging_make(t->fd, "out", &second_name, &err);

	assert_true(first >= 0 && second >= 0);
	assert_string_not_equal(first_name, second_name);
	assert_int_equal(strlen(first_name), strlen(".out.tmp-0123456789abcdef"));
	assert_memory_equal(first_name, ".out.tmp-", strlen(".out.tmp-"));
	assert_int_equal(fstatat(t->fd, first_name, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0700);
	auto_fd int other = openat(t->fd, first_name, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
}

static void sweeps_what_nobody_holds(void **state)
{
	static const char *const others[] = {".out.tmp-0123456789abcde",
	    ".out.tmp-0123456789abcdef0", ".out.tmp-0123456789ABCDEF", ".out.tmp-",
	    "out.tmp-0123456789abcdef", ".other.tmp-0123456789abcdef", ".out.TMP-0123456789abcdef",
	    ".out-tmp-0123456789abcdef"};
	const struct temp_dir *t = *state;
	struct error err = ERROR_INIT;
	auto_free char *held = NULL;
	auto_free char *dead = NULL;
	auto_fd int held_fd = staging_make(t->fd, "out", &held, &err);
	int dead_fd = staging_make(t->fd, "out", &dead, &err);

	assert_true(held_fd >= 0 && dead_fd >= 0);
	fill(t->fd, dead);
	fill(t->fd, held);
	(void)close(dead_fd);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		temp_mkdir(t->fd, others[i]);
	temp_puts(t->fd, ".out.tmp-00000000000000ff", "a file is not ours");
	temp_mkdir(t->fd, "target");
	temp_puts(t->fd, "target/file", "");
	assert_int_equal(symlinkat("target", t->fd, ".out.tmp-00000000000000fe"), 0);
	size_t before = open_descriptors();
	staging_sweep(t->fd, "out");
	assert_int_equal(open_descriptors(), before);
	assert_false(temp_exists(t->fd, dead));
	assert_true(temp_exists(t->fd, held));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_true(temp_exists(t->fd, others[i]));
	assert_true(temp_exists(t->fd, ".out.tmp-00000000000000ff"));
	assert_true(temp_exists(t->fd, "target/file"));
	assert_true(temp_exists(t->fd, ".out.tmp-00000000000000fe"));
}

static void leaves_what_belongs_to_others(void **state)
{
	const struct temp_dir *t = *state;

	if (geteuid() != 0) {
		print_message("only root can give a directory away\n");
		return;
	}
	temp_mkdir(t->fd, ".out.tmp-0123456789abcdef");
	assert_int_equal(fchownat(t->fd, ".out.tmp-0123456789abcdef", 12345, 12345, 0), 0);
	staging_sweep(t->fd, "out");
	assert_true(temp_exists(t->fd, ".out.tmp-0123456789abcdef"));
}

static void removes_a_layouts_shape_only(void **state)
{
	const struct temp_dir *t = *state;
	struct error err = ERROR_INIT;

	temp_mkdir(t->fd, "s");
	fill(t->fd, "s");
	expect_ok(staging_remove(t->fd, "s", &err), &err);
	assert_false(temp_exists(t->fd, "s"));
	expect_ok(staging_remove(t->fd, "s", &err), &err); /* there is nothing to remove */
	temp_mkdir(t->fd, "s");
	temp_mkdir(t->fd, "s/a");
	temp_mkdir(t->fd, "s/a/b");
	temp_mkdir(t->fd, "s/a/b/c");
	temp_puts(t->fd, "s/a/b/c/deep", "");
	expect_refused(staging_remove(t->fd, "s", &err), &err, ERR_SYSTEM, "'s': 'c': remove: ");
	assert_true(temp_exists(t->fd, "s/a/b/c/deep"));
	temp_puts(t->fd, "file", "");
	expect_refused(staging_remove(t->fd, "file", &err), &err, ERR_SYSTEM, "'file'");
	assert_true(temp_exists(t->fd, "file"));
}

/* A name that is taken is somebody's, whatever it is; after every other failure nothing is left. */
static void fails_without_a_trace(void **state)
{
	static const struct {
		enum fault_call call;
		int sys_errno;
		enum err_code code;
		const char *error;
	} cases[] = {
	    {CALL_MKDIRAT, EEXIST, ERR_BUSY, "no staging directory could be kept"},
	    {CALL_MKDIRAT, ENOSPC, ERR_SYSTEM, "': mkdir: No space left"},
	    {CALL_MKDIRAT, EROFS, ERR_SYSTEM, "': mkdir: Read-only file system"},
	    {CALL_OPENAT, EMFILE, ERR_SYSTEM, "': lock: Too many open files"},
	    {CALL_FLOCK, ENOLCK, ERR_SYSTEM, "': lock: No locks available"},
	    {CALL_FLOCK, EOPNOTSUPP, ERR_SYSTEM, "': lock: Operation not supported"},
	};
	const struct temp_dir *t = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		char *name = NULL;

		faults_plan(cases[i].call, 1, cases[i].sys_errno);
		faults.lasting = true;
		int fd = staging_make(t->fd, "out", &name, &err);
		faults_clear();
		expect_refused(fd, &err, cases[i].code, cases[i].error);
		assert_null(name);
		assert_int_equal(temp_count(t->fd), 0);
	}
	/* One collision, one sweep that was faster: another name is taken. */
	for (int i = 0; i < 2; i++) {
		struct error err = ERROR_INIT;
		auto_free char *name = NULL;

		faults_plan(i == 0 ? CALL_MKDIRAT : CALL_FLOCK, 1, i == 0 ? EEXIST : EWOULDBLOCK);
		auto_fd int fd = staging_make(t->fd, "out", &name, &err);
		faults_clear();
		assert_true(fd >= 0);
		assert_non_null(name);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(makes_locked_directories),
	    TEST(sweeps_what_nobody_holds),
	    TEST(leaves_what_belongs_to_others),
	    TEST(removes_a_layouts_shape_only),
	    TEST(fails_without_a_trace),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
