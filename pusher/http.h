/*
 * HTTP as the registry client sees it: requests, several under way at once, and their answers.
 * http_curl.c carries them out; unit tests put a scripted transport in its place.
 *
 * A transport follows no redirect, holds no cookie, knows no credential but the one in the request,
 * and reads no environment: whoever calls it decides where every byte goes.
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

enum http_method { HTTP_HEAD, HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE };

/**
 * Where the bytes of a body come from.
 *
 * read() gives the next bytes as read(2) does: 1 ..= len of them, 0 at the end, -1 with err set,
 * which ends the request: its last bytes then never leave. size_bytes is exact. It is read once: a
 * transport does not send a body again by itself, since part of it may have arrived.
 */
struct http_body {
	ssize_t (*read)(void *context, void *into, size_t len, struct error *err);
	void *context;
	uint64_t size_bytes;
};

/** A NULL string leaves that header out. */
struct http_request {
	enum http_method method;
	const char *url;
	const char *accept;
	const char *content_type;
	const char *content_range;
	const char *if_match; /* a condition (RFC 9110, 13) is kept by few registries */
	const char *if_none_match;
	const char *authorization;    /* the header's whole value; secret */
	const struct http_body *body; /* POST, PUT, PATCH; NULL for an empty one */
	bool is_foreign; /* to a place that a server named: no client certificate, and no address of
			    this machine or link, unless the registry has one too */
};

/** The headers of an answer that anybody here reads; see http_header_name(). */
enum http_header {
	HTTP_LOCATION,
	HTTP_DOCKER_CONTENT_DIGEST,
	HTTP_CONTENT_TYPE,
	HTTP_CONTENT_ENCODING,
	HTTP_WWW_AUTHENTICATE,
	HTTP_WARNING,
	HTTP_OCI_SUBJECT,
	HTTP_OCI_TAG,
	HTTP_RETRY_AFTER,
	HTTP_RANGE,
	HTTP_CONTENT_LENGTH,
	HTTP_CHUNK_MIN_LENGTH,
	HTTP_LINK,
	HTTP_ETAG,
	HTTP_HEADER_COUNT,
};

/** What the other side said. Hostile in every part. */
struct http_response {
	int status;                       /* 200 ..= 999 */
	char *headers[HTTP_HEADER_COUNT]; /* owned; NULL where absent; several of a kind joined by
					     ", " */
	struct buf body;   /* of an error status: empty if longer than the limit for those */
	bool is_revealing; /* conceal_answer() found what must not be shown in it */
};

#define HTTP_RESPONSE_INIT                                                                         \
	{                                                                                          \
		.status = 0, .body = BUF_INIT(LIMIT_RESPONSE_BODY_BYTES_MAX)                       \
	}

void http_response_release(struct http_response *r);
#define auto_http_response __attribute__((cleanup(http_response_release)))

/** One request and what became of it. */
struct http_exchange {
	struct http_request request;   /* strings are borrowed for start(), the body to the end */
	struct http_response response; /* owned; where error.code is ERR_NONE */
	struct error error; /* ERR_NETWORK with the cause (and, for TLS, what to do); ERR_AUTH or
			       ERR_DENIED of a proxy that lets nobody through; ERR_UNBELIEVED
			       for what is no HTTP, for two Location or Docker-Content-Digest
			       headers, and past the limits on headers and body; what body->read()
			       gave */
	bool is_final;      /* of an ERR_NETWORK: trying again will not help */
	bool
	    is_unanswered; /* of an ERR_NETWORK: the connection ended without a byte of an answer */
	void *transfer;    /* the transport's, while it is under way */
};

#define HTTP_EXCHANGE_INIT                                                                         \
	{                                                                                          \
		.response = HTTP_RESPONSE_INIT, .error = ERROR_INIT, .is_final = false,            \
		.transfer = NULL                                                                   \
	}

struct http_transport {
	/**
	 * start(self, x, err): sends x->request and reads its final answer, whatever its status,
	 * while wait() runs. x is the caller's, initialised, and must stay where it is until wait()
	 * gives it back or cancel() takes it out. ERR_SYSTEM; ERR_USAGE where the certificates for
	 * a place that a server named cannot be used.
	 */
	int (*start)(struct http_transport *self, struct http_exchange *x, struct error *err);
	/**
	 * wait(self, until_ms, out, err): an exchange that has ended, or NULL once now_ms() has
	 * reached until_ms. ERR_INTERRUPTED when a signal asks us to stop: once, after that it
	 * waits on, so that what was begun can be put in order. ERR_SYSTEM.
	 */
	int (*wait)(struct http_transport *self, int64_t until_ms, struct http_exchange **out,
	    struct error *err);
	/** cancel(self, x): ends it where it stands; nothing if it is not under way. */
	void (*cancel)(struct http_transport *self, struct http_exchange *x);
	/** now_ms(self): of a clock that nobody can set. */
	int64_t (*now_ms)(struct http_transport *self);
	void (*free)(struct http_transport *self);
};

#define HTTP_FOREVER INT64_MAX

/**
 * http_perform(t, x, err): one exchange from its start to its end, while nothing else is under way.
 * -1 with x->error, or with what wait() gives. Release x->response in any case.
 */
int http_perform(struct http_transport *t, struct http_exchange *x, struct error *err) MUST_CHECK;

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

struct certificate_store;

/** How http_curl_new() is to speak. Strings are borrowed for the transport's life. */
struct http_curl_options {
	bool plain_http;        /* http:// URLs too; otherwise https:// and nothing else */
	bool insecure;          /* no check of certificates */
	bool is_local;          /* the registry is on this machine: what it names may be too */
	const char *ca_file;    /* PEM; in the place of the system's roots; NULL for those */
	const char *roots_file; /* of those, what http_curl_roots_file() gave */
	const char *cert_file;  /* client certificate and key, PEM; both or neither */
	const char *key_file;
	const char *proxy; /* URL; NULL for none */
	const char
	    *no_proxy; /* hosts that are reached without it, as curl(1) reads them, or NULL */
	struct certificate_store *certificates; /* what is added to these, host by host; NULL:
						   nothing */
	int interrupt_fd; /* of interrupt_fd(), ends a wait with ERR_INTERRUPTED; borrowed; -1:
			     none */
};

/**
 * http_curl_new(options, err): the real transport; NULL with ERR_SYSTEM. Opens no connection; it
 * then keeps those it made and uses them again. Small requests go over one HTTP/2 connection where
 * TLS offers it; a body above LIMIT_HTTP2_BODY_BYTES_MAX goes over HTTP/1.1, since proxies read
 * HTTP/2 bodies through a small window, and so does everything once streams have failed. At most
 * one at a time.
 */
struct http_transport *http_curl_new(
    const struct http_curl_options *options, struct error *err) MUST_CHECK;

/** http_curl_roots_file(): where the system's roots are, if they are one file; NULL: a directory.
 * Static storage. */
const char *http_curl_roots_file(void);

/** http_curl_version(out): the version of what carries the requests out, and of its parts. */
void http_curl_version(struct buf *out);

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
 * base. ERR_FORMAT if it is no http or https URL, carries a user name or password, or has a blank
 * or a byte beyond ASCII. Release with http_url_release(), also after a failure.
 */
int http_url_resolve(
    struct http_url *out, const char *base, const char *reference, struct error *err) MUST_CHECK;
void http_url_release(struct http_url *u);
#define auto_http_url __attribute__((cleanup(http_url_release)))

#endif
