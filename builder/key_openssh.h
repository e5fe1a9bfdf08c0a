/*
 * OpenSSH private keys without a passphrase.
 * Source: OpenSSH PROTOCOL.key; reference signing.md 3.
 */
#ifndef BUILDER_KEY_OPENSSH_H
#define BUILDER_KEY_OPENSSH_H

#include "builder/secret_key.h"

/**
 * key_openssh_parse(bytes, len, err): what stands, in base64, between BEGIN and END OPENSSH PRIVATE
 * KEY; NULL with ERR_KEY: another type, encrypted (the error says what to do), or not byte for byte
 * what OpenSSH writes, of whatever comment. Both copies of the public key must be the secret key's.
 */
struct secret_key *key_openssh_parse(
    const uint8_t *bytes, size_t len, struct error *err) MUST_CHECK;

#endif
