/*
 * A FIDO authenticator in software, as a provider that ssh-keygen loads (SSH_SK_PROVIDER): Ed25519
 * alone, the seed in the key handle, nobody to touch it. Source: OpenSSH PROTOCOL.u2f,
 * "Middleware".
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#define API_VERSION 0x000a0000
#define ALG_ED25519 0x01
#define ERR_GENERAL (-1)
#define ERR_UNSUPPORTED (-2)
#define USER_PRESENCE 0x01

struct sk_option;

struct sk_enroll_response {
	uint8_t flags;
	uint8_t *public_key;
	size_t public_key_len;
	uint8_t *key_handle;
	size_t key_handle_len;
	uint8_t *signature;
	size_t signature_len;
	uint8_t *attestation_cert;
	size_t attestation_cert_len;
	uint8_t *authdata;
	size_t authdata_len;
};

struct sk_sign_response {
	uint8_t flags;
	uint32_t counter;
	uint8_t *sig_r;
	size_t sig_r_len;
	uint8_t *sig_s;
	size_t sig_s_len;
};

uint32_t sk_api_version(void);
int sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len, const char *application,
    uint8_t flags, const char *pin, struct sk_option **options, struct sk_enroll_response **out);
int sk_sign(uint32_t alg, const uint8_t *data, size_t data_len, const char *application,
    const uint8_t *key_handle, size_t key_handle_len, uint8_t flags, const char *pin,
    struct sk_option **options, struct sk_sign_response **out);
int sk_load_resident_keys(
    const char *pin, struct sk_option **options, void *resident_keys, size_t *count);

uint32_t sk_api_version(void)
{
	return API_VERSION;
}

int sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len, const char *application,
    uint8_t flags, const char *pin, struct sk_option **options, struct sk_enroll_response **out)
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	(void)challenge, (void)challenge_len, (void)application, (void)pin, (void)options;
	if (alg != ALG_ED25519 || sodium_init() < 0)
		return ERR_UNSUPPORTED;
	struct sk_enroll_response *r = calloc(1, sizeof(*r));
	if (r == NULL)
		return ERR_GENERAL;
	r->flags = flags;
	r->public_key = malloc(crypto_sign_PUBLICKEYBYTES);
	r->key_handle = malloc(crypto_sign_SEEDBYTES);
	r->signature = calloc(1, 1);
	if (r->public_key == NULL || r->key_handle == NULL || r->signature == NULL)
		return ERR_GENERAL; /* the process ends: nothing is given back */
	r->public_key_len = crypto_sign_PUBLICKEYBYTES;
	r->key_handle_len = crypto_sign_SEEDBYTES;
	r->signature_len = 1; /* of the attestation, which nobody looks at */
	randombytes_buf(r->key_handle, r->key_handle_len);
	(void)crypto_sign_seed_keypair(r->public_key, secret, r->key_handle);
	*out = r;
	return 0;
}

/* NOLINTNEXTLINE(readability-function-size): OpenSSH says which parameters there are */
int sk_sign(uint32_t alg, const uint8_t *data, size_t data_len, const char *application,
    const uint8_t *key_handle, size_t key_handle_len, uint8_t flags, const char *pin,
    struct sk_option **options, struct sk_sign_response **out)
{
	uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	uint8_t message[32 + 1 + 4 + 32];

	(void)pin, (void)options;
	if (alg != ALG_ED25519 || key_handle_len != crypto_sign_SEEDBYTES || sodium_init() < 0)
		return ERR_UNSUPPORTED;
	struct sk_sign_response *r = calloc(1, sizeof(*r));
	if (r == NULL || (r->sig_r = malloc(crypto_sign_BYTES)) == NULL)
		return ERR_GENERAL;
	r->flags = flags & USER_PRESENCE;
	r->counter = 0x12345678;
	(void)crypto_hash_sha256(message, (const unsigned char *)application, strlen(application));
	message[32] = r->flags;
	memcpy(message + 33, "\x12\x34\x56\x78", 4);
	(void)crypto_hash_sha256(message + 37, data, data_len);
	(void)crypto_sign_seed_keypair(public_key, secret, key_handle);
	(void)crypto_sign_detached(r->sig_r, NULL, message, sizeof(message), secret);
	r->sig_r_len = crypto_sign_BYTES;
	*out = r;
	return 0;
}

int sk_load_resident_keys(
    const char *pin, struct sk_option **options, void *resident_keys, size_t *count)
{
	(void)pin, (void)options, (void)resident_keys, (void)count;
	return ERR_UNSUPPORTED;
}
