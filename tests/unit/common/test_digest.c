#include "common/digest.h"
#include "tests/unit/expect.h"

#define HEX_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HEX_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static const struct {
	const char *text;
	const char *error; /* NULL: good */
} cases[] = {
    {"sha256:" HEX_ABC, NULL},
    {"sha256:0000000000000000000000000000000000000000000000000000000000000000", NULL},
    {"", "not of the form sha256:HEX"},
    {"sha256", "not of the form sha256:HEX"},
    {HEX_ABC, "not of the form sha256:HEX"},
    {"sha256:", "not 64 lower-case hex digits"},
    {"sha256:../../x", "not 64 lower-case hex digits"},
    {"sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "not 64"},
    {"sha256:a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "not 64"},
    {"sha256:0" HEX_ABC, "not 64"},
    {"sha256:" HEX_ABC HEX_ABC, "not 64"},
    {"sha256:ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a/", "not 64"},
    {" sha256:" HEX_ABC, "the algorithm is not sha256"},
    {"sha256:" HEX_ABC "\n", "not 64"},
    {"SHA256:" HEX_ABC, "the algorithm is not sha256"},
    {"sha512:" HEX_ABC HEX_ABC, "the algorithm is not sha256"},
    {"sha256+b64u:" HEX_ABC, "the algorithm is not sha256"},
    {"md5:d41d8cd98f00b204e9800998ecf8427e", "digest 'md5:d41d8cd98f00b204e9800998ecf8427e'"},
};

static void parses_one_form_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		struct digest d;
		char text[DIGEST_TEXT_LEN + 1];
		int result = digest_parse(&d, cases[i].text, strlen(cases[i].text), &err);

		if (cases[i].error != NULL) {
			expect_refused(result, &err, ERR_FORMAT, cases[i].error);
			continue;
		}
		expect_ok(result, &err);
		digest_text(text, &d);
		expect_text(text, cases[i].text);
	}
}

/* The length is what counts, not a NUL: neither one inside nor none at the end. */
static void needs_no_terminator(void **state)
{
	static const char behind[] = "sha256:" HEX_ABC "ff";
	char holed[] = "sha256:" HEX_ABC;
	struct error err = ERROR_INIT;
	struct digest d;

	(void)state;
	expect_ok(digest_parse(&d, behind, DIGEST_TEXT_LEN, &err), &err);
	holed[20] = '\0';
	expect_refused(digest_parse(&d, holed, DIGEST_TEXT_LEN, &err), &err, ERR_FORMAT, "not 64");
	assert_false(digest_parse_hex(&d, HEX_ABC, 63));
	assert_false(digest_parse_hex(&d, HEX_ABC "a", 65));
	assert_true(digest_parse_hex(&d, HEX_ABC, 64));
}

static void every_wrong_byte_is_refused(void **state)
{
	char text[] = "sha256:" HEX_ABC;
	struct digest d;

	(void)state;
	for (size_t at = 0; at < DIGEST_TEXT_LEN; at++) {
		char right = text[at];
		for (int c = 0; c < 256; c++) {
			struct error err = ERROR_INIT;
			bool is_hex = at >= 7 && c != 0 && strchr("0123456789abcdef", c) != NULL;

			text[at] = (char)c;
			assert_int_equal(digest_parse(&d, text, DIGEST_TEXT_LEN, &err),
			    is_hex || text[at] == right ? 0 : -1);
		}
		text[at] = right;
	}
}

static void agrees_with_the_standard(void **state)
{
	struct digest whole;
	struct digest pieces;
	struct digest_stream s;
	char hex[DIGEST_HEX_LEN + 1];

	(void)state;
	digest_of(&whole, "", 0);
	digest_hex(hex, &whole);
	expect_text(hex, HEX_EMPTY);
	digest_of(&whole, "abc", 3);
	digest_hex(hex, &whole);
	expect_text(hex, HEX_ABC);
	digest_stream_init(&s);
	digest_stream_update(&s, "a", 1);
	digest_stream_update(&s, "", 0);
	digest_stream_update(&s, "bc", 2);
	digest_stream_finish(&s, &pieces);
	assert_true(digest_equal(&whole, &pieces));
	digest_stream_finish(&s, &pieces); /* it began anew */
	digest_of(&whole, "", 0);
	assert_true(digest_equal(&whole, &pieces));
}

static void orders_as_its_text(void **state)
{
	static const char *const sorted[] = {
	    "0000000000000000000000000000000000000000000000000000000000000000",
	    "0000000000000000000000000000000000000000000000000000000000000001",
	    "7f00000000000000000000000000000000000000000000000000000000000000",
	    "8000000000000000000000000000000000000000000000000000000000000000",
	    "ff00000000000000000000000000000000000000000000000000000000000000"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(sorted); k++) {
			struct digest a;
			struct digest b;
			assert_true(digest_parse_hex(&a, sorted[i], DIGEST_HEX_LEN));
			assert_true(digest_parse_hex(&b, sorted[k], DIGEST_HEX_LEN));
			int order = digest_compare(&a, &b);
			assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
			assert_int_equal(digest_equal(&a, &b), i == k);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parses_one_form_only),
	    cmocka_unit_test(needs_no_terminator),
	    cmocka_unit_test(every_wrong_byte_is_refused),
	    cmocka_unit_test(agrees_with_the_standard),
	    cmocka_unit_test(orders_as_its_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
