/*
 * Keys of a trust directory: allowed_signers and revoked_keys, parsed. For trust.c; everybody else
 * uses trust_load(). Source: ssh-keygen(1), ALLOWED SIGNERS and KEY REVOCATION LISTS; design
 * formats.md 5.
 */
#ifndef COMMON_TRUST_SIGNERS_H
#define COMMON_TRUST_SIGNERS_H

#include "common/trust.h"

/**
 * trust_parse_allowed_signers(t, text, len, err): adds its keys to t. A strict subset of OpenSSH's
 * format: one literal principal a line, namespaces= exactly one of ours, valid-after and
 * valid-before in UTC, the same key once. Empty lines and # comments pass. ERR_FORMAT naming the
 * line, ERR_LIMIT. t keeps what was added also after a failure.
 */
int trust_parse_allowed_signers(
    struct trust *t, const char *text, size_t len, struct error *err) MUST_CHECK;

/**
 * trust_parse_revoked_keys(t, text, len, err): one public key a line, with or without a comment,
 * whether it is pinned or not; a binary list (KRL) is refused. Marks the keys of t that stand in
 * it. ERR_FORMAT naming the line.
 */
int trust_parse_revoked_keys(
    struct trust *t, const char *text, size_t len, struct error *err) MUST_CHECK;

#endif
