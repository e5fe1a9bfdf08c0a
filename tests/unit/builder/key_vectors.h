/*
 * The key of the seed 00 01 .. 1f (reference signing.md 9) in the forms of other tools. ssh-keygen,
 * minisign and openssl were seen to read these.
 */
#ifndef TESTS_UNIT_BUILDER_KEY_VECTORS_H
#define TESTS_UNIT_BUILDER_KEY_VECTORS_H

#include <sodium.h>

#include "builder/secret_key.h"
#include "tests/unit/expect.h"

#define VECTOR_OPENSSH_BASE64                                                                      \
	"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"                 \
	"QyNTUxOQAAACADoQe/884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuAAAAJASNFZ4EjRW\n"                 \
	"eAAAAAtzc2gtZWQyNTUxOQAAACADoQe/884Qvh1w3RjnS8CZZ+TWMJulDV8d3IZkElUxuA\n"                 \
	"AAAEAAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHwOhB7/zzhC+HXDdGOdLwJln\n"                 \
	"5NYwm6UNXx3chmQSVTG4AAAABnZlY3RvcgECAwQFBgc=\n"
#define VECTOR_OPENSSH                                                                             \
	"-----BEGIN OPENSSH PRIVATE KEY-----\n" VECTOR_OPENSSH_BASE64                              \
	"-----END OPENSSH PRIVATE KEY-----\n"

/* Passphrase "correct horse", at a cost below minisign's own. */
#define VECTOR_MINISIGN_LOCKED                                                                     \
	"untrusted comment: minisign encrypted secret key\n"                                       \
	"RWRTY0IyAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AAAgAAAAAAAAAAAEAAAAA"                 \
	"VRYk7JggpWwWU+SkG1d+uMf4yr4gkhyjbCY2hwYUHnCHDKPM1WNSO7zataBqCoKgEzYSfWEG"                 \
	"QgcMH/hbDVYer13ERZddd2aiGOyCGZZbvO4sDZG5Vo5VaRv8Y5ir3nHNFxZADVmGNKA=\n"
#define VECTOR_MINISIGN_BASE64                                                                     \
	"RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"                 \
	"oKGio6SlpqcAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHwOhB7/zzhC+HXDdGOdL"                 \
	"wJln5NYwm6UNXx3chmQSVTG4AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define VECTOR_MINISIGN "untrusted comment: minisign secret key\n" VECTOR_MINISIGN_BASE64 "\n"

#define VECTOR_PKCS8_BASE64 "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define VECTOR_PKCS8_2_BASE64                                                                      \
	"MFECAQEwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fgSEAA6EHv/POEL4dcN0Y50vA" \
	"mWfk1jCbpQ1fHdyGZBJVMbg="

/** expect_vector(key, err): the key is there, and it is this one. */
static inline void expect_vector(const struct secret_key *key, const struct error *err)
{
	expect_ok(key != NULL ? 0 : -1, err);
	for (size_t i = 0; i < ED25519_SEED_BYTES; i++)
		assert_int_equal(secret_key_seed(key)[i], i);
}

/** vector_decode(out, room, base64): the bytes; the length is returned. */
static inline size_t vector_decode(uint8_t *out, size_t room, const char *base64)
{
	size_t len = 0;

	assert_int_equal(sodium_base642bin(out, room, base64, strlen(base64), "\n", &len, NULL,
			     sodium_base64_VARIANT_ORIGINAL),
	    0);
	return len;
}

#endif
