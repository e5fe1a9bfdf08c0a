/*
 * Credential helpers: programs named docker-credential-NAME that hold credentials elsewhere. Run
 * only where the operator said so. Source: docker-credential-helpers, README, "Development";
 * reference registry.md 3.3; security.md K6 and 4.3.
 */
#ifndef PUSHER_CREDENTIAL_HELPER_H
#define PUSHER_CREDENTIAL_HELPER_H

#include <stdbool.h>

#include "common/error.h"
#include "pusher/credentials.h"
#include "pusher/environment.h"

/**
 * credential_helper_get(out, name, server, environment, out_found, err): runs the first
 * docker-credential-NAME of PATH with "get", without a shell, with PATH and HOME for its whole
 * environment, server on its standard input and nothing for its standard error. *out_found: false
 * where it answers that it has nothing. ERR_AUTH for a name that is not [a-z0-9-]{1,64}, a program
 * that is not there, one that takes longer than LIMIT_HELPER_TIME_MS (it is then killed), says more
 * than LIMIT_HELPER_ANSWER_BYTES_MAX, fails, or answers anything but the JSON of such helpers.
 */
int credential_helper_get(struct credential *out, const char *name, const char *server,
    const struct environment *environment, bool *out_found, struct error *err) MUST_CHECK;

/** credential_helper_parse(out, json, len, err): what a helper answers. ERR_AUTH; quotes none of
 * it. */
int credential_helper_parse(
    struct credential *out, const char *json, size_t len, struct error *err) MUST_CHECK;

#endif
