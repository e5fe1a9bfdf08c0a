#include <sodium.h>

#include "builder/passphrase.h"
#include "common/limits.h"
#include "tests/unit/temp_dir.h"

#define MAX LIMIT_PASSPHRASE_BYTES_MAX

static void expect_passphrase(const struct temp_dir *t, const char *content, size_t len,
    const char *expected, size_t expected_len)
{
	auto_passphrase struct passphrase p = PASSPHRASE_INIT;
	struct error err = ERROR_INIT;
	auto_free char *path = temp_path(t, "passphrase");

	temp_write(t->fd, "passphrase", content, len);
	expect_ok(passphrase_read(&p, path, true, &err), &err);
	assert_int_equal(p.len, expected_len);
	assert_memory_equal(p.bytes, expected, expected_len);
}

static void one_line_end_is_not_part_of_it(void **state)
{
	static const struct {
		const char *content;
		const char *expected;
	} cases[] = {{"word", "word"}, {"word\n", "word"}, {"word\r\n", "word"},
	    {"word\r", "word\r"}, {"word\n\n", "word\n"}, {"word\r\n\r\n", "word\r\n"},
	    {"word\r\r\n", "word\r"}, {" word ", " word "}, {"two\nlines\n", "two\nlines"},
	    {"gr\xC3\xBC\xC3\x9F\n", "gr\xC3\xBC\xC3\x9F"}, {"\xff\n", "\xff"}};
	struct temp_dir t;

	(void)state;
	temp_dir_open(&t);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_passphrase(&t, cases[i].content, strlen(cases[i].content), cases[i].expected,
		    strlen(cases[i].expected));
	expect_passphrase(&t, "a\0b\n", 4, "a\0b", 3);
	temp_dir_close(&t);
}

static void holds_to_the_length(void **state)
{
	static const struct {
		size_t letters;
		const char *end;
		bool good;
	} cases[] = {{MAX, "", true}, {MAX, "\n", true}, {MAX, "\r\n", true}, {MAX + 1, "", false},
	    {MAX + 1, "\n", false}, {MAX + 1, "\r\n", false}, {MAX, "\n\n", false},
	    {MAX, "\r\nmore", false}, {MAX, "\nmore", false}, {MAX - 1, "\r\n\r\n", false},
	    {100000, "\n", false}, {0, "", false}, {0, "\n", false}, {0, "\r\n", false}};
	struct temp_dir t;

	(void)state;
	temp_dir_open(&t);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_passphrase struct passphrase p = PASSPHRASE_INIT;
		struct error err = ERROR_INIT;
		auto_free char *path = temp_path(&t, "passphrase");
		auto_free char *letters = mem_zalloc(cases[i].letters + 1, 1);

		memset(letters, 'a', cases[i].letters);
		auto_free char *content = mem_printf("%s%s", letters, cases[i].end);
		temp_puts(t.fd, "passphrase", content);
		int result = passphrase_read(&p, path, false, &err);
		if (cases[i].good) {
			expect_ok(result, &err);
			assert_int_equal(p.len, cases[i].letters);
		} else {
			expect_refused(result, &err, ERR_KEY,
			    cases[i].letters == 0 ? "the passphrase is empty"
						  : "longer than 1024 bytes");
		}
	}
	temp_dir_close(&t);
}

static void needs_a_file_that_can_be_read(void **state)
{
	auto_passphrase struct passphrase p = PASSPHRASE_INIT;
	struct error err = ERROR_INIT;
	struct temp_dir t;

	(void)state;
	temp_dir_open(&t);
	auto_free char *nothing = temp_path(&t, "nothing");
	expect_refused(
	    passphrase_read(&p, nothing, false, &err), &err, ERR_SYSTEM, "nothing': No such file");
	expect_refused(
	    passphrase_read(&p, t.path, false, &err), &err, ERR_SYSTEM, "Is a directory");
	temp_dir_close(&t);
}

/* In pieces, as a pipe gives them, by "-" and by a descriptor's path. */
static void reads_pipes(void **state)
{
	static const char *const paths[] = {"-", "/dev/fd/0"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		auto_passphrase struct passphrase p = PASSPHRASE_INIT;
		struct error err = ERROR_INIT;
		int pipes[2];
		int stdin_before = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);

		assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
		assert_int_equal(dup2(pipes[0], STDIN_FILENO), STDIN_FILENO);
		assert_int_equal(write(pipes[1], "wo", 2), 2);
		assert_int_equal(write(pipes[1], "rd\n", 3), 3);
		(void)close(pipes[1]);
		int result = passphrase_read(&p, paths[i], false, &err);
		if (stdin_before >= 0) {
			assert_int_equal(dup2(stdin_before, STDIN_FILENO), STDIN_FILENO);
			(void)close(stdin_before);
		}
		(void)close(pipes[0]);
		expect_ok(result, &err);
		assert_int_equal(p.len, 4);
		assert_memory_equal(p.bytes, "word", 4);
	}
}

/* Several keys of one directory: standard input can be read only once. */
static void a_source_is_read_once(void **state)
{
	struct temp_dir t;
	struct error err = ERROR_INIT;
	auto_buf struct buf notes = BUF_INIT(1000);

	(void)state;
	temp_dir_open(&t);
	auto_free char *path = temp_path(&t, "passphrase");
	auto_passphrase_source struct passphrase_source source = PASSPHRASE_SOURCE_INIT(path);
	passphrase_source_note(&source, &notes);
	expect_text(buf_text(&notes),
	    "builder: --passphrase-file was not needed: the key is not encrypted\n");
	buf_release(&notes);
	expect_refused(passphrase_source_get(&source, &err) == NULL ? -1 : 0, &err, ERR_SYSTEM,
	    "No such file");
	temp_puts(t.fd, "passphrase", "word\n");
	const struct passphrase *first = passphrase_source_get(&source, &err);
	expect_ok(first != NULL ? 0 : -1, &err);
	assert_int_equal(unlinkat(t.fd, "passphrase", 0), 0);
	assert_ptr_equal(passphrase_source_get(&source, &err), first);
	assert_int_equal(first->len, 4);
	assert_memory_equal(first->bytes, "word", 4);
	passphrase_source_note(&source, &notes);
	expect_text(buf_text(&notes), "");
	temp_dir_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_line_end_is_not_part_of_it),
	    cmocka_unit_test(holds_to_the_length),
	    cmocka_unit_test(needs_a_file_that_can_be_read),
	    cmocka_unit_test(reads_pipes),
	    cmocka_unit_test(a_source_is_read_once),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
