/*
 * The two files of a trust directory, parsed. For trust.c; everybody else uses trust_load().
 */
#ifndef COMMON_TRUST_POLICY_H
#define COMMON_TRUST_POLICY_H

#include "common/trust.h"

/**
 * trust_parse_allowed_signers(t, text, len, err): adds its keys to t. A strict subset of OpenSSH's
 * format (ssh-keygen(1), ALLOWED SIGNERS): one literal principal a line, namespaces= exactly one of
 * ours, valid-after and valid-before in UTC, the same key once. Empty lines and # comments pass.
 * ERR_FORMAT naming the line, ERR_LIMIT. t keeps what was added also after a failure.
 */
int trust_parse_allowed_signers(
    struct trust *t, const char *text, size_t len, struct error *err) MUST_CHECK;

/**
 * trust_parse_policy(t, text, len, err): policy.json, after the keys: every signer it names must
 * have one. ERR_FORMAT for an unknown member too.
 */
int trust_parse_policy(struct trust *t, const char *text, size_t len, struct error *err) MUST_CHECK;

#endif
