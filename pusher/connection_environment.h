/*
 * Proxies and certificate authorities as the environment names them: nothing below us reads it, so
 * what counts is handed over by name. Design formats.md 9 (K8).
 */
#ifndef PUSHER_CONNECTION_ENVIRONMENT_H
#define PUSHER_CONNECTION_ENVIRONMENT_H

#include "common/buf.h"
#include "pusher/certificate_store.h"
#include "pusher/connection_options.h"
#include "pusher/environment.h"
#include "pusher/http.h"
#include "pusher/target.h"

/**
 * connection_environment_apply(o, environment, notes): sets what no option has set. A proxy:
 * https_proxy, else HTTPS_PROXY; with o->plain_http http_proxy, in small letters only, because a
 * server's HTTP_PROXY may be a header of somebody's request. no_proxy, else NO_PROXY. ca_file:
 * SSL_CERT_FILE. All is borrowed from environment. notes gets a line for each variable that counts,
 * without its value: a proxy's URL may hold a password.
 */
void connection_environment_apply(
    struct http_curl_options *o, const struct environment *environment, struct buf *notes);

/** How a target is spoken with. */
struct connection {
	struct http_curl_options http; /* borrows from certificates, and from what it was made of */
	struct certificate_store certificates;
};

#define CONNECTION_INIT                                                                            \
	{                                                                                          \
		.certificates = CERTIFICATE_STORE_INIT                                             \
	}

/**
 * connection_open(out, o, environment, target, notes, err): by the options, by the environment, and
 * by the directories of certificates: certificate_store_open(). Opens no connection, and *out must
 * not move. All is borrowed. Release with connection_release(), also after a failure.
 */
int connection_open(struct connection *out, const struct connection_options *o,
    const struct environment *environment, const struct target *target, struct buf *notes,
    struct error *err) MUST_CHECK;
void connection_release(struct connection *c);
#define auto_connection __attribute__((cleanup(connection_release)))

#endif
