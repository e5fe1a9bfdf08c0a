/*
 * One exchange under way with libcurl: all its settings, and what came of it. Private to
 * http_curl.c, http_transfer.c and http_failure.c.
 */
#ifndef PUSHER_HTTP_TRANSFER_H
#define PUSHER_HTTP_TRANSFER_H

#include <curl/curl.h>

#include "pusher/certificate_store.h"
#include "pusher/http.h"

#define SYSTEM_ROOTS "/etc/ssl/certs"

struct curl_transport {
	struct http_transport base; /* first: a pointer to one is a pointer to the other */
	struct http_curl_options options;
	CURLM *multi;  /* owned; holds the connections */
	CURLSH *share; /* owned; TLS sessions, so that a second connection is quick */
	bool told_interrupt;
	unsigned http2_failures;
	unsigned idle_rounds; /* since something was sent or has come */
};

/* One exchange under way. */
struct transfer {
	struct curl_transport *transport; /* borrowed */
	struct http_exchange *exchange;   /* borrowed */
	CURL *easy;                       /* owned */
	struct curl_slist *headers;       /* owned */
	struct certificate_choice certificates;
	bool is_local; /* of a foreign place: leads to this machine or link */
	size_t header_bytes;
	size_t header_lines;
	bool headers_ended;      /* those of the last answer, by an empty line */
	int64_t answer_begun_ms; /* when its first line was there; 0: it is not */
	bool is_slow;            /* the answer takes too long */
	bool headers_too_long;
	bool body_too_long;
	struct error body_error; /* what the body gave */
	char curl_text[CURL_ERROR_SIZE];
};

/** transfer_prepare(t): every setting of t->easy; none may fail unseen. */
CURLcode transfer_prepare(struct transfer *t);

/** transfer_finish(t, code): fills in t->exchange: the answer, or why there is none. */
void transfer_finish(struct transfer *t, CURLcode code);

#endif
