/*
 * Secret keys of minisign, with and without a passphrase.
 * Source: reference signing.md 6.1; minisign 0.11 and 0.12 (src/minisign.h).
 */
#ifndef BUILDER_KEY_MINISIGN_H
#define BUILDER_KEY_MINISIGN_H

#include "builder/passphrase.h"
#include "builder/secret_key.h"

/** What the first line of such a file begins with. */
#define KEY_MINISIGN_COMMENT "untrusted comment: "

/**
 * key_minisign_parse(text, len, source, err): the two lines of a key file; NULL with ERR_KEY. A key
 * with a passphrase asks source for it and takes up to 1 GiB of memory and some seconds: scrypt, at
 * most at the cost that minisign itself chooses.
 */
struct secret_key *key_minisign_parse(
    const char *text, size_t len, struct passphrase_source *source, struct error *err) MUST_CHECK;

#endif
