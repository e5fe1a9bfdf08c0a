/*
 * The inside of an encrypted key file: scrypt and secretbox in JSON, as cosign writes it.
 * Source: reference signing.md 3 (go-securesystemslib, encrypted).
 */
#ifndef BUILDER_KEY_BOX_H
#define BUILDER_KEY_BOX_H

#include <stddef.h>
#include <stdint.h>

#include "builder/passphrase.h"
#include "common/buf.h"

/**
 * key_box_open(out, out_len, json, len, passphrase, err): decrypts. out has room for
 * LIMIT_KEY_FILE_BYTES_MAX bytes of locked memory. ERR_KEY for another format, cost parameters that
 * cosign does not use either, or a wrong passphrase. Takes 64 to 128 MiB and a quarter of a second.
 */
int key_box_open(uint8_t *out, size_t *out_len, const char *json, size_t len,
    const struct passphrase *passphrase, struct error *err) MUST_CHECK;

/** key_box_seal(b, secret, len, passphrase, err): encrypts under a new salt and nonce. */
int key_box_seal(struct buf *b, const uint8_t *secret, size_t len,
    const struct passphrase *passphrase, struct error *err) MUST_CHECK;

#endif
