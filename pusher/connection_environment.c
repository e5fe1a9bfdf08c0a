#include "pusher/connection_environment.h"

#include <stddef.h>

static const char *first_of(const struct environment *environment, struct buf *notes,
    const char *what, enum environment_variable one, enum environment_variable other)
{
	enum environment_variable found = environment_get(environment, one) != NULL ? one : other;
	const char *value = environment_get(environment, found);

	if (value != NULL)
		buf_printf(notes, "%s: from %s\n", what, environment_name(found));
	return value;
}

void connection_environment_apply(
    struct http_curl_options *o, const struct environment *environment, struct buf *notes)
{
	if (o->proxy == NULL && o->plain_http)
		o->proxy = first_of(environment, notes, "proxy", ENVIRONMENT_HTTP_PROXY_LOWER,
		    ENVIRONMENT_HTTP_PROXY_LOWER);
	else if (o->proxy == NULL)
		o->proxy = first_of(environment, notes, "proxy", ENVIRONMENT_HTTPS_PROXY_LOWER,
		    ENVIRONMENT_HTTPS_PROXY);
	if (o->proxy != NULL && o->no_proxy == NULL)
		o->no_proxy = first_of(environment, notes, "no proxy", ENVIRONMENT_NO_PROXY_LOWER,
		    ENVIRONMENT_NO_PROXY);
	if (o->ca_file == NULL && !o->plain_http && !o->insecure)
		o->ca_file = first_of(environment, notes, "certificate authorities",
		    ENVIRONMENT_SSL_CERT_FILE, ENVIRONMENT_SSL_CERT_FILE);
}

int connection_open(struct connection *out, const struct connection_options *o,
    const struct environment *environment, const struct target *target, struct buf *notes,
    struct error *err)
{
	struct certificate_options options = {.cert_dir = o->cert_dir,
	    .environment = environment,
	    .wish = {.authorities = o->ca_file == NULL && !o->insecure,
		.client = o->cert_file == NULL},
	    .notes = notes};

	out->http = (struct http_curl_options){.plain_http = o->plain_http,
	    .insecure = o->insecure,
	    .is_local = target_is_loopback(target),
	    .ca_file = o->ca_file,
	    .cert_file = o->cert_file,
	    .key_file = o->key_file,
	    .certificates = &out->certificates,
	    .interrupt_fd = -1};
	connection_environment_apply(&out->http, environment, notes);
	if (out->http.ca_file == NULL)
		out->http.roots_file = http_curl_roots_file();
	options.roots_file = out->http.ca_file != NULL ? out->http.ca_file : out->http.roots_file;
	return certificate_store_open(&out->certificates, &options, target, err);
}

void connection_release(struct connection *c)
{
	certificate_store_release(&c->certificates);
}
