#include <sodium.h>

#include "builder/key_box.h"
#include "common/limits.h"
#include "tests/unit/expect.h"

static const char secret[] = "forty-eight bytes as a PKCS#8 key would have ..";

static struct passphrase passphrase_of(const char *text)
{
	struct passphrase p = {.bytes = sodium_malloc(strlen(text)), .len = strlen(text)};

	assert_non_null(p.bytes);
	memcpy(p.bytes, text, p.len);
	return p;
}

/* Opens a box; out has room for what it may hold. */
static int open_box(
    const char *json, const char *word, uint8_t *out, size_t *len, struct error *err)
{
	auto_passphrase struct passphrase p = passphrase_of(word);

	return key_box_open(out, len, json, strlen(json), &p, err);
}

static void opens_what_it_seals(void **state)
{
	auto_passphrase struct passphrase p = passphrase_of("word");
	auto_buf struct buf first = BUF_INIT(4 * KIB);
	auto_buf struct buf second = BUF_INIT(4 * KIB);
	struct error err = ERROR_INIT;
	uint8_t out[LIMIT_KEY_FILE_BYTES_MAX];
	size_t len;

	(void)state;
	expect_ok(key_box_seal(&first, (const uint8_t *)secret, sizeof(secret), &p, &err), &err);
	expect_ok(key_box_seal(&second, (const uint8_t *)secret, sizeof(secret), &p, &err), &err);
	assert_string_not_equal(buf_text(&first), buf_text(&second)); /* salt and nonce are new */
	expect_contains(buf_text(&first),
	    "{\"kdf\":{\"name\":\"scrypt\",\"params\":{\"N\":65536,\"r\":8,\"p\":1},\"salt\":\"");
	expect_ok(open_box(buf_text(&first), "word", out, &len, &err), &err);
	assert_int_equal(len, sizeof(secret));
	assert_memory_equal(out, secret, sizeof(secret));
	expect_refused(open_box(buf_text(&first), "Word", out, &len, &err), &err, ERR_KEY,
	    "wrong passphrase, or a damaged file");
	expect_refused(key_box_seal(&first, out, LIMIT_KEY_FILE_BYTES_MAX, &p, &err), &err,
	    ERR_LIMIT, "secret too large");
}

#define SALT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define NONCE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define TEXT "AAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KDF(params, salt)                                                                          \
	"\"kdf\":{\"name\":\"scrypt\",\"params\":{" params "},\"salt\":\"" salt "\"}"
#define PARAMS(n, r, p) "\"N\":" n ",\"r\":" r ",\"p\":" p
#define GOOD_KDF KDF(PARAMS("65536", "8", "1"), SALT)
#define CIPHER(nonce) "\"cipher\":{\"name\":\"nacl/secretbox\",\"nonce\":\"" nonce "\"}"
#define BOX(kdf, cipher, text) "{" kdf "," cipher ",\"ciphertext\":\"" text "\"}"

/* Refused before scrypt has cost anything. */
static const struct {
	const char *json;
	const char *error;
} refused[] = {
    {"", "JSON"},
    {"{}", "'kdf' is missing"},
    {"{\"kdf\":1}", "'kdf' is not an object"},
    {"{\"kdf\":{\"name\":\"argon2id\"}}", "'argon2id' in the place of scrypt"},
    {BOX(KDF("\"N\":65536,\"r\":8", SALT), CIPHER(NONCE), TEXT), "'p' is missing"},
    {BOX(KDF(PARAMS("16384", "8", "1"), SALT), CIPHER(NONCE), TEXT), "scrypt parameters that"},
    {BOX(KDF(PARAMS("262144", "8", "1"), SALT), CIPHER(NONCE), TEXT), "scrypt parameters that"},
    {BOX(KDF(PARAMS("65537", "8", "1"), SALT), CIPHER(NONCE), TEXT), "scrypt parameters that"},
    {BOX(KDF(PARAMS("1073741824", "8", "1"), SALT), CIPHER(NONCE), TEXT), "scrypt parameters"},
    {BOX(KDF(PARAMS("65536", "9", "1"), SALT), CIPHER(NONCE), TEXT), "scrypt parameters that"},
    {BOX(KDF(PARAMS("65536", "8", "2"), SALT), CIPHER(NONCE), TEXT), "scrypt parameters that"},
    {BOX(KDF(PARAMS("-1", "8", "1"), SALT), CIPHER(NONCE), TEXT), "'N' is negative"},
    {BOX(KDF(PARAMS("65536.0", "8", "1"), SALT), CIPHER(NONCE), TEXT), "'N' is not an integer"},
    {BOX(KDF(PARAMS("65536", "8", "1"), "AAAA"), CIPHER(NONCE), TEXT), "scrypt parameters that"},
    {BOX(KDF(PARAMS("65536", "8", "1"), SALT "AAAA"), CIPHER(NONCE), TEXT), "'salt' is not base64"},
    {BOX(KDF(PARAMS("65536", "8", "1"), "?"), CIPHER(NONCE), TEXT), "'salt' is not base64 of at"},
    {BOX(GOOD_KDF, "\"cipher\":{\"name\":\"aes\"}", TEXT), "'aes' in the place of nacl/secretbox"},
    {BOX(GOOD_KDF, CIPHER("AAAA"), TEXT), "nonce or ciphertext too short"},
    {BOX(GOOD_KDF, CIPHER(NONCE "AAAA"), TEXT), "'nonce' is not base64 of at most 24 bytes"},
    {BOX(GOOD_KDF, CIPHER(NONCE), ""), "nonce or ciphertext too short"},
    {BOX(GOOD_KDF, CIPHER(NONCE), "AAAAAAAAAAAAAAAAAAAAAA=="), "nonce or ciphertext too short"},
    {BOX(GOOD_KDF, CIPHER(NONCE), "A"), "'ciphertext' is not base64"},
    {"{" GOOD_KDF "," GOOD_KDF "}", "duplicate object key"},
};

static void refuses_other_boxes(void **state)
{
	uint8_t out[LIMIT_KEY_FILE_BYTES_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct error err = ERROR_INIT;
		expect_refused(open_box(refused[i].json, "word", out, &len, &err), &err, ERR_KEY,
		    refused[i].error);
	}
}

static void every_cost_of_cosign_is_taken(void **state)
{
	static const char *const boxes[] = {
	    BOX(KDF(PARAMS("32768", "8", "1"), SALT), CIPHER(NONCE), TEXT),
	    BOX(KDF(PARAMS("65536", "8", "1"), SALT), CIPHER(NONCE), TEXT),
	    BOX(KDF(PARAMS("131072", "8", "1"), SALT), CIPHER(NONCE), TEXT)};
	uint8_t out[LIMIT_KEY_FILE_BYTES_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(boxes); i++) {
		struct error err = ERROR_INIT;
		expect_refused(
		    open_box(boxes[i], "word", out, &len, &err), &err, ERR_KEY, "wrong passphrase");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(opens_what_it_seals),
	    cmocka_unit_test(refuses_other_boxes),
	    cmocka_unit_test(every_cost_of_cosign_is_taken),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
