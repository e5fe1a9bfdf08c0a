#include "builder/key_minisign.h"
#include "common/base64.h"
#include "tests/unit/builder/key_vectors.h"
#include "tests/unit/temp_dir.h"

#define KEY_BYTES 158

static struct secret_key *parse(const char *text, const char *passphrase_file, struct error *err)
{
	auto_passphrase_source struct passphrase_source source =
	    PASSPHRASE_SOURCE_INIT(passphrase_file);

	return key_minisign_parse(text, strlen(text), &source, err);
}

static struct secret_key *parse_bytes(const uint8_t *bytes, size_t len, struct error *err)
{
	auto_buf struct buf text = BUF_INIT(1000);

	buf_puts(&text, KEY_MINISIGN_COMMENT "any\n");
	base64_put(&text, bytes, len);
	return parse(buf_text(&text), "/dev/null", err);
}

static void reads_the_vectors(void **state)
{
	struct temp_dir t;
	struct error err = ERROR_INIT;

	(void)state;
	temp_dir_open(&t);
	auto_free char *file = temp_path(&t, "passphrase");
	temp_puts(t.fd, "passphrase", "correct horse\n");
	auto_secret_key struct secret_key *plain = parse(VECTOR_MINISIGN, NULL, &err);
	expect_vector(plain, &err);
	auto_secret_key struct secret_key *locked = parse(VECTOR_MINISIGN_LOCKED, file, &err);
	expect_vector(locked, &err);
	temp_puts(t.fd, "passphrase", "correct horsf\n");
	expect_refused(parse(VECTOR_MINISIGN_LOCKED, file, &err) == NULL ? -1 : 0, &err, ERR_KEY,
	    "wrong passphrase");
	temp_dir_close(&t);
}

/* What is not used without a passphrase is free; the key is not. */
static void no_changed_byte_makes_another_key(void **state)
{
	uint8_t bytes[KEY_BYTES + 1] = {0};
	size_t accepted = 0;

	(void)state;
	assert_int_equal(vector_decode(bytes, sizeof(bytes), VECTOR_MINISIGN_BASE64), KEY_BYTES);
	for (size_t bit = 0; bit < 8 * KEY_BYTES; bit++) {
		struct error err = ERROR_INIT;

		bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		auto_secret_key struct secret_key *key = parse_bytes(bytes, KEY_BYTES, &err);
		bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (key != NULL)
			expect_vector(key, &err);
		else
			expect_refused(-1, &err, ERR_KEY, "");
		accepted += key != NULL;
	}
	assert_int_equal(accepted, 8 * (32 + 8 + 8 + 8)); /* salt, costs, key number */
	for (size_t len = 0; len <= KEY_BYTES + 1; len++) {
		struct error err = ERROR_INIT;
		auto_secret_key struct secret_key *key = parse_bytes(bytes, len, &err);

		assert_int_equal(key != NULL, len == KEY_BYTES);
	}
}

static void wants_two_lines(void **state)
{
	static const char *const bad[] = {"", KEY_MINISIGN_COMMENT, KEY_MINISIGN_COMMENT "\n",
	    KEY_MINISIGN_COMMENT "\n\n", "\n" VECTOR_MINISIGN, VECTOR_MINISIGN "more\n",
	    KEY_MINISIGN_COMMENT "x\n " VECTOR_MINISIGN_BASE64 "\n",
	    "trusted comment: x\n" VECTOR_MINISIGN_BASE64 "\n", VECTOR_MINISIGN_BASE64 "\n"};
	static const char *const good[] = {KEY_MINISIGN_COMMENT "x\n" VECTOR_MINISIGN_BASE64,
	    KEY_MINISIGN_COMMENT "x\r\n" VECTOR_MINISIGN_BASE64 "\r\n",
	    KEY_MINISIGN_COMMENT "\n" VECTOR_MINISIGN_BASE64 "\n\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = ERROR_INIT;
		expect_refused(
		    parse(bad[i], "/dev/null", &err) == NULL ? -1 : 0, &err, ERR_KEY, "");
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct error err = ERROR_INIT;
		auto_secret_key struct secret_key *key = parse(good[i], "/dev/null", &err);
		expect_vector(key, &err);
	}
}

/* A file that asks for 2 GiB, or for twice the work, is no key of minisign. */
static void bounds_the_cost(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} cases[] = {
	    {38 + 3, 0x03}, {38 + 4, 0x01}, {38 + 7, 0x80}, {46 + 3, 0x41}, {46 + 7, 0x80}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t bytes[KEY_BYTES] = {0};
		struct error err = ERROR_INIT;

		assert_int_equal(
		    vector_decode(bytes, sizeof(bytes), VECTOR_MINISIGN_BASE64), KEY_BYTES);
		memcpy(bytes + 2, "Sc", 2);
		bytes[cases[i].at] = cases[i].value;
		expect_refused(parse_bytes(bytes, KEY_BYTES, &err) == NULL ? -1 : 0, &err, ERR_KEY,
		    "scrypt parameters beyond those");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_the_vectors),
	    cmocka_unit_test(no_changed_byte_makes_another_key),
	    cmocka_unit_test(wants_two_lines),
	    cmocka_unit_test(bounds_the_cost),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
