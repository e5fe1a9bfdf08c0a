#include "pusher/connection_environment.h"

#include <stddef.h>

static const char *first_of(const struct environment *environment, struct buf *notes,
    enum environment_variable one, enum environment_variable other)
{
	enum environment_variable found = environment_get(environment, one) != NULL ? one : other;
	const char *value = environment_get(environment, found);

	if (value != NULL)
		buf_printf(notes, "connection: by the variable %s\n", environment_name(found));
	return value;
}

void connection_environment_apply(
    struct http_curl_options *o, const struct environment *environment, struct buf *notes)
{
	if (o->proxy == NULL && o->plain_http)
		o->proxy = first_of(
		    environment, notes, ENVIRONMENT_HTTP_PROXY_LOWER, ENVIRONMENT_HTTP_PROXY_LOWER);
	else if (o->proxy == NULL)
		o->proxy = first_of(
		    environment, notes, ENVIRONMENT_HTTPS_PROXY_LOWER, ENVIRONMENT_HTTPS_PROXY);
	if (o->proxy != NULL && o->no_proxy == NULL)
		o->no_proxy =
		    first_of(environment, notes, ENVIRONMENT_NO_PROXY_LOWER, ENVIRONMENT_NO_PROXY);
	if (o->ca_file == NULL && !o->plain_http && !o->insecure)
		o->ca_file = first_of(
		    environment, notes, ENVIRONMENT_SSL_CERT_FILE, ENVIRONMENT_SSL_CERT_FILE);
}
