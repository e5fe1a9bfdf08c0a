#include <stdint.h>

#include "common/base64.h"
#include "tests/unit/expect.h"

static const struct {
	const char *bytes;
	const char *text;
} pairs[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "+/+/"}};

/* RFC 4648 section 10 */
static void writes_and_reads(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		auto_buf struct buf b = BUF_INIT(100);
		size_t size = strlen(pairs[i].bytes);
		uint8_t out[16] = {0};
		size_t len = 99;

		base64_put(&b, pairs[i].bytes, size);
		expect_text(buf_text(&b), pairs[i].text);
		assert_true(base64_parse(out, size, b.data, b.len, NULL, &len));
		assert_int_equal(len, size);
		assert_memory_equal(out, pairs[i].bytes, size);
		if (size > 0)
			assert_false(base64_parse(out, size - 1, b.data, b.len, NULL, &len));
	}
}

static void has_one_spelling(void **state)
{
	static const char *const texts[] = {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "=",
	    "====", "Zm9v=", "Zm8=Zm8=", "Zm9 v", "Zm9v\n", " Zm9v", "-_-_", "Zm9v\xC3\xBC"};
	uint8_t out[16];
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_false(base64_parse(out, 16, texts[i], strlen(texts[i]), NULL, &len));
	assert_true(base64_parse(out, 16, "Z\nm8\n=\n", 7, "\n", &len));
	assert_int_equal(len, 2);
}

/* Each of the 256 bytes in each place. */
static void takes_its_alphabet_only(void **state)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789+/";
	uint8_t out[16];
	size_t len;

	(void)state;
	for (size_t at = 0; at < 4; at++) {
		for (int c = 0; c < 256; c++) {
			char text[] = "AAAA";
			bool known = c != 0 && strchr(alphabet, c) != NULL;

			text[at] = (char)c;
			known = known || (at == 3 && c == '=');
			assert_int_equal(base64_parse(out, 16, text, 4, NULL, &len), known);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(writes_and_reads),
	    cmocka_unit_test(has_one_spelling),
	    cmocka_unit_test(takes_its_alphabet_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
