#include "builder/key_pkcs8.h"
#include "tests/unit/builder/key_vectors.h"

static void reads_and_writes_the_vector(void **state)
{
	uint8_t der[100];
	uint8_t again[KEY_PKCS8_BYTES];
	struct error err = ERROR_INIT;
	size_t len = vector_decode(der, sizeof(der), VECTOR_PKCS8_BASE64);
	auto_secret_key struct secret_key *key = key_pkcs8_parse(der, len, &err);

	(void)state;
	expect_vector(key, &err);
	key_pkcs8_put(again, key);
	assert_int_equal(len, sizeof(again));
	assert_memory_equal(again, der, len);
	len = vector_decode(der, sizeof(der), VECTOR_PKCS8_2_BASE64);
	auto_secret_key struct secret_key *second = key_pkcs8_parse(der, len, &err);
	expect_vector(second, &err);
}

/* Another seed is another key; everything else has one spelling. */
static void no_changed_byte_passes(void **state)
{
	static const char *const vectors[] = {VECTOR_PKCS8_BASE64, VECTOR_PKCS8_2_BASE64};
	uint8_t der[100];

	(void)state;
	for (size_t v = 0; v < ARRAY_SIZE(vectors); v++) {
		size_t len = vector_decode(der, sizeof(der), vectors[v]);

		for (size_t bit = 0; bit < 8 * len; bit++) {
			struct error err = ERROR_INIT;
			bool in_seed = bit / 8 >= 16 && bit / 8 < 48;

			der[bit / 8] ^= (uint8_t)(1U << bit % 8);
			auto_secret_key struct secret_key *key = key_pkcs8_parse(der, len, &err);
			der[bit / 8] ^= (uint8_t)(1U << bit % 8);
			assert_int_equal(key != NULL, v == 0 && in_seed);
			assert_true(key != NULL || err.code == ERR_KEY);
		}
		for (size_t cut = 0; cut < len; cut++) {
			struct error err = ERROR_INIT;
			bool is_version_1 = v == 1 && cut == 48;
			expect_refused(key_pkcs8_parse(der, cut, &err) == NULL ? -1 : 0, &err,
			    ERR_KEY, is_version_1 ? "Ed25519" : "only Ed25519 keys sign here");
		}
	}
}

static void names_what_it_does_not_take(void **state)
{
	static const struct {
		const char *base64; /* how openssl genpkey's begin */
		const char *error;
	} cases[] = {
	    {"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQ==",
		"an ECDSA key; only Ed25519 keys sign here: make one with 'builder keygen'"},
	    {"MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEA", "an RSA key"},
	    {"MC4CAQAwBQYDK2VuBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f", "an X25519 key"},
	    {"MEcCAQAwBQYDK2VxBDsEOQAA", "an Ed448 key"},
	    {"AAAA", "not an Ed25519 key"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t der[100];
		struct error err = ERROR_INIT;
		size_t len = vector_decode(der, sizeof(der), cases[i].base64);

		expect_refused(key_pkcs8_parse(der, len, &err) == NULL ? -1 : 0, &err, ERR_KEY,
		    cases[i].error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_and_writes_the_vector),
	    cmocka_unit_test(no_changed_byte_passes),
	    cmocka_unit_test(names_what_it_does_not_take),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
