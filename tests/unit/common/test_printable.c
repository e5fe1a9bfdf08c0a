#include <stdint.h>

#include "common/printable.h"
#include "tests/unit/expect.h"

static const struct {
	const char *text;
	const char *shown; /* NULL: as it is */
} cases[] = {
    {"", NULL},
    {"alertmanager-1.42.0", NULL},
    {"grüß", NULL},
    {"日本", NULL},
    {"\xF0\x9F\x9A\x80", NULL},
    {"back\\slash", NULL},
    {"a\nb\tc\rd", "a\\x0Ab\\x09c\\x0Dd"},
    {"\x1b[31mred\x7f", "\\x1B[31mred\\x7F"},
    {"\xC2\x85", "\\u{0085}"}, /* C1: next line */
    {"\xC2\x9B"
     "31m",
	"\\u{009B}31m"},       /* C1: CSI */
    {"\xC2\xAD", "\\u{00AD}"}, /* soft hyphen */
    {"\xE2\x80\xAE"
     "abc",
	"\\u{202E}abc"},                                /* right-to-left override */
    {"\xE2\x81\xA6", "\\u{2066}"},                      /* isolate */
    {"\xE2\x80\x8B", "\\u{200B}"},                      /* zero width space */
    {"\xE2\x80\xA8\xE2\x80\xA9", "\\u{2028}\\u{2029}"}, /* line, paragraph */
    {"\xEF\xBB\xBF", "\\u{FEFF}"},
    {"\xEE\x80\x80", "\\u{E000}"},       /* private use */
    {"\xEF\xBF\xBE", "\\u{FFFE}"},       /* not a character */
    {"\xEF\xB7\x90", "\\u{FDD0}"},       /* not a character */
    {"\xF0\x9F\xBF\xBF", "\\u{1FFFF}"},  /* not a character */
    {"\xF3\xA0\x81\x81", "\\u{E0041}"},  /* tag */
    {"\xF4\x8F\xBF\xBF", "\\u{10FFFF}"}, /* the last one */
    {"\xE3\x85\xA4", "\\u{3164}"},       /* a letter that shows nothing */
    {"\xCD\x8F", "\\u{034F}"},           /* joins, shows nothing */
    {"\xEF\xB8\x8F", "\\u{FE0F}"},       /* selects a variant */
    {"\x80", "\\x80"},
    {"\xFF\xFE", "\\xFF\\xFE"},
    {"\xC0\x80", "\\xC0\\x80"}, /* overlong */
    {"\xC1\xBF", "\\xC1\\xBF"},
    {"\xE0\x80\x80", "\\xE0\\x80\\x80"},
    {"\xE0\x9F\xBF", "\\xE0\\x9F\\xBF"},
    {"\xF0\x8F\xBF\xBF", "\\xF0\\x8F\\xBF\\xBF"},
    {"\xED\xA0\x80", "\\xED\\xA0\\x80"},          /* surrogate */
    {"\xF4\x90\x80\x80", "\\xF4\\x90\\x80\\x80"}, /* beyond U+10FFFF */
    {"\xF5\x80\x80\x80", "\\xF5\\x80\\x80\\x80"},
    {"a\xE2\x82", "a\\xE2\\x82"}, /* cut off */
    {"\xE2\x82"
     "a",
	"\\xE2\\x82"
	"a"},
    {"\xC3\xC3\xBC", "\\xC3ü"},
};

static void escapes_what_could_mislead(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;
		const char *shown = cases[i].shown != NULL ? cases[i].shown : text;
		auto_buf struct buf b = BUF_INIT(1000);

		printable_put(&b, text, strlen(text));
		expect_text(buf_text(&b), shown);
		assert_int_equal(printable_check(text, strlen(text)), cases[i].shown == NULL);
		assert_true(printable_check(buf_text(&b), b.len));
	}
}

static void nul_is_a_byte_like_others(void **state)
{
	auto_buf struct buf b = BUF_INIT(100);

	(void)state;
	printable_put(&b, "a\0b", 3);
	expect_text(buf_text(&b), "a\\x00b");
	assert_false(printable_check("\0", 1));
	assert_true(printable_check("\0", 0));
}

static size_t encode(char out[4], uint32_t code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	static const unsigned heads[] = {0, 0xC0, 0xE0, 0xF0};
	for (size_t i = more; i > 0; i--) {
		out[i] = (char)(0x80 | (code & 0x3F));
		code >>= 6;
	}
	out[0] = (char)(heads[more] | code);
	return more + 1;
}

/* Every code point is copied whole, or wholly escaped with its own number. */
static void treats_every_code_point(void **state)
{
	(void)state;
	for (uint32_t code = 0; code <= 0x10FFFF; code++) {
		char text[4];
		char escaped[16];
		size_t len = encode(text, code);
		auto_buf struct buf b = BUF_INIT(100);

		if (code >= 0xD800 && code <= 0xDFFF)
			continue;
		printable_put(&b, text, len);
		if (printable_check(text, len)) {
			assert_true(b.len == len && memcmp(b.data, text, len) == 0);
			continue;
		}
		(void)snprintf(
		    escaped, sizeof(escaped), code < 0x80 ? "\\x%02X" : "\\u{%04X}", code);
		expect_text(buf_text(&b), escaped);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(escapes_what_could_mislead),
	    cmocka_unit_test(nul_is_a_byte_like_others),
	    cmocka_unit_test(treats_every_code_point),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
