/*
 * Proxies and certificate authorities as the environment names them: nothing below us reads it, so
 * what counts is handed over by name. Design formats.md 9 (K8).
 */
#ifndef PUSHER_CONNECTION_ENVIRONMENT_H
#define PUSHER_CONNECTION_ENVIRONMENT_H

#include "common/buf.h"
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

/** connection_http(o, environment, target, interrupt_fd, notes): how target is spoken with, by the
 * options and by the environment. All is borrowed from them. */
struct http_curl_options connection_http(const struct connection_options *o,
    const struct environment *environment, const struct target *target, int interrupt_fd,
    struct buf *notes);

#endif
