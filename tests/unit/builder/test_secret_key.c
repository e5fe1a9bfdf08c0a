#include <sodium.h>

#include "builder/secret_key.h"
#include "tests/unit/expect.h"

/* reference signing.md 9: the seed 00 01 .. 1f, the message "abc\n", signed by ssh-keygen. */
#define PUBLIC_HEX "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
#define SIGNATURE_HEX                                                                              \
	"ac9ed64421ad7f89e384aa4e33b4b7c9ebd532106fa2f8fa4e342eed443670b1"                         \
	"8f3b6d62504baed6cef5c5e0964927c4bc032eefd0ffd5b400071736e4b52f0d"
#define NAMESPACE "seal-v1@airlock.example"

static struct secret_key *vector_key(void)
{
	uint8_t seed[ED25519_SEED_BYTES];
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < sizeof(seed); i++)
		seed[i] = (uint8_t)i;
	struct secret_key *key = secret_key_from_seed(seed, &err);
	expect_ok(key != NULL ? 0 : -1, &err);
	assert_memory_equal(secret_key_seed(key), seed, sizeof(seed));
	return key;
}

static void has_the_public_key_of_its_seed(void **state)
{
	auto_secret_key struct secret_key *key = vector_key();
	struct ssh_public_key public_key = secret_key_public(key);
	char hex[2 * ED25519_PUBLIC_BYTES + 1];

	(void)state;
	sodium_bin2hex(hex, sizeof(hex), public_key.ed25519, sizeof(public_key.ed25519));
	expect_text(hex, PUBLIC_HEX);
}

static void seals_as_ssh_keygen_does(void **state)
{
	auto_secret_key struct secret_key *key = vector_key();
	struct ssh_public_key public_key = secret_key_public(key);
	struct error err = ERROR_INIT;
	uint8_t signature[ED25519_SIGNATURE_BYTES];
	auto_buf struct buf armored = BUF_INIT(1000);
	auto_buf struct buf expected = BUF_INIT(1000);

	(void)state;
	secret_key_seal(key, NAMESPACE, "abc\n", 4, &armored);
	assert_int_equal(sodium_hex2bin(signature, sizeof(signature), SIGNATURE_HEX,
			     strlen(SIGNATURE_HEX), NULL, NULL, NULL),
	    0);
	sshsig_encode(&expected, NAMESPACE, &public_key, signature);
	expect_text(buf_text(&armored), buf_text(&expected));
	expect_ok(
	    sshsig_verify(armored.data, armored.len, NAMESPACE, &public_key, "abc\n", 4, &err),
	    &err);
}

static void no_two_keys_are_alike(void **state)
{
	struct error err = ERROR_INIT;
	auto_secret_key struct secret_key *a = secret_key_generate(&err);
	auto_secret_key struct secret_key *b = secret_key_generate(&err);
	struct ssh_public_key public_a = secret_key_public(a);
	struct ssh_public_key public_b = secret_key_public(b);

	(void)state;
	assert_false(ssh_public_key_equal(&public_a, &public_b));
	assert_memory_not_equal(secret_key_seed(a), secret_key_seed(b), ED25519_SEED_BYTES);
	secret_key_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(has_the_public_key_of_its_seed),
	    cmocka_unit_test(seals_as_ssh_keygen_does),
	    cmocka_unit_test(no_two_keys_are_alike),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
