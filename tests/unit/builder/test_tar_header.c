/*
 * The headers alone, out of exactly as many bytes as there are: a read beyond them is for the
 * sanitizer to find. What they mean beside libarchive's reading is in test_chart_archive.c.
 */
#include "builder/tar_header.h"
#include "tests/unit/builder/tar_fixture.h"
#include "tests/unit/expect.h"

static int check(struct tar_header *out, const struct buf *tar, size_t len, struct error *err)
{
	auto_free char *exact = malloc(len > 0 ? len : 1);

	assert_non_null(exact);
	memcpy(exact, buf_text(tar), len);
	return tar_header_check(out, exact, len, 0, err);
}

static void headers_that_are_cut_off(void **state)
{
	auto_buf struct buf tar = BUF_INIT(100000);
	struct tar_header header;

	(void)state;
	tar_entry(&tar, 'x', "pax", "17 comment=hello\n", 17);
	size_t own = tar.len;
	tar_file(&tar, "demo/file", "content");
	for (size_t len = 0; len <= tar.len; len++) {
		struct error err = ERROR_INIT;
		int result = check(&header, &tar, len, &err);

		if (len < own + TAR_BLOCK_BYTES)
			expect_refused(result, &err, ERR_CHART, "cut off");
		else
			expect_ok(result, &err);
	}
	assert_int_equal(header.content, own + TAR_BLOCK_BYTES);
	assert_int_equal(header.size_bytes, 7);
	assert_int_equal(tar_content_end(&header), tar.len);
}

static void extensions_that_reach_beyond_the_end(void **state)
{
	static const char *const sizes[] = {"00000001001", "00000010000", "77777777777"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		auto_buf struct buf tar = BUF_INIT(100000);
		struct tar_header header;
		struct error err = ERROR_INIT;

		(void)tar_header(&tar, 'x', "pax", 3, sizes[i]);
		for (unsigned n = 0; n < 512; n++)
			buf_putc(&tar, '1');
		expect_refused(check(&header, &tar, tar.len, &err), &err, ERR_CHART, "cut off");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(headers_that_are_cut_off),
	    cmocka_unit_test(extensions_that_reach_beyond_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
