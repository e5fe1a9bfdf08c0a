#include "common/spki_pem.h"
#include "tests/unit/expect.h"

/* reference signing.md 9; OpenSSL reads it. */
#define BASE64 "MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
#define BEGIN "-----BEGIN PUBLIC KEY-----\n"
#define END "\n-----END PUBLIC KEY-----\n"
static const uint8_t key[ED25519_PUBLIC_BYTES] = {0x03, 0xa1, 0x07, 0xbf, 0xf3, 0xce, 0x10, 0xbe,
    0x1d, 0x70, 0xdd, 0x18, 0xe7, 0x4b, 0xc0, 0x99, 0x67, 0xe4, 0xd6, 0x30, 0x9b, 0xa5, 0x0d, 0x5f,
    0x1d, 0xdc, 0x86, 0x64, 0x12, 0x55, 0x31, 0xb8};

static void writes_and_reads_the_vector(void **state)
{
	auto_buf struct buf b = BUF_INIT(1000);
	uint8_t found[ED25519_PUBLIC_BYTES];
	struct error err = ERROR_INIT;

	(void)state;
	spki_pem_put(&b, key);
	expect_text(buf_text(&b), BEGIN BASE64 END);
	expect_ok(spki_pem_parse(found, b.data, b.len, &err), &err);
	assert_memory_equal(found, key, sizeof(key));
}

static void refuses_every_other_spelling(void **state)
{
	static const char *const texts[] = {
	    BEGIN BASE64 "\r" END,
	    BEGIN BASE64 END "\n",
	    "\n" BEGIN BASE64 END,
	    "-----BEGIN PUBLIC KEY-----\r\n" BASE64 END,
	    BEGIN BASE64 "\n-----END PUBLIC KEY-----",
	    BEGIN "MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vA\nmWfk1jCbpQ1fHdyGZBJVMbg=" END,
	    /* stray bits, the URL alphabet, no padding, a byte less */
	    BEGIN "MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbh=" END,
	    BEGIN "MCowBQYDK2VwAyEAA6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=" END,
	    BEGIN "MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg" END,
	    BEGIN "MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMQ==" END,
	    /* X25519 (1.3.101.110), and a bit string with unused bits */
	    BEGIN "MCowBQYDK2VuAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=" END,
	    BEGIN "MCowBQYDK2VwAyEBA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=" END,
	};
	uint8_t found[ED25519_PUBLIC_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error err = ERROR_INIT;
		bool begins = strncmp(texts[i], BEGIN, strlen(BEGIN)) == 0;

		expect_refused(spki_pem_parse(found, texts[i], strlen(texts[i]), &err), &err,
		    ERR_FORMAT,
		    begins ? "not an Ed25519 public key of three lines"
			   : "not a public key in PEM");
	}
}

static void row_s3_refuses_every_cut_and_flipped_text(void **state)
{
	auto_buf struct buf b = BUF_INIT(1000);
	uint8_t found[ED25519_PUBLIC_BYTES];
	struct error err = ERROR_INIT;

	(void)state;
	spki_pem_put(&b, key);
	for (size_t len = 0; len < b.len; len++)
		assert_int_equal(spki_pem_parse(found, b.data, len, &err), -1);
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		b.data[bit / 8] ^= (char)(1 << bit % 8);
		/* Another letter may spell another key, never the same. */
		if (spki_pem_parse(found, b.data, b.len, &err) == 0)
			assert_memory_not_equal(found, key, sizeof(key));
		b.data[bit / 8] ^= (char)(1 << bit % 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(writes_and_reads_the_vector),
	    cmocka_unit_test(refuses_every_other_spelling),
	    cmocka_unit_test(row_s3_refuses_every_cut_and_flipped_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
