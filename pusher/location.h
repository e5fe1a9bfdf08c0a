/*
 * Where the body of an upload may go: the registry's Location, if it stays where the operator
 * pointed us. Source: OCI distribution-spec, "Pushing blobs"; design formats.md 9, R4 and R5.
 */
#ifndef PUSHER_LOCATION_H
#define PUSHER_LOCATION_H

#include "common/digest.h"
#include "common/error.h"
#include "pusher/target.h"

/**
 * location_join(target, request_url, location, digest, err): the URL of the closing PUT, owned by
 * the caller.
 *
 * location is hostile, absolute or relative to request_url, and must lead to the same host and
 * port; http in the place of https is taken for what a TLS-terminating proxy lost, and becomes
 * https. Its path and query are kept as they are, digest= is appended. NULL with ERR_UNBELIEVED
 * otherwise. The result begins with target->origin, whatever location was.
 */
char *location_join(const struct target *target, const char *request_url, const char *location,
    const struct digest *digest, struct error *err) MUST_CHECK;

#endif
