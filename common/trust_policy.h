/*
 * policy.json of a trust directory, parsed. For trust.c; everybody else uses trust_load(). Source:
 * design formats.md 5.
 */
#ifndef COMMON_TRUST_POLICY_H
#define COMMON_TRUST_POLICY_H

#include "common/trust.h"

/**
 * trust_parse_policy(t, files, err): policy.json of files, after the keys: every signer that it
 * names must have one, and every *.pub file that it names must be there, and no other. ERR_FORMAT
 * for an unknown member too.
 */
int trust_parse_policy(
    struct trust *t, const struct trust_files *files, struct error *err) MUST_CHECK;

#endif
