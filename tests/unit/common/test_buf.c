#include <errno.h>
#include <fcntl.h>
#include <stdint.h>

#include "common/buf.h"
#include "tests/unit/temp_dir.h"

static void appends_and_terminates(void **state)
{
	auto_buf struct buf b = BUF_INIT(100);
	struct error err = ERROR_INIT;

	(void)state;
	expect_text(buf_text(&b), "");
	buf_puts(&b, "");
	buf_puts(&b, "ab");
	buf_putc(&b, 'c');
	buf_printf(&b, "%d%s", 12, "x");
	buf_put(&b, "\0z", 2);
	assert_int_equal(b.len, 8);
	assert_memory_equal(b.data, "abc12x\0z", 9); /* the NUL that is not counted, too */
	expect_ok(buf_check(&b, "b", &err), &err);
	assert_int_equal(err.code, ERR_NONE);
}

static void takes_exactly_its_cap(void **state)
{
	static const size_t caps[] = {0, 1, 63, 64, 65, 1000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
		auto_buf struct buf b = BUF_INIT(caps[i]);
		struct error err = ERROR_INIT;

		for (size_t k = 0; k < caps[i]; k++)
			buf_putc(&b, 'x');
		expect_ok(buf_check(&b, "b", &err), &err);
		assert_int_equal(b.len, caps[i]);
		buf_putc(&b, 'y');
		auto_free char *text = mem_printf("thing: larger than %zu bytes", caps[i]);
		expect_refused(buf_check(&b, "thing", &err), &err, ERR_LIMIT, text);
		assert_int_equal(b.len, caps[i]);
	}
}

static void drops_what_does_not_fit(void **state)
{
	auto_buf struct buf b = BUF_INIT(4);
	struct error err = ERROR_INIT;

	(void)state;
	buf_puts(&b, "abc");
	buf_puts(&b, "de");
	expect_text(buf_text(&b), "abc");
	assert_null(buf_room(&b, 2));
	assert_null(buf_room(&b, SIZE_MAX));
	assert_null(buf_room(&b, SIZE_MAX - 2));
	assert_int_equal(buf_check(&b, "b", &err), -1);
	buf_release(&b);
	expect_ok(buf_check(&b, "b", &err), &err); /* empty again, with its cap */
	buf_puts(&b, "abcd");
	expect_text(buf_text(&b), "abcd");
}

static void hands_over(void **state)
{
	struct buf b = BUF_INIT(10);
	char *empty = buf_steal(&b);

	(void)state;
	expect_text(empty, "");
	buf_puts(&b, "ab");
	char *text = buf_steal(&b);
	expect_text(text, "ab");
	assert_null(b.data);
	assert_int_equal(b.len, 0);
	free(empty);
	free(text);
}

/* A file of size bytes into a buffer of cap bytes, which held held bytes before. */
static void read_case(const struct temp_dir *t, size_t size, size_t held, size_t cap, bool good)
{
	auto_buf struct buf b = BUF_INIT(cap);
	auto_free char *content = mem_zalloc(size + 1, 1);
	struct error err = ERROR_INIT;

	memset(content, 'c', size);
	temp_write(t->fd, "f", content, size);
	for (size_t i = 0; i < held; i++)
		buf_putc(&b, 'h');
	auto_fd int fd = openat(t->fd, "f", O_RDONLY | O_CLOEXEC);
	int result = buf_read_fd(&b, fd, "f", &err);
	if (!good) {
		expect_refused(result, &err, ERR_LIMIT, "f: larger than");
		assert_int_equal(b.len, cap);
		assert_int_equal(lseek(fd, 0, SEEK_CUR), cap - held + 1);
		return;
	}
	expect_ok(result, &err);
	assert_int_equal(b.len, held + size);
	assert_int_equal(strlen(buf_text(&b)), held + size);
}

static void reads_files_up_to_the_cap(void **state)
{
	struct temp_dir t;

	(void)state;
	temp_dir_open(&t);
	read_case(&t, 0, 0, 0, true);
	read_case(&t, 0, 0, 10, true);
	read_case(&t, 1, 0, 0, false);
	read_case(&t, 10, 0, 10, true);
	read_case(&t, 11, 0, 10, false);
	read_case(&t, 7, 3, 10, true);
	read_case(&t, 8, 3, 10, false);
	read_case(&t, 65536, 0, 65536, true);
	read_case(&t, 65537, 0, 65536, false);
	read_case(&t, 200000, 1, 200001, true);
	read_case(&t, 200000, 1, 200000, false);
	temp_dir_close(&t);
}

/* Whether there is less room than the file needs, as much, or more. */
static void reads_into_its_place(void **state)
{
	static const size_t rooms[] = {1, 99999, 100000, 100001, 5000000};
	struct temp_dir t;

	(void)state;
	temp_dir_open(&t);
	for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
		auto_buf struct buf written = BUF_INIT(100000);
		auto_buf struct buf b = BUF_INIT(5000000);
		struct error err = ERROR_INIT;

		while (written.len < written.max)
			buf_putc(&written, (char)(written.len * written.len % 251));
		temp_write(t.fd, "f", written.data, written.len);
		buf_reserve(&b, rooms[i]);
		const char *place = b.data;
		auto_fd int fd = openat(t.fd, "f", O_RDONLY | O_CLOEXEC);
		expect_ok(buf_read_fd(&b, fd, "f", &err), &err);
		assert_int_equal(b.len, written.len);
		assert_memory_equal(b.data, written.data, written.len);
		assert_int_equal(b.data[b.len], '\0');
		assert_true(rooms[i] < written.len || b.data == place);
	}
	temp_dir_close(&t);
}

static void tells_of_read_errors(void **state)
{
	auto_buf struct buf b = BUF_INIT(10);
	struct error err = ERROR_INIT;
	auto_fd int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	expect_refused(buf_read_fd(&b, -1, "f", &err), &err, ERR_SYSTEM, "f: read: Bad file");
	assert_int_equal(err.sys_errno, EBADF);
	expect_refused(
	    buf_read_fd(&b, directory, "f", &err), &err, ERR_SYSTEM, "f: read: Is a directory");
}

static void grows_where_it_wipes(void **state)
{
	auto_buf struct buf b = BUF_SECRET_INIT(4096);
	auto_buf struct buf plain = BUF_INIT(4096);

	(void)state;
	for (int i = 0; i < 4096; i++) {
		buf_putc(&b, (char)('a' + i % 23));
		buf_putc(&plain, (char)('a' + i % 23));
	}
	assert_int_equal(b.len, 4096);
	assert_string_equal(buf_text(&b), buf_text(&plain));
	buf_putc(&b, 'x');
	assert_true(b.overflowed);
	buf_release(&b);
	buf_puts(&b, "again");
	assert_string_equal(buf_text(&b), "again");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(grows_where_it_wipes),
	    cmocka_unit_test(reads_into_its_place),
	    cmocka_unit_test(appends_and_terminates),
	    cmocka_unit_test(takes_exactly_its_cap),
	    cmocka_unit_test(drops_what_does_not_fit),
	    cmocka_unit_test(hands_over),
	    cmocka_unit_test(reads_files_up_to_the_cap),
	    cmocka_unit_test(tells_of_read_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
