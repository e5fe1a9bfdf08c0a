/*
 * Public keys as PEM: "-----BEGIN PUBLIC KEY-----", the form of cosign, Flux, Kyverno and OpenSSL.
 * Source: RFC 7468 section 13, RFC 8410 section 4.
 */
#ifndef COMMON_SPKI_PEM_H
#define COMMON_SPKI_PEM_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/sshsig.h"

/** spki_pem_put(b, key): three lines, as OpenSSL writes them. */
void spki_pem_put(struct buf *b, const uint8_t key[ED25519_PUBLIC_BYTES]);

/**
 * spki_pem_parse(out, text, len, err): 0 only if text is, byte for byte, what spki_pem_put() gives
 * for a key; ERR_FORMAT otherwise. Whether the key is a point of the curve is not checked: a
 * signature is not verified with one that is none.
 */
int spki_pem_parse(
    uint8_t out[ED25519_PUBLIC_BYTES], const char *text, size_t len, struct error *err) MUST_CHECK;

#endif
