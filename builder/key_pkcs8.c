#include "builder/key_pkcs8.h"

#include <string.h>

/* SEQUENCE { INTEGER 0, { OID 1.3.101.112 }, OCTET STRING { OCTET STRING of 32 bytes } } */
static const uint8_t version_1[] = {
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
/* INTEGER 1, and behind the seed [1] IMPLICIT BIT STRING: the public key. */
static const uint8_t version_2[] = {
    0x30, 0x51, 0x02, 0x01, 0x01, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
static const uint8_t version_2_public[] = {0x81, 0x21, 0x00};

#define SEED_AT sizeof(version_1)
#define VERSION_2_BYTES (KEY_PKCS8_BYTES + sizeof(version_2_public) + ED25519_PUBLIC_BYTES)

static const struct {
	uint8_t der[11]; /* tag, length, object identifier */
	size_t len;
	const char *name;
} others[] = {
    {{0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01}, 9, "an ECDSA"},
    {{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01}, 11, "an RSA"},
    {{0x06, 0x03, 0x2b, 0x65, 0x71}, 5, "an Ed448"},
    {{0x06, 0x03, 0x2b, 0x65, 0x6e}, 5, "an X25519"},
};

/* What kind of key it is, by an object identifier near its beginning: for the error only. */
static const char *kind_of(const uint8_t *der, size_t len)
{
	size_t near = len < 32 ? len : 32;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (memmem(der, near, others[i].der, others[i].len) != NULL)
			return others[i].name;
	}
	return "not an Ed25519";
}

static bool is_version_2(const uint8_t *der, size_t len)
{
	return len == VERSION_2_BYTES && memcmp(der, version_2, sizeof(version_2)) == 0 &&
	       memcmp(der + KEY_PKCS8_BYTES, version_2_public, sizeof(version_2_public)) == 0;
}

struct secret_key *key_pkcs8_parse(const uint8_t *der, size_t len, struct error *err)
{
	bool has_public = is_version_2(der, len);

	if (!has_public &&
	    (len != KEY_PKCS8_BYTES || memcmp(der, version_1, sizeof(version_1)) != 0)) {
		(void)error_set(err, ERR_KEY,
		    "%s key; only Ed25519 keys sign here: make one with 'builder keygen'",
		    kind_of(der, len));
		return NULL;
	}
	auto_secret_key struct secret_key *key = secret_key_from_seed(der + SEED_AT, err);
	if (key != NULL && has_public &&
	    !secret_key_has_public(key, der + VERSION_2_BYTES - ED25519_PUBLIC_BYTES)) {
		(void)error_set(err, ERR_KEY, "its public key is not that of its secret key");
		return NULL;
	}
	return steal_ptr(&key);
}

void key_pkcs8_put(uint8_t out[KEY_PKCS8_BYTES], const struct secret_key *key)
{
	memcpy(out, version_1, sizeof(version_1));
	memcpy(out + SEED_AT, secret_key_seed(key), ED25519_SEED_BYTES);
}
