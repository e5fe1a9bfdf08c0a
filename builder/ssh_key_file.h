/*
 * The public half of what --ssh-key names: the key that a signature by ssh-keygen must be of.
 * Source: OpenSSH PROTOCOL.key; sshd(8), "AUTHORIZED_KEYS FILE FORMAT" for the public line.
 */
#ifndef BUILDER_SSH_KEY_FILE_H
#define BUILDER_SSH_KEY_FILE_H

#include <stddef.h>

#include "common/error.h"
#include "common/sshsig.h"

/**
 * ssh_key_file_public(out, path, err): FILE is a public key line, or an OpenSSH private key, whose
 * public half is not encrypted; beside a private key of another format there must be FILE.pub.
 *
 * At most LIMIT_KEY_FILE_BYTES_MAX are read, into locked memory: what follows the public half may
 * be secret. Links are followed, as ssh-keygen does. ERR_KEY for anything else, ERR_SYSTEM.
 */
int ssh_key_file_public(struct ssh_public_key *out, const char *path, struct error *err) MUST_CHECK;

/**
 * ssh_key_text_public(out, text, len, err): the same of a file's content; -1 with ERR_NONE where it
 * is a private key of another format. text is not copied.
 */
int ssh_key_text_public(
    struct ssh_public_key *out, const char *text, size_t len, struct error *err) MUST_CHECK;

#endif
