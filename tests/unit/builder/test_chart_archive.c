#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "builder/chart_archive.h"
#include "tests/unit/builder/tar_fixture.h"

#define CHART_YAML "name: a\nversion: 1.0.0\n"

static void expect_error(const struct buf *tar, enum err_code code, const char *text)
{
	auto_chart_archive struct chart_archive a;
	struct error err = ERROR_INIT;

	assert_int_equal(chart_archive_read_tar(&a, tar->data, tar->len, &err), -1);
	assert_string_equal(err.text, text);
	assert_int_equal(err.code, code);
}

static void expect_paths(const struct buf *tar, const char *paths)
{
	auto_chart_archive struct chart_archive a;
	auto_buf struct buf joined = BUF_INIT(MIB);
	struct error err = ERROR_INIT;

	if (chart_archive_read_tar(&a, tar->data, tar->len, &err) != 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < a.files.count; i++) {
		const struct chart_file *file = &a.files.items[i];
		buf_printf(&joined, "%s%s", i != 0 ? " " : "", file->path);
		if (strcmp(file->path, "Chart.yaml") == 0) {
			assert_int_equal(file->len, strlen(CHART_YAML));
			assert_memory_equal(file->bytes, CHART_YAML, file->len);
		}
	}
	assert_string_equal(buf_text(&joined), paths);
	assert_int_equal(a.tar_bytes, tar->len);
}

static void test_good(void **state)
{
	auto_buf struct buf tar = TAR_FIXTURE_INIT;

	(void)state;
	tar_entry(&tar, '5', "a/", "", 0);
	tar_file(&tar, "a/values.yaml", "x: y\n");
	tar_file(&tar, "a/Chart.yaml", "\xEF\xBB\xBF" CHART_YAML);
	tar_entry(&tar, '\0', "a/.x", "", 0);
	tar_entry(&tar, '7', "a/templates/gr\xC3\xBC\xC3\x9F.yaml", "z", 1);
	expect_paths(&tar,
	    "values.yaml Chart.yaml .x templates/gr\xC3\xBC\xC3\x9F.yaml"); /* no end: as Helm */
	tar_end(&tar);
	tar_end(&tar);
	expect_paths(&tar, "values.yaml Chart.yaml .x templates/gr\xC3\xBC\xC3\x9F.yaml");
}

static void test_names(void **state)
{
	auto_buf struct buf tar = TAR_FIXTURE_INIT;
	char long_name[200];

	(void)state;
	tar_file(&tar, "a/Chart.yaml", CHART_YAML);
	tar_entry(&tar, 'x', "PaxHeaders/x", "26 path=a/gr\xC3\xBC\xC3\x9F/from-pax\n", 26);
	tar_file(&tar, "a/other", "");
	memset(long_name, 'l', sizeof(long_name));
	memcpy(long_name, "a/", 2);
	long_name[199] = '\0';
	tar_entry(&tar, 'L', "././@LongLink", long_name, 200);
	tar_file(&tar, "a/lll", "");
	tar_entry(&tar, 'g', "pax_global_header", "16 comment=abcd\n", 16);
	tar_file(&tar, "a\\windows\\x", "");
	tar_end(&tar);
	auto_free char *paths =
	    mem_printf("Chart.yaml gr\xC3\xBC\xC3\x9F/from-pax %s windows/x", long_name + 2);
	expect_paths(&tar, paths);
}

static void test_types(void **state)
{
	static const struct {
		char type;
		const char *reason;
	} cases[] = {{'1', "is a link"}, {'2', "is a link"}, {'3', "is a device or FIFO"},
	    {'4', "is a device or FIFO"}, {'6', "is a device or FIFO"}, {'S', "is a sparse file"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_buf struct buf tar = TAR_FIXTURE_INIT;
		auto_free char *text = mem_printf("entry 'a/x': %s", cases[i].reason);
		tar_file(&tar, "a/Chart.yaml", CHART_YAML);
		size_t offset = tar_header(&tar, cases[i].type, "a/x", 3, "00000000000");
		memcpy(tar.data + offset + 157, "a/Chart.yaml", 12);
		tar_sum(&tar, offset);
		tar_end(&tar);
		expect_error(&tar, ERR_CHART, text);
	}
}

/* One file that is wrong in one way, behind a good Chart.yaml. */
static void test_entries(void **state)
{
	static const struct {
		const char *name;
		enum err_code code;
		const char *text;
	} cases[] = {
	    {"README.md", ERR_CHART, "entry 'README.md': lies outside the chart's directory"},
	    {"a/../x", ERR_CHART, "entry 'a/../x': refers to a parent directory"},
	    {"/a/x", ERR_CHART, "entry '/a/x': is an absolute path"},
	    {"b/x", ERR_CHART, "entry 'b/x': not in the directory 'a' as the others"},
	    {"./a/x", ERR_CHART, "entry './a/x': not in the directory 'a' as the others"},
	    {"a/Chart.yaml", ERR_CHART, "entry 'a/Chart.yaml': twice in the archive"},
	    {"a/./Chart.yaml", ERR_CHART, "entry 'a/Chart.yaml': twice in the archive"},
	    {"a/x\x1B", ERR_CHART,
		"entry 'a/x\x1B': has control, invisible or non-UTF-8 characters in its name"},
	    {"a/x\xFF", ERR_CHART,
		"entry 'a/x\xFF': has control, invisible or non-UTF-8 characters in its name"},
	    {"a/x/", ERR_CHART, "entry 'a/x/': a file with the name of a directory"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_buf struct buf tar = TAR_FIXTURE_INIT;
		tar_file(&tar, "a/Chart.yaml", CHART_YAML);
		tar_file(&tar, cases[i].name, "x");
		tar_end(&tar);
		expect_error(&tar, cases[i].code, cases[i].text);
	}
}

static void test_raw_headers(void **state)
{
	static const struct {
		const char *name;
		size_t name_len;
		const char *size;
		const char *text;
	} cases[] = {
	    {"a/x\0/y", 6, "00000000000", "entry 'a/x': has a NUL in its name"},
	    {"a/x", 3, "\x80\0\0\0\0\0\0\0\0\0\0\0", "entry 'a/x': has a broken size"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_buf struct buf tar = TAR_FIXTURE_INIT;
		tar_file(&tar, "a/Chart.yaml", CHART_YAML);
		(void)tar_header(&tar, '0', cases[i].name, cases[i].name_len, cases[i].size);
		tar_end(&tar);
		expect_error(&tar, ERR_CHART, cases[i].text);
	}
	auto_buf struct buf tar = TAR_FIXTURE_INIT;
	tar_file(&tar, "a/Chart.yaml", CHART_YAML);
	size_t offset = tar_header(&tar, '0', "a/x", 3, "00000000000");
	memcpy(tar.data + offset + 100, "0040755", 8); /* Go would take this file for a directory */
	tar_sum(&tar, offset);
	expect_error(&tar, ERR_CHART, "entry 'a/x': has the mode of another file type");
	memcpy(tar.data + offset + 100, "0100644", 8);
	tar_sum(&tar, offset);
	expect_paths(&tar, "Chart.yaml x");
}

/* Headers that libarchive and Go's reader, which is Helm's, would read differently. */
static void test_ambiguous_headers(void **state)
{
	static const struct {
		size_t offset;
		const char *bytes;
		size_t len;
		const char *text;
	} cases[] = {
	    {108, "xxxxxxx", 8, "entry 'a/x': has a broken number in its header"},
	    {136, "\x80", 1, "entry 'a/x': has a broken number in its header"},
	    {108, "\x80\0\0\0\1\0\0\0", 8, NULL}, /* a large user id, as GNU tar writes it */
	    {136, "\x80\0\0\0\0\0\0\2\0\0\0\0", 12, NULL},
	    {136, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE", 12, NULL}, /* 1969 */
	    {136, "\x80\0\0\0\x80\0\0\0\0\0\0\0", 12,
		"entry 'a/x': has a broken number in its header"},
	    {136, "\xFF\xFF\xFF\xFF\0\0\0\0\0\0\0\0", 12,
		"entry 'a/x': has a broken number in its header"},
	    {137, "0 0", 3, "entry 'a/x': has a broken number in its header"},
	    {329, "/", 1, "entry 'a/x': has a broken number in its header"},
	    {100, "9", 1, "entry 'a/x': has a broken number in its header"},
	    {345, "a\0b", 3, "entry 'a/a/x': has a NUL in its name"},
	    {263, " \0", 2, NULL}, /* ustar of another version: both readers take it */
	    {262, "!", 1, "entry 'a/x': has a header of an unknown kind"},
	    {508, "tar", 4, "entry 'a/x': has a header of an unknown kind"}, /* star */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_buf struct buf tar = TAR_FIXTURE_INIT;
		tar_file(&tar, "a/Chart.yaml", CHART_YAML);
		size_t offset = tar_header(&tar, '0', "a/x", 3, "00000000000");
		memcpy(tar.data + offset + cases[i].offset, cases[i].bytes, cases[i].len);
		tar_sum(&tar, offset);
		tar_end(&tar);
		if (cases[i].text != NULL)
			expect_error(&tar, ERR_CHART, cases[i].text);
		else
			expect_paths(&tar, "Chart.yaml x");
	}
}

/* In a GNU header with broken times Go finds a prefix for the name. */
static void test_gnu_header(void **state)
{
	auto_buf struct buf tar = TAR_FIXTURE_INIT;

	(void)state;
	tar_file(&tar, "a/Chart.yaml", CHART_YAML);
	size_t offset = tar_header(&tar, '0', "a/x", 3, "00000000000");
	memcpy(tar.data + offset + 257, "ustar  ", 8);
	memcpy(tar.data + offset + 345, "14524770400", 12);
	tar_sum(&tar, offset);
	tar_end(&tar);
	expect_paths(&tar, "Chart.yaml x");
	memcpy(tar.data + offset + 345, "prefix\0\0\0\0\0", 12);
	tar_sum(&tar, offset);
	expect_error(&tar, ERR_CHART, "entry 'a/x': has a broken number in its header");
}

static void test_extensions(void **state)
{
	static const struct {
		char type;
		const char *body;
		size_t len;
		const char *text;
	} cases[] = {
	    {'x', "11 size=10\n", 11, "entry 'a/y': has its size in a pax record"},
	    {'x', "20 GNU.sparse.foo=1\n", 20, "entry 'a/y': is a sparse file"},
	    {'x', "14 path=a/x\0z\n", 14, "entry 'a/x': has a NUL in its name"},
	    {'L', "a/x\0z", 5, "entry 'a/x': has a NUL in its name"},
	    {'x', "11 mtime=x\n", 11, "entry 'a/y': has a broken number in its pax header"},
	    {'x', "13 uid=1.5.6\n", 13, "entry 'a/y': has a broken number in its pax header"},
	    {'g', "9 a=b\n", 6, "entry 'a/y': has a broken pax header"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_buf struct buf tar = TAR_FIXTURE_INIT;
		auto_chart_archive struct chart_archive a;
		struct error err = ERROR_INIT;
		tar_file(&tar, "a/Chart.yaml", CHART_YAML);
		tar_entry(&tar, cases[i].type, "a/ext", cases[i].body, cases[i].len);
		tar_file(&tar, "a/y", "0123456789");
		tar_end(&tar);
		assert_int_equal(chart_archive_read_tar(&a, tar.data, tar.len, &err), -1);
		assert_string_equal(err.text, cases[i].text);
	}
	auto_buf struct buf two = TAR_FIXTURE_INIT;
	tar_file(&two, "a/Chart.yaml", CHART_YAML);
	tar_entry(&two, 'x', "x", "12 path=a/x\n", 12);
	tar_entry(&two, 'L', "L", "a/z", 4);
	tar_file(&two, "a/y", "");
	tar_end(&two);
	auto_chart_archive struct chart_archive a;
	struct error err = ERROR_INIT;
	assert_int_equal(chart_archive_read_tar(&a, two.data, two.len, &err), -1);
	assert_non_null(strstr(err.text, "has two extended headers"));
}

static void test_whole(void **state)
{
	auto_buf struct buf tar = TAR_FIXTURE_INIT;

	(void)state;
	expect_error(&tar, ERR_CHART, "no files in it");
	tar_end(&tar);
	expect_error(&tar, ERR_CHART, "no files in it");
	buf_release(&tar);
	tar_entry(&tar, '5', "a/", "", 0);
	tar_end(&tar);
	expect_error(&tar, ERR_CHART, "no files in it");
	buf_release(&tar);
	tar_file(&tar, "a/Chart.yaml", CHART_YAML);
	tar_end(&tar);
	buf_puts(&tar, "x");
	expect_error(&tar, ERR_CHART, "tar: data after its end");
	buf_release(&tar);
	tar_file(&tar, "a/Chart.yaml", CHART_YAML);
	tar_end(&tar);
	tar_file(&tar, "a/hidden", "");
	expect_error(&tar, ERR_CHART, "tar: data after its end");
}

/* Go reads two blocks of the end, or none, or one at the end of the file. */
static void test_half_a_block_of_end(void **state)
{
	static const char zeros[1100];
	static const size_t good[] = {0, 512, 1024, 1100};
	static const size_t bad[] = {513, 700, 1023};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		auto_buf struct buf tar = TAR_FIXTURE_INIT;
		tar_file(&tar, "a/Chart.yaml", CHART_YAML);
		buf_put(&tar, zeros, good[i]);
		expect_paths(&tar, "Chart.yaml");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		auto_buf struct buf tar = TAR_FIXTURE_INIT;
		tar_file(&tar, "a/Chart.yaml", CHART_YAML);
		buf_put(&tar, zeros, bad[i]);
		expect_error(&tar, ERR_CHART, "tar: cut off in its end");
	}
}

static void test_row_c16_broken(void **state)
{
	auto_buf struct buf tar = TAR_FIXTURE_INIT;

	(void)state;
	tar_file(&tar, "a/Chart.yaml", CHART_YAML);
	tar_file(&tar, "a/x", "0123456789");
	size_t whole = tar.len;
	for (size_t len = 1; len < whole; len++) {
		auto_chart_archive struct chart_archive a;
		struct error err = ERROR_INIT;
		if (len == 1024) /* a tar without its end marker loads, as in Helm */
			continue;
		auto_free char *copy = mem_strndup(tar.data, len);
		assert_int_equal(chart_archive_read_tar(&a, copy, len, &err), -1);
		assert_string_not_equal(err.text, "");
	}
	for (size_t i = 1024; i < 1024 + 500; i++) {
		auto_chart_archive struct chart_archive a;
		struct error err = ERROR_INIT;
		tar.data[i] ^= 1; /* the header's sum no longer fits */
		assert_int_equal(chart_archive_read_tar(&a, tar.data, tar.len, &err), -1);
		tar.data[i] ^= 1;
	}
}

/* What libarchive only warns of is refused: here, a name that this locale cannot hold. */
static void test_row_c16_warning(void **state)
{
	auto_buf struct buf tar = TAR_FIXTURE_INIT;
	auto_chart_archive struct chart_archive a;
	struct error err = ERROR_INIT;

	(void)state;
	tar_file(&tar, "a/Chart.yaml", CHART_YAML);
	tar_entry(&tar, 'x', "x", "15 path=a/gr\xC3\xBC\n", 15);
	tar_file(&tar, "a/y", "");
	tar_end(&tar);
	expect_paths(&tar, "Chart.yaml gr\xC3\xBC");
	assert_non_null(setlocale(LC_CTYPE, "C"));
	int status = chart_archive_read_tar(&a, tar.data, tar.len, &err);
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	assert_int_equal(status, -1);
	assert_int_equal(err.code, ERR_CHART);
	assert_non_null(strstr(err.text, "can't be converted"));
}

static void test_other_formats(void **state)
{
	static const char zip[] = "PK\3\4\24\0\0\0\0\0";
	auto_buf struct buf other = BUF_INIT(MIB);
	auto_buf struct buf twice = BUF_INIT(MIB);
	auto_chart_archive struct chart_archive a;
	struct error err = ERROR_INIT;

	(void)state;
	buf_put(&other, zip, sizeof(zip));
	expect_error(&other, ERR_CHART, "tar: Unrecognized archive format");
	buf_release(&other);
	gzip(&other, "x", 1);
	gzip(&twice, other.data,
	    other.len); /* gzip in gzip: no filter of libarchive's may open it */
	assert_int_equal(chart_archive_read(&a, twice.data, twice.len, &err), -1);
	assert_int_equal(err.code, ERR_CHART);
}

static void test_limits(void **state)
{
	auto_buf struct buf tar = TAR_FIXTURE_INIT;
	auto_free char *big = mem_zalloc(1, LIMIT_CHART_FILE_BYTES_MAX + 1);

	(void)state;
	tar_file(&tar, "a/Chart.yaml", CHART_YAML);
	tar_entry(&tar, '0', "a/big", big, LIMIT_CHART_FILE_BYTES_MAX);
	size_t fits = tar.len;
	tar_end(&tar);
	expect_paths(&tar, "Chart.yaml big");
	tar.len = fits;
	tar_entry(&tar, '0', "a/bigger", big, LIMIT_CHART_FILE_BYTES_MAX + 1);
	expect_error(&tar, ERR_LIMIT, "entry 'a/bigger': larger than 5242880 bytes");
	tar.len = fits;
	for (int i = 1; i < 20; i++) {
		auto_free char *name = mem_printf("a/big%d", i);
		tar_entry(&tar, '0', name, big, LIMIT_CHART_FILE_BYTES_MAX);
	}
	expect_error(&tar, ERR_LIMIT, "more than 104857599 bytes in all files");
	buf_release(&tar);
	for (unsigned i = 0; i <= LIMIT_CHART_ENTRIES_MAX; i++)
		tar_entry(&tar, '5', "a/", "", 0);
	expect_error(&tar, ERR_LIMIT, "more than 20000 entries");
	buf_release(&tar);
	/* A size that is only claimed must not be allocated. */
	tar_file(&tar, "a/Chart.yaml", CHART_YAML);
	(void)tar_header(&tar, '0', "a/x", 3, "77777777777");
	expect_error(&tar, ERR_LIMIT, "entry 'a/x': larger than 5242880 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_types),
	    cmocka_unit_test(test_entries),
	    cmocka_unit_test(test_raw_headers),
	    cmocka_unit_test(test_ambiguous_headers),
	    cmocka_unit_test(test_gnu_header),
	    cmocka_unit_test(test_extensions),
	    cmocka_unit_test(test_whole),
	    cmocka_unit_test(test_half_a_block_of_end),
	    cmocka_unit_test(test_row_c16_broken),
	    cmocka_unit_test(test_row_c16_warning),
	    cmocka_unit_test(test_other_formats),
	    cmocka_unit_test(test_limits),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("chart_archive", tests, NULL, NULL);
}
