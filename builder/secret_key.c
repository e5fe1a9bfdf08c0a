#include "builder/secret_key.h"

#include <string.h>

#include <sodium.h>

#include "common/limits.h"

struct secret_key {
	uint8_t bytes[crypto_sign_SECRETKEYBYTES]; /* seed, then the public key */
};

struct secret_key *secret_key_from_seed(const uint8_t seed[ED25519_SEED_BYTES], struct error *err)
{
	struct secret_key *k = sodium_malloc(sizeof(*k));
	uint8_t public_key[crypto_sign_PUBLICKEYBYTES];

	if (k == NULL) {
		(void)error_sys(err, "secret key: locked memory");
		return NULL;
	}
	(void)crypto_sign_seed_keypair(public_key, k->bytes, seed);
	return k;
}

struct secret_key *secret_key_generate(struct error *err)
{
	uint8_t *seed = sodium_malloc(ED25519_SEED_BYTES);

	if (seed == NULL) {
		(void)error_sys(err, "secret key: locked memory");
		return NULL;
	}
	randombytes_buf(seed, ED25519_SEED_BYTES);
	struct secret_key *k = secret_key_from_seed(seed, err);
	sodium_free(seed);
	return k;
}

void secret_key_free(struct secret_key *k)
{
	sodium_free(k); /* wipes; NULL is fine */
}

struct ssh_public_key secret_key_public(const struct secret_key *k)
{
	struct ssh_public_key key;

	ssh_public_key_of_ed25519(&key, k->bytes + ED25519_SEED_BYTES);
	return key;
}

bool secret_key_has_public(
    const struct secret_key *k, const uint8_t public_key[ED25519_PUBLIC_BYTES])
{
	return memcmp(k->bytes + ED25519_SEED_BYTES, public_key, ED25519_PUBLIC_BYTES) == 0;
}

const uint8_t *secret_key_seed(const struct secret_key *k)
{
	return k->bytes;
}

void secret_key_seal(const struct secret_key *k, const char *name_space, const void *message,
    size_t len, struct buf *out)
{
	auto_buf struct buf data = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);
	struct ssh_public_key key = secret_key_public(k);
	uint8_t signature[ED25519_SIGNATURE_BYTES];

	sshsig_signed_data(&data, name_space, message, len);
	(void)crypto_sign_detached(
	    signature, NULL, (const unsigned char *)data.data, data.len, k->bytes);
	sshsig_encode(out, name_space, &key, signature);
}

void secret_key_release(const struct secret_key *k, const struct release_claim *claim,
    enum release_form form, struct buf *content, uint8_t signature[ED25519_SIGNATURE_BYTES])
{
	auto_buf struct buf data = BUF_INIT(LIMIT_RELEASE_CONTENT_BYTES_MAX + KIB);

	release_claim_write(content, claim, form);
	release_signed_data(&data, form, content->data, content->len);
	(void)crypto_sign_detached(
	    signature, NULL, (const unsigned char *)data.data, data.len, k->bytes);
}
