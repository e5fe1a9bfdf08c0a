/*
 * The directory that keygen makes: the secret keys, their public halves, and trust/, the only part
 * that leaves the enclave. Source: design formats.md 4 and 5.
 */
#ifndef BUILDER_KEY_DIRECTORY_H
#define BUILDER_KEY_DIRECTORY_H

#include "builder/key_file.h"
#include "common/error.h"

/**
 * key_directory_write(path, key, principal, passphrase, err): DIR/seal.key (0600), DIR/seal.pub,
 * DIR/trust/allowed_signers and DIR/trust/policy.json for a seal key. DIR is made where it does not
 * exist (0700). Nothing that is there is touched: ERR_EXISTS. Everything is on the disk when it
 * returns; after a failure, nothing of it is there. passphrase may be NULL. Signals must be held.
 */
int key_directory_write(const char *path, const struct secret_key *key, const char *principal,
    const struct passphrase *passphrase, struct error *err) MUST_CHECK;

/** principal_check(text, err): 1 to 64 letters, digits, . _ @ + and -; ERR_USAGE. */
int principal_check(const char *text, struct error *err) MUST_CHECK;

#endif
