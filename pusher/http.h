/*
 * HTTP as the registry client sees it: one request, one answer. http_curl.c carries it out; unit
 * tests put a scripted transport in its place.
 *
 * A transport follows no redirect, holds no cookie, asks no proxy, knows no credential but the one
 * in the request, and reads no environment: whoever calls it decides where every byte goes.
 */
#ifndef PUSHER_HTTP_H
#define PUSHER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/limits.h"

enum http_method { HTTP_HEAD, HTTP_GET, HTTP_POST, HTTP_PUT };

/**
 * Where the bytes of a body come from.
 *
 * read() gives the next bytes as read(2) does: 1 ..= len of them, 0 at the end, -1 with err set,
 * which ends the request: its last bytes then never leave. rewind() starts anew, for a connection
 * that turned out to be closed. size_bytes is exact.
 */
struct http_body {
	ssize_t (*read)(void *context, void *into, size_t len, struct error *err);
	int (*rewind)(void *context, struct error *err);
	void *context;
	uint64_t size_bytes;
};

/** Everything is borrowed for the call; a NULL string leaves that header out. */
struct http_request {
	enum http_method method;
	const char *url;
	const char *accept;
	const char *content_type;
	const char *authorization;    /* the header's whole value; secret */
	const struct http_body *body; /* HTTP_PUT only; NULL for an empty one */
};

/** The headers of an answer that anybody here reads; see http_header_name(). */
enum http_header {
	HTTP_LOCATION,
	HTTP_DOCKER_CONTENT_DIGEST,
	HTTP_CONTENT_TYPE,
	HTTP_WWW_AUTHENTICATE,
	HTTP_WARNING,
	HTTP_OCI_SUBJECT,
	HTTP_RETRY_AFTER,
	HTTP_HEADER_COUNT,
};

/** What the other side said. Hostile in every part. */
struct http_response {
	int status;                       /* 200 ..= 999 */
	char *headers[HTTP_HEADER_COUNT]; /* owned; NULL where absent; several of a kind joined by
					     ", " */
	struct buf body; /* of an error status: empty if longer than the limit for those */
};

#define HTTP_RESPONSE_INIT                                                                         \
	{                                                                                          \
		.status = 0, .body = BUF_INIT(LIMIT_RESPONSE_BODY_BYTES_MAX)                       \
	}

void http_response_release(struct http_response *r);
#define auto_http_response __attribute__((cleanup(http_response_release)))

struct http_transport {
	/**
	 * perform(self, request, out, err): sends the request and reads the final answer, whatever
	 * its status.
	 *
	 * out is initialised by the caller, who releases it, also after a failure. ERR_NETWORK with
	 * the cause (and, for TLS, what to do), ERR_UNBELIEVED for what is no HTTP, for two
	 * Location or Docker-Content-Digest headers, and past the limits on headers and body; what
	 * body->read() gave; ERR_INTERRUPTED.
	 */
	int (*perform)(struct http_transport *self, const struct http_request *request,
	    struct http_response *out, struct error *err);
	void (*free)(struct http_transport *self);
};

/** http_transport_free(t): NULL is fine. */
void http_transport_free(struct http_transport *t);
static inline void cleanup_http_transport(struct http_transport **slot)
{
	http_transport_free(*slot);
}
#define auto_http_transport __attribute__((cleanup(cleanup_http_transport)))

/** http_method_name(m): "HEAD", ... http_header_name(h): "Location", ... Static storage. */
const char *http_method_name(enum http_method method);
const char *http_header_name(enum http_header header);

/** How http_curl_new() is to speak. Strings are borrowed for the transport's life. */
struct http_curl_options {
	bool plain_http; /* http:// URLs and nothing else; otherwise https:// and nothing else */
	const char *ca_file; /* PEM; in the place of the system's roots; NULL for those */
	int interrupt_fd; /* of interrupt_fd(), ends a request with ERR_INTERRUPTED; borrowed; -1:
			     none */
};

/**
 * http_curl_new(options, err): the real transport; NULL with ERR_SYSTEM. Opens no connection; it
 * then keeps those it made and uses them again. At most one at a time.
 */
struct http_transport *http_curl_new(
    const struct http_curl_options *options, struct error *err) MUST_CHECK;

/** http_curl_version(): what carries the requests out, with the versions of its parts. Static
 * storage. */
const char *http_curl_version(void);

/** A URL in parts, as libcurl would follow it. */
struct http_url {
	char *scheme; /* owned; lower case */
	char *host;   /* owned; an IPv6 address in [] */
	unsigned port;
	char *target; /* owned; path and query, the query as it was written; no fragment */
};

#define HTTP_URL_INIT                                                                              \
	{                                                                                          \
		.scheme = NULL, .host = NULL, .port = 0, .target = NULL                            \
	}

/**
 * http_url_resolve(out, base, reference, err): reference, absolute or relative to the absolute URL
 * base. ERR_FORMAT if it is no http or https URL, or carries a user name or password. Release with
 * http_url_release(), also after a failure.
 */
int http_url_resolve(
    struct http_url *out, const char *base, const char *reference, struct error *err) MUST_CHECK;
void http_url_release(struct http_url *u);
#define auto_http_url __attribute__((cleanup(http_url_release)))

#endif
