#include <fcntl.h>

#include "builder/directory_names.h"
#include "tests/unit/expect.h"
#include "tests/unit/temp_dir.h"

static void test_sorted(void **state)
{
	static const char *const sorted[] = {".hidden", "B", "a", "a b", "a.b", "b", "\xC3\xBC"};
	auto_directory_names struct directory_names names = DIRECTORY_NAMES_INIT;
	struct error err = ERROR_INIT;
	struct temp_dir t;

	(void)state;
	temp_dir_open(&t);
	for (size_t i = ARRAY_SIZE(sorted); i > 0; i--)
		temp_puts(t.fd, sorted[i - 1], "");
	for (int again = 0; again < 2; again++) {
		expect_ok(directory_names_read(&names, t.fd, ARRAY_SIZE(sorted), &err), &err);
		assert_int_equal(names.count, ARRAY_SIZE(sorted));
		for (size_t i = 0; i < names.count; i++)
			assert_string_equal(names.items[i], sorted[i]);
		directory_names_release(&names);
	}
	expect_refused(directory_names_read(&names, t.fd, ARRAY_SIZE(sorted) - 1, &err), &err,
	    ERR_LIMIT, "more than 6 entries");
	temp_dir_close(&t);
}

static void test_empty_and_none(void **state)
{
	auto_directory_names struct directory_names names = DIRECTORY_NAMES_INIT;
	struct error err = ERROR_INIT;
	struct temp_dir t;

	(void)state;
	temp_dir_open(&t);
	expect_ok(directory_names_read(&names, t.fd, 0, &err), &err);
	assert_int_equal(names.count, 0);
	temp_puts(t.fd, "file", "");
	auto_fd int fd = openat(t.fd, "file", O_RDONLY | O_CLOEXEC);
	expect_refused(
	    directory_names_read(&names, fd, 10, &err), &err, ERR_SYSTEM, "Not a directory");
	temp_dir_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sorted),
	    cmocka_unit_test(test_empty_and_none),
	};

	return cmocka_run_group_tests_name("directory_names", tests, NULL, NULL);
}
