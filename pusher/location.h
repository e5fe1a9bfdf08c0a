/*
 * Where the body of an upload may go: the registry's Location, if it stays where the operator
 * pointed us. Source: OCI distribution-spec, "Pushing blobs"; design formats.md 9, R4 and R5.
 */
#ifndef PUSHER_LOCATION_H
#define PUSHER_LOCATION_H

#include "common/digest.h"
#include "common/error.h"
#include "common/options.h"
#include "pusher/target.h"

struct location {
	char *url;       /* owned; absolute, without a fragment */
	bool is_foreign; /* at a host of --upload-host: no credentials go there */
};

#define LOCATION_INIT                                                                              \
	{                                                                                          \
		.url = NULL, .is_foreign = false                                                   \
	}

/**
 * location_resolve(out, target, upload_hosts, request_url, location, err): out->url is replaced.
 *
 * location is hostile, absolute or relative to request_url. It must lead to the same host and port,
 * and out->url then begins with target->origin, whatever it was: http in the place of https is
 * taken for what a TLS-terminating proxy lost, and becomes https. Or it leads to one of
 * upload_hosts (HOST[:PORT]; NULL: none), by https, or by http where the registry speaks http. Path
 * and query are kept as they are. Otherwise ERR_UNBELIEVED.
 */
int location_resolve(struct location *out, const struct target *target,
    const struct option_list *upload_hosts, const char *request_url, const char *location,
    struct error *err) MUST_CHECK;
void location_release(struct location *l);

/** location_closing(url, digest): where the upload is closed: url with digest= appended; owned by
 * the caller. */
char *location_closing(const char *url, const struct digest *digest);

/** location_next(header): where a Link header, hostile, says that the next page is, as it is
 * written there; owned by the caller; NULL: there is none. Source: RFC 8288. */
char *location_next(const char *header);

#endif
