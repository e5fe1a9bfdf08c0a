#include <locale.h>

#include "builder/chart_packer.h"
#include "common/limits.h"
#include "tests/unit/expect.h"

/* Small: compressed by the caller's thread; large: aside. */
static const size_t sizes[] = {10, 300000};

static void fill(struct chart_files *files, struct buf *content, size_t size)
{
	for (size_t i = 0; i < size; i++)
		buf_putc(content, (char)('a' + i * i % 23));
	chart_files_borrow(files, "Chart.yaml", "name: c\n", 8);
	chart_files_borrow(files, "gr\xC3\xBC\xC3\x9F", "", 0);
	chart_files_borrow(files, "u\xCC\x88", "\xEF\xBB\xBFtext", 7);
	chart_files_borrow(files, "big", content->data, content->len);
}

static void test_packed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		auto_chart_files struct chart_files files = CHART_FILES_INIT;
		auto_buf struct buf content = BUF_INIT(MIB);
		auto_buf struct buf first = BUF_INIT(MIB);
		auto_buf struct buf second = BUF_INIT(MIB);
		auto_chart_archive struct chart_archive a;
		struct error err = ERROR_INIT;

		fill(&files, &content, sizes[i]);
		expect_ok(chart_packer_pack(&first, &files, "c", 0, &err), &err);
		expect_ok(chart_packer_pack(&second, &files, "c", 0, &err), &err);
		assert_int_equal(first.len, second.len);
		assert_memory_equal(first.data, second.data, first.len);
		expect_ok(chart_archive_read(&a, first.data, first.len, &err), &err);
		assert_int_equal(a.files.count, 4);
		assert_string_equal(a.base, "c");
		assert_int_equal(a.files.items[3].len, sizes[i]);
		assert_memory_equal(a.files.items[3].bytes, content.data, sizes[i]);
	}
}

static void test_steps(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		auto_chart_files struct chart_files files = CHART_FILES_INIT;
		auto_buf struct buf content = BUF_INIT(MIB);
		struct chart_packer abandoned;
		struct error err = ERROR_INIT;

		chart_packer_init(&abandoned);
		fill(&files, &content, sizes[i]);
		expect_ok(chart_packer_start(&abandoned, &files, "c", 0, &err), &err);
		assert_int_equal(abandoned.made.files.count, 4);
		assert_int_equal(abandoned.made.files.items[2].len, 4); /* without the mark */
		chart_packer_release(&abandoned);
	}
}

/* What a reader of archives refuses is not packed. */
static void test_refused(void **state)
{
	static const char *const names[] = {"a\x1B[2J", "a\\b", "a\xFF", "\xE2\x80\xAE"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_chart_files struct chart_files files = CHART_FILES_INIT;
		auto_buf struct buf out = BUF_INIT(MIB);
		struct error err = ERROR_INIT;

		chart_files_borrow(&files, names[i], "", 0);
		expect_refused(chart_packer_pack(&out, &files, "c", 0, &err), &err, ERR_CHART, "");
		assert_int_equal(out.len, 0);
	}
}

static void test_limits(void **state)
{
	auto_chart_files struct chart_files files = CHART_FILES_INIT;
	auto_free char *big = mem_zalloc(1, LIMIT_CHART_FILE_BYTES_MAX + 1);
	auto_buf struct buf out = BUF_INIT(MIB);
	struct error err = ERROR_INIT;

	(void)state;
	chart_files_borrow(&files, "big", big, LIMIT_CHART_FILE_BYTES_MAX + 1);
	expect_refused(
	    chart_packer_pack(&out, &files, "c", 0, &err), &err, ERR_LIMIT, "larger than 5242880");
	chart_files_release(&files);
	for (unsigned i = 0; i < 20; i++) {
		auto_free char *name = mem_printf("big%u", i);
		chart_files_borrow(&files, name, big, LIMIT_CHART_FILE_BYTES_MAX);
	}
	expect_refused(chart_packer_pack(&out, &files, "c", 0, &err), &err, ERR_LIMIT,
	    "more than 104857599 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_packed),
	    cmocka_unit_test(test_steps),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_limits),
	};

	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return 1;
	return cmocka_run_group_tests_name("chart_packer", tests, NULL, NULL);
}
