/*
 * Public keys in the forms that others want. Source: reference signing.md 8.5; design formats.md 4.
 */
#ifndef BUILDER_KEY_PUBLIC_H
#define BUILDER_KEY_PUBLIC_H

#include <stdbool.h>

#include "common/sshsig.h"

/** key_public_is_named(path): does the name end in ".pub"? Then it is read as a public key, which
 * others may read as well; every other file is a secret key. */
bool key_public_is_named(const char *path);

/** key_public_read(out, path, err): SPKI PEM, or a line "ssh-ed25519 BASE64 [COMMENT]". Links are
 * followed. ERR_KEY, ERR_SYSTEM. */
int key_public_read(struct ssh_public_key *out, const char *path, struct error *err) MUST_CHECK;

/** key_public_line(b, key, principal, name_space): a line of allowed_signers, with its end. */
void key_public_line(
    struct buf *b, const struct ssh_public_key *key, const char *principal, const char *name_space);

#endif
