/*
 * PKCS #8, the DER inside of a PEM private key, for Ed25519.
 * Source: RFC 8410 section 7; RFC 5958; reference signing.md 3.
 */
#ifndef BUILDER_KEY_PKCS8_H
#define BUILDER_KEY_PKCS8_H

#include "builder/secret_key.h"

#define KEY_PKCS8_BYTES 48

/**
 * key_pkcs8_parse(der, len, err): the key; NULL with ERR_KEY. Version 1, and version 2 where the
 * public key that it adds is the right one; no attributes. The error names another algorithm.
 */
struct secret_key *key_pkcs8_parse(const uint8_t *der, size_t len, struct error *err) MUST_CHECK;

/** key_pkcs8_put(out, key): version 1. out must be locked memory. */
void key_pkcs8_put(uint8_t out[KEY_PKCS8_BYTES], const struct secret_key *key);

#endif
