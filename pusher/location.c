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

static bool is_upload_host(
    const struct option_list *hosts, const struct target *target, const struct http_url *theirs)
{
	bool is_https = strcmp(theirs->scheme, "https") == 0;
	auto_free char *with_port = mem_printf("%s:%u", theirs->host, theirs->port);
	bool is_default = theirs->port == (is_https ? 443 : 80);

	if (hosts == NULL || (!is_https && !target->plain_http))
		return false;
	for (size_t i = 0; i < hosts->count; i++) {
		if (strcasecmp(hosts->items[i], with_port) == 0 ||
		    (is_default && strcasecmp(hosts->items[i], theirs->host) == 0))
			return true;
	}
	return false;
}

static int judge(struct location *out, const struct target *target,
    const struct option_list *upload_hosts, const struct http_url *ours,
    const struct http_url *theirs, struct error *err)
{
	char *url;

	if (is_same_origin(ours, theirs)) {
		url = mem_printf("%s%s", target->origin, theirs->target);
		out->is_foreign = false;
	} else if (is_upload_host(upload_hosts, target, theirs)) {
		url = mem_printf(
		    "%s://%s:%u%s", theirs->scheme, theirs->host, theirs->port, theirs->target);
		out->is_foreign = true;
	} else {
		return error_set(err, ERR_UNBELIEVED,
		    "the registry leads to %s://%s:%u, which is not where it is; "
		    "if that is right, say --upload-host %s:%u",
		    theirs->scheme, theirs->host, theirs->port, theirs->host, theirs->port);
	}
	free(out->url);
	out->url = url;
	return 0;
}

int location_resolve(struct location *out, const struct target *target,
    const struct option_list *upload_hosts, const char *request_url, const char *location,
    struct error *err)
{
	auto_http_url struct http_url ours = HTTP_URL_INIT;
	auto_http_url struct http_url theirs = HTTP_URL_INIT;

	if (http_url_resolve(&ours, target->origin, "/", err) != 0)
		return -1;
	if (http_url_resolve(&theirs, request_url, location, err) != 0) {
		(void)error_recode(err, ERR_UNBELIEVED);
		return error_prefix(err, "the Location for the upload");
	}
	return judge(out, target, upload_hosts, &ours, &theirs, err);
}

void location_release(struct location *l)
{
	free(l->url);
	*l = (struct location)LOCATION_INIT;
}

char *location_closing(const char *url, const struct digest *digest)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(hex, digest);
	return mem_printf(
	    "%s%cdigest=sha256%%3A%s", url, strchr(url, '?') == NULL ? '?' : '&', hex);
}

/* parameters: "; rel=\"next\"; ...", up to the next link. */
static bool is_next(const char *parameters)
{
	for (const char *at = parameters; *at != '\0' && *at != '<'; at += strcspn(at, ";<")) {
		at += strspn(at, "; \t");
		if (strncasecmp(at, "rel=", 4) != 0)
			continue;
		const char *value = at + 4 + (at[4] == '"' ? 1 : 0);
		if (strncasecmp(value, "next", 4) == 0 && strchr("\";, \t", value[4]) != NULL)
			return true;
	}
	return false;
}

char *location_next(const char *header)
{
	for (const char *at = strchr(header, '<'); at != NULL; at = strchr(at, '<')) {
		const char *end = strchr(++at, '>');
		if (end == NULL)
			return NULL;
		if (is_next(end + 1))
			return mem_strndup(at, (size_t)(end - at));
		at = end;
	}
	return NULL;
}
