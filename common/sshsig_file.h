/*
 * Signature files that somebody else wrote: their one spelling, and the key that they carry.
 * Nothing here is verified. Source: OpenSSH PROTOCOL.sshsig.
 */
#ifndef COMMON_SSHSIG_FILE_H
#define COMMON_SSHSIG_FILE_H

#include "common/sshsig.h"

/**
 * sshsig_normalize(out, text, len, err): appends the same blob in the armor that ssh-keygen writes.
 *
 * What ssh-keygen itself forgives is forgiven: other line ends and columns, no line end at the end,
 * anything after END. ERR_SEAL otherwise, ERR_LIMIT over LIMIT_SIGNATURE_BYTES_MAX.
 */
int sshsig_normalize(struct buf *out, const char *text, size_t len, struct error *err) MUST_CHECK;

/**
 * sshsig_public_key(out, armored, len, err): the key that the signature says it is of, which
 * sshsig_verify() then has to confirm. ERR_SEAL.
 */
int sshsig_public_key(
    struct ssh_public_key *out, const char *armored, size_t len, struct error *err) MUST_CHECK;

#endif
