/*
 * Release signatures that a test makes for itself, with the key of reference signing.md 9.
 */
#ifndef TESTS_UNIT_COMMON_RELEASE_FIXTURE_H
#define TESTS_UNIT_COMMON_RELEASE_FIXTURE_H

#include <sodium.h>

#include "common/release_artifact.h"
#include "tests/unit/expect.h"

/** release_key(public_key, secret_key, first): the seed is first, first + 1, .. 32 times. */
static inline void release_key(uint8_t public_key[ED25519_PUBLIC_BYTES],
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES], uint8_t first)
{
	uint8_t seed[crypto_sign_SEEDBYTES];

	for (size_t i = 0; i < sizeof(seed); i++)
		seed[i] = (uint8_t)(first + i);
	assert_int_equal(crypto_sign_seed_keypair(public_key, secret_key, seed), 0);
}

/** release_sign(signature, form, content, len, first): by the key of first. */
static inline void release_sign(uint8_t signature[ED25519_SIGNATURE_BYTES], enum release_form form,
    const void *content, size_t len, uint8_t first)
{
	uint8_t public_key[ED25519_PUBLIC_BYTES];
	uint8_t secret_key[crypto_sign_SECRETKEYBYTES];
	auto_buf struct buf data = BUF_INIT((size_t)1 << 20);

	release_key(public_key, secret_key, first);
	release_signed_data(&data, form, content, len);
	assert_int_equal(crypto_sign_detached(signature, NULL,
			     (const unsigned char *)buf_text(&data), data.len, secret_key),
	    0);
}

#endif
