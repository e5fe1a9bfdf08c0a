#include "builder/unsynced.h"
#include "tests/unit/faults.h"
#include "tests/unit/temp_dir.h"

#define FILES_MAX (2 * UNSYNCED_MAX + 1)

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

/* The last of count is the directory itself. */
static int sync_files(const struct temp_dir *t, size_t count, struct error *err)
{
	struct unsynced u = UNSYNCED_INIT;
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++) {
		bool is_directory = i == count - 1;
		auto_free char *name = mem_printf("%zu", i);
		int fd = is_directory ? openat(t->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
				      : openat(t->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		assert_true(is_directory || write(fd, name, 1) == 1);
		result = unsynced_add(&u, fd, is_directory, err);
	}
	if (result == 0)
		result = unsynced_sync(&u, err);
	assert_true(result != 0 || u.count == 0);
	unsynced_release(&u);
	return result;
}

static void syncs_each_once(void **state)
{
	static const size_t counts[] = {0, 1, 2, 7, UNSYNCED_MAX, UNSYNCED_MAX + 1, FILES_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct error err = ERROR_INIT;
		size_t before = open_descriptors();

		faults_clear();
		expect_ok(sync_files(*state, counts[i], &err), &err);
		assert_int_equal(faults.seen[CALL_FSYNC], counts[i]);
		assert_int_equal(open_descriptors(), before);
	}
}

/* Whichever of them fails, and however often: it is told once, and tried once. */
static void row_f2_a_failing_sync_is_told_and_not_repeated(void **state)
{
	static const size_t counts[] = {1, 7, UNSYNCED_MAX + 3};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		for (unsigned n = 1; n <= counts[i]; n++) {
			struct error err = ERROR_INIT;
			size_t before = open_descriptors();

			faults_plan(CALL_FSYNC, n, EIO);
			expect_refused(
			    sync_files(*state, counts[i], &err), &err, ERR_SYSTEM, "sync");
			assert_int_equal(err.sys_errno, EIO);
			assert_true(faults.seen[CALL_FSYNC] <= counts[i]);
			assert_int_equal(open_descriptors(), before);
		}
	}
}

/* EINVAL is how a file system says that it syncs no directories; of a file it is an error. */
static void only_directories_may_have_no_sync(void **state)
{
	struct error err = ERROR_INIT;

	faults_plan(CALL_FSYNC, 1, EINVAL);
	expect_ok(sync_files(*state, 1, &err), &err);
	faults_plan(CALL_FSYNC, 1, EINVAL);
	faults.lasting = true;
	expect_refused(sync_files(*state, 2, &err), &err, ERR_SYSTEM, "sync");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(syncs_each_once),
	    TEST(row_f2_a_failing_sync_is_told_and_not_repeated),
	    TEST(only_directories_may_have_no_sync),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
