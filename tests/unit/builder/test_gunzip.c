#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "builder/gunzip.h"
#include "tests/unit/builder/tar_fixture.h"

#define CONTENT "hello, hello, hello, hello"

static void expect_error(const char *bytes, size_t len, const char *text)
{
	auto_buf struct buf out = BUF_INIT(MIB);
	struct error err = ERROR_INIT;

	/* Exactly as large as the input, so that a sanitizer sees a read beyond it. */
	auto_free char *copy = mem_alloc(len);
	memcpy(copy, bytes, len);
	assert_int_equal(gunzip(&out, copy, len, &err), -1);
	assert_string_equal(err.text, text);
	assert_int_equal(err.code, ERR_CHART);
}

static void expect_content(const struct buf *member)
{
	auto_buf struct buf out = BUF_INIT(sizeof(CONTENT) - 1);
	struct error err = ERROR_INIT;

	if (gunzip(&out, member->data, member->len, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(out.len, strlen(CONTENT));
	assert_string_equal(buf_text(&out), CONTENT);
}

/* The member with flags and extra header bytes put in behind the fixed header. */
static void with_header(
    struct buf *out, const struct buf *member, int flags, const char *extra, size_t len)
{
	buf_release(out);
	buf_put(out, member->data, 10);
	out->data[3] = (char)flags;
	buf_put(out, extra, len);
	buf_put(out, member->data + 10, member->len - 10);
}

static void test_headers(void **state)
{
	auto_buf struct buf member = BUF_INIT(MIB);
	auto_buf struct buf changed = BUF_INIT(MIB);

	(void)state;
	gzip(&member, CONTENT, strlen(CONTENT));
	expect_content(&member);
	with_header(&changed, &member, 1, "", 0); /* FTEXT */
	expect_content(&changed);
	with_header(
	    &changed, &member, 4, "\5\0+aHR0", 7); /* FEXTRA as Helm wrote it: no subfield */
	expect_content(&changed);
	with_header(&changed, &member, 8, "name", 5);
	expect_content(&changed);
	with_header(&changed, &member, 16, "Helm", 5);
	expect_content(&changed);
	with_header(&changed, &member, 4 + 8 + 16, "\1\0xname\0Helm", 13);
	expect_content(&changed);

	with_header(&changed, &member, 2, "", 0);
	uint32_t crc = (uint32_t)crc32(0, (const unsigned char *)changed.data, 10);
	const char crc_bytes[] = {(char)(crc & 0xFF), (char)(crc >> 8 & 0xFF)};
	with_header(&changed, &member, 2, crc_bytes, 2);
	expect_content(&changed);
	changed.data[4] ^= 1;
	expect_error(changed.data, changed.len, "gzip: the header's CRC is wrong");

	with_header(&changed, &member, 32, "", 0);
	expect_error(changed.data, changed.len, "gzip: unknown header flags");
	with_header(&changed, &member, 4, "\xFF\xFF", 2);
	expect_error(changed.data, changed.len, "gzip: cut off");
}

static void test_not_gzip(void **state)
{
	static const char *const cases[] = {
	    "", "\x1F", "\x1F\x8B", "\x1F\x8B\x07", "PK\3\4", "name: x"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_error(cases[i], strlen(cases[i]), "not a gzipped archive");
}

static void test_every_prefix(void **state)
{
	auto_buf struct buf member = BUF_INIT(MIB);
	auto_buf struct buf full = BUF_INIT(MIB);

	(void)state;
	gzip(&member, CONTENT, strlen(CONTENT));
	with_header(&full, &member, 4 + 8 + 16, "\1\0xname\0Helm", 13);
	for (size_t len = 3; len < full.len; len++)
		expect_error(full.data, len, "gzip: cut off");
}

static void test_trailer(void **state)
{
	auto_buf struct buf member = BUF_INIT(MIB);
	size_t trailer;

	(void)state;
	gzip(&member, CONTENT, strlen(CONTENT));
	trailer = member.len - 8;
	member.data[trailer] ^= 1;
	expect_error(member.data, member.len, "gzip: the CRC is wrong");
	member.data[trailer] ^= 1;
	member.data[trailer + 4] ^= 1;
	expect_error(member.data, member.len, "gzip: the length is wrong");
	member.data[trailer + 4] ^= 1;
	buf_putc(&member, '\0');
	expect_error(member.data, member.len, "gzip: 1 bytes after its end");
	member.len--;
	gzip(&member, CONTENT, strlen(CONTENT)); /* a second member */
	auto_free char *text =
	    mem_printf("gzip: %zu bytes after its end", member.len - trailer - 8);
	expect_error(member.data, member.len, text);
}

static void test_broken_data(void **state)
{
	static const char broken[] =
	    "\x1F\x8B\x08\0\0\0\0\0\0\3\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF";

	(void)state;
	expect_error(broken, sizeof(broken) - 1, "gzip: broken data");
}

static void test_limit(void **state)
{
	auto_buf struct buf zeros = BUF_INIT(MIB);
	auto_buf struct buf member = BUF_INIT(MIB);
	struct error err = ERROR_INIT;

	(void)state;
	memset(buf_room(&zeros, 600000), 0, 600000);
	zeros.len = 600000;
	gzip(&member, zeros.data, zeros.len);
	auto_buf struct buf exact = BUF_INIT(600000);
	assert_int_equal(gunzip(&exact, member.data, member.len, &err), 0);
	assert_int_equal(exact.len, 600000);
	auto_buf struct buf small = BUF_INIT(599999);
	assert_int_equal(gunzip(&small, member.data, member.len, &err), -1);
	assert_string_equal(err.text, "larger than 599999 bytes when unpacked");
	assert_int_equal(err.code, ERR_LIMIT);
}

static void test_empty(void **state)
{
	auto_buf struct buf member = BUF_INIT(MIB);
	auto_buf struct buf out = BUF_INIT(0);
	struct error err = ERROR_INIT;

	(void)state;
	gzip(&member, "", 0);
	assert_int_equal(gunzip(&out, member.data, member.len, &err), 0);
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_headers),
	    cmocka_unit_test(test_not_gzip),
	    cmocka_unit_test(test_every_prefix),
	    cmocka_unit_test(test_trailer),
	    cmocka_unit_test(test_broken_data),
	    cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests_name("gunzip", tests, NULL, NULL);
}
