#include "pusher/location.h"

#include <string.h>
#include <strings.h>

#include "pusher/http.h"

static bool is_same_origin(const struct http_url *ours, const struct http_url *theirs)
{
	unsigned port = theirs->port;

	if (strcasecmp(ours->host, theirs->host) != 0)
		return false;
	if (strcmp(ours->scheme, theirs->scheme) == 0)
		return port == ours->port;
	if (strcmp(ours->scheme, "https") != 0)
		return false;
	/* Behind a proxy that ends TLS, a registry knows only its own http: its default port is
	 * ours. */
	return port == ours->port || (port == 80 && ours->port == 443);
}

char *location_join(const struct target *target, const char *request_url, const char *location,
    const struct digest *digest, struct error *err)
{
	auto_http_url struct http_url ours = HTTP_URL_INIT;
	auto_http_url struct http_url theirs = HTTP_URL_INIT;
	char hex[DIGEST_HEX_LEN + 1];

	if (http_url_resolve(&ours, target->origin, request_url, err) != 0)
		return NULL;
	if (http_url_resolve(&theirs, request_url, location, err) != 0) {
		(void)error_recode(err, ERR_UNBELIEVED);
		(void)error_prefix(err, "the Location for the upload");
		return NULL;
	}
	if (!is_same_origin(&ours, &theirs)) {
		(void)error_set(err, ERR_UNBELIEVED,
		    "the registry wants the upload sent to %s://%s:%u, which is not where it is",
		    theirs.scheme, theirs.host, theirs.port);
		return NULL;
	}
	digest_hex(hex, digest);
	return mem_printf("%s%s%cdigest=sha256%%3A%s", target->origin, theirs.target,
	    strchr(theirs.target, '?') == NULL ? '?' : '&', hex);
}
