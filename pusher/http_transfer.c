#include "pusher/http_transfer.h"

#include <string.h>
#include <strings.h>

#include "common/limits.h"
#include "pusher/http_failure.h"
#include "pusher/wiping_heap.h"

#define USER_AGENT "sallyport-pusher/" SALLYPORT_VERSION
#define UPLOAD_BUFFER_BYTES_MIN (16 * KIB) /* libcurl's own limit */

static long status_of(CURL *easy)
{
	long status = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* ---- what libcurl calls while a request is under way ---- */

/* However slowly a server drips, an answer has an end. What is uploaded may take its time. */
static bool is_in_time(struct transfer *t)
{
	int64_t now_ms = t->transport->base.now_ms(&t->transport->base);

	if (t->answer_begun_ms == 0)
		t->answer_begun_ms = now_ms;
	t->is_slow = now_ms - t->answer_begun_ms > LIMIT_ANSWER_MS;
	return !t->is_slow;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *t = context;
	size_t len = size * count;

	t->transport->idle_rounds = 0;
	/* 102 says that the answer is still to come. */
	if (status_of(t->easy) >= 200 && !is_in_time(t))
		return 0;
	if (len >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
		t->headers_ended = false;
	else if (len > 0 && (bytes[0] == '\r' || bytes[0] == '\n'))
		t->headers_ended = true;
	t->header_bytes += len;
	if (t->header_bytes > LIMIT_HEADER_BYTES_MAX ||
	    ++t->header_lines > LIMIT_HEADER_LINES_MAX) {
		t->headers_too_long = true;
		return 0;
	}
	return len;
}

/* CURLOPT_MAXFILESIZE does not stop a body without a length: the limit must stand here. */
static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *t = context;
	struct buf *body = &t->exchange->response.body;
	size_t len = size * count;
	size_t max =
	    status_of(t->easy) >= 400 ? LIMIT_ERROR_BODY_BYTES_MAX : LIMIT_RESPONSE_BODY_BYTES_MAX;

	t->transport->idle_rounds = 0;
	if (!is_in_time(t))
		return 0;
	if (len > max - body->len) {
		t->body_too_long = true;
		return 0;
	}
	buf_put(body, bytes, len);
	return len;
}

static size_t on_read(char *into, size_t size, size_t count, void *context)
{
	struct transfer *t = context;
	const struct http_body *body = t->exchange->request.body;

	t->transport->idle_rounds = 0;
	if (body == NULL)
		return 0;
	ssize_t got = body->read(body->context, into, size * count, &t->body_error);
	return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

/* ::1, fe80::/10, 127.0.0.0/8, 169.254.0.0/16, 0.0.0.0 and ::, also inside IPv6. */
static bool is_local_address(const char *ip)
{
	if (strncasecmp(ip, "::ffff:", 7) == 0)
		ip += 7;
	return strncmp(ip, "127.", 4) == 0 || strncmp(ip, "169.254.", 8) == 0 ||
	       strncmp(ip, "0.", 2) == 0 || strcmp(ip, "::1") == 0 || strcmp(ip, "::") == 0 ||
	       (strncasecmp(ip, "fe", 2) == 0 && strchr("89abAB", ip[2]) != NULL);
}

/* Connected, and nothing of the request is sent yet: the name may have resolved to anything. */
static int on_connected(void *context, char *their_ip, char *our_ip, int their_port, int our_port)
{
	struct transfer *t = context;

	(void)our_ip;
	(void)their_port;
	(void)our_port;
	t->is_local = is_local_address(their_ip);
	return t->is_local ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* ---- settings ---- */

/* Every setting counts, so none may fail unseen. */
#define SET(option, value)                                                                         \
	do {                                                                                       \
		if (code == CURLE_OK)                                                              \
			code = curl_easy_setopt(t->easy, (option), (value));                       \
	} while (0)

static CURLcode set_fences(struct transfer *t)
{
	const struct http_curl_options *o = &t->transport->options;
	bool is_watched = t->exchange->request.is_foreign && !o->is_local && o->proxy == NULL;
	CURLcode code = CURLE_OK;

	SET(CURLOPT_PROTOCOLS_STR, o->plain_http ? "http,https" : "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_NONE);
	SET(CURLOPT_PROXY, o->proxy == NULL ? "" : o->proxy);
	SET(CURLOPT_NOPROXY, o->no_proxy == NULL ? "" : o->no_proxy);
	SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	SET(CURLOPT_HTTP09_ALLOWED, 0L);
	SET(CURLOPT_ACCEPT_ENCODING, NULL);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_ERRORBUFFER, t->curl_text);
	SET(CURLOPT_USERAGENT, USER_AGENT);
	if (is_watched) {
		SET(CURLOPT_PREREQFUNCTION, on_connected);
		SET(CURLOPT_PREREQDATA, t);
	}
	return code;
}

static uint64_t body_bytes(const struct transfer *t)
{
	const struct http_body *body = t->exchange->request.body;

	return body == NULL ? 0 : body->size_bytes;
}

static CURLcode set_pace(struct transfer *t)
{
	uint64_t bytes = body_bytes(t);
	bool is_http1 = bytes > LIMIT_HTTP2_BODY_BYTES_MAX ||
			t->transport->http2_failures >= LIMIT_HTTP2_FAILURES_MAX;
	uint64_t buffer = bytes < UPLOAD_BUFFER_BYTES_MIN ? UPLOAD_BUFFER_BYTES_MIN : bytes;
	CURLcode code = CURLE_OK;

	SET(CURLOPT_HTTP_VERSION,
	    is_http1 ? (long)CURL_HTTP_VERSION_1_1 : (long)CURL_HTTP_VERSION_2TLS);
	SET(CURLOPT_PIPEWAIT, is_http1 ? 0L : 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, LIMIT_CONNECT_TIMEOUT_MS);
	if (bytes <= LIMIT_HTTP2_BODY_BYTES_MAX)
		SET(CURLOPT_TIMEOUT_MS, LIMIT_ANSWER_MS);
	SET(CURLOPT_LOW_SPEED_LIMIT, LIMIT_IDLE_BYTES_PER_S);
	SET(CURLOPT_LOW_SPEED_TIME, LIMIT_IDLE_TIMEOUT_S);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_UPLOAD_BUFFERSIZE,
	    (long)(buffer > LIMIT_COPY_BUFFER_BYTES ? LIMIT_COPY_BUFFER_BYTES : buffer));
	return code;
}

static CURLcode set_blob(struct transfer *t, CURLoption option, const struct buf *bytes)
{
	struct curl_blob blob = {.data = bytes->data, .len = bytes->len, .flags = CURL_BLOB_COPY};

	return curl_easy_setopt(t->easy, option, &blob);
}

/*
 * A directory of hashed certificates is looked into for the one that is needed; the distribution's
 * bundle is parsed whole, which takes 50 ms. What comes as bytes takes the place of a file, and not
 * of a directory.
 */
static CURLcode set_roots(struct transfer *t)
{
	const struct http_curl_options *o = &t->transport->options;
	const struct host_certificates *more = t->certificates.authorities;
	CURLcode code = CURLE_OK;

	if (o->ca_file != NULL) {
		SET(CURLOPT_CAINFO, o->ca_file);
		SET(CURLOPT_CAPATH, NULL);
	} else if (o->roots_file == NULL) {
		SET(CURLOPT_CAINFO, NULL);
		SET(CURLOPT_CAPATH, SYSTEM_ROOTS);
	}
	if (code == CURLE_OK && more != NULL)
		code = set_blob(t, CURLOPT_CAINFO_BLOB, &more->authorities);
	return code;
}

/* What an option gives is the registry's; what a directory gives is of the host that it names. */
static CURLcode set_client(struct transfer *t)
{
	const struct http_curl_options *o = &t->transport->options;
	const struct host_certificates *client = t->certificates.client;
	CURLcode code = CURLE_OK;

	/* Of a key with a passphrase OpenSSL would ask the terminal for it, and wait. */
	SET(CURLOPT_KEYPASSWD, "");
	if (o->cert_file != NULL && !t->exchange->request.is_foreign) {
		SET(CURLOPT_SSLCERT, o->cert_file);
		SET(CURLOPT_SSLKEY, o->key_file);
	} else if (client != NULL) {
		code = set_blob(t, CURLOPT_SSLCERT_BLOB, &client->certificate);
		if (code == CURLE_OK)
			code = set_blob(t, CURLOPT_SSLKEY_BLOB, &client->key);
	}
	return code;
}

static CURLcode set_tls(struct transfer *t)
{
	const struct http_curl_options *o = &t->transport->options;
	CURLcode code = CURLE_OK;

	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, o->insecure ? 0L : 1L);
	SET(CURLOPT_SSL_VERIFYHOST, o->insecure ? 0L : 2L);
	SET(CURLOPT_SHARE, t->transport->share);
	if (code == CURLE_OK)
		code = set_roots(t);
	return code == CURLE_OK ? set_client(t) : code;
}

static CURLcode set_callbacks(struct transfer *t)
{
	CURLcode code = CURLE_OK;

	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_READFUNCTION, on_read);
	SET(CURLOPT_READDATA, t);
	return code;
}

static CURLcode set_method(struct transfer *t)
{
	enum http_method method = t->exchange->request.method;
	CURLcode code = CURLE_OK;

	switch (method) {
	case HTTP_HEAD:
		SET(CURLOPT_NOBODY, 1L);
		break;
	case HTTP_GET:
		SET(CURLOPT_HTTPGET, 1L);
		break;
	case HTTP_DELETE:
		SET(CURLOPT_HTTPGET, 1L);
		SET(CURLOPT_CUSTOMREQUEST, "DELETE");
		break;
	case HTTP_POST:
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_bytes(t));
		break;
	case HTTP_PATCH:
	case HTTP_PUT:
		SET(CURLOPT_UPLOAD, 1L);
		SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)body_bytes(t));
		SET(CURLOPT_CUSTOMREQUEST, http_method_name(method));
		break;
	}
	return code;
}

/* "Name:" without a value takes out the header that libcurl would send by itself. */
static bool add_header(struct transfer *t, const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value == NULL ? "" : value) + 3;
	char *line = wiping_heap_malloc(size);

	if (line == NULL)
		return false;
	(void)snprintf(
	    line, size, value == NULL ? "%s:" : "%s: %s", name, value == NULL ? "" : value);
	struct curl_slist *longer = curl_slist_append(t->headers, line);
	wiping_heap_free(line);
	if (longer != NULL)
		t->headers = longer;
	return longer != NULL;
}

static CURLcode set_headers(struct transfer *t)
{
	const struct http_request *request = &t->exchange->request;
	CURLcode code = CURLE_OK;
	/* Expect: 100-continue would cost a round trip; form data is what libcurl calls an empty
	 * POST. */
	bool ok = add_header(t, "Expect", NULL) &&
		  add_header(t, "Content-Type", request->content_type) &&
		  (request->accept == NULL || add_header(t, "Accept", request->accept)) &&
		  (request->content_range == NULL ||
		      add_header(t, "Content-Range", request->content_range)) &&
		  (request->if_match == NULL || add_header(t, "If-Match", request->if_match)) &&
		  (request->if_none_match == NULL ||
		      add_header(t, "If-None-Match", request->if_none_match)) &&
		  (request->authorization == NULL ||
		      add_header(t, "Authorization", request->authorization));

	if (!ok)
		return CURLE_OUT_OF_MEMORY;
	SET(CURLOPT_HTTPHEADER, t->headers);
	SET(CURLOPT_URL, request->url);
	return code;
}

#undef SET

CURLcode transfer_prepare(struct transfer *t)
{
	CURLcode (*const steps[])(struct transfer *) = {
	    set_fences, set_pace, set_tls, set_callbacks, set_method, set_headers};
	CURLcode code = CURLE_OK;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && code == CURLE_OK; i++)
		code = steps[i](t);
	return code;
}

/* ---- what came of it ---- */

static int take_header(const struct transfer *t, enum http_header which, struct error *err)
{
	const char *name = http_header_name(which);
	bool is_single = which == HTTP_LOCATION || which == HTTP_DOCKER_CONTENT_DIGEST;
	auto_buf struct buf joined = BUF_INIT(2 * LIMIT_HEADER_BYTES_MAX);
	struct curl_header *header;

	for (size_t i = 0;
	     curl_easy_header(t->easy, name, i, CURLH_HEADER, -1, &header) == CURLHE_OK; i++) {
		if (i > 0 && is_single)
			return error_set(
			    err, ERR_UNBELIEVED, "the answer has more than one %s header", name);
		buf_puts(&joined, i > 0 ? ", " : "");
		buf_puts(&joined, header->value);
	}
	if (joined.data != NULL)
		t->exchange->response.headers[which] = buf_steal(&joined);
	return 0;
}

/* Digests are of the content itself, and nobody asked for another form. */
static int check_encoding(const struct http_response *response, struct error *err)
{
	const char *encoding = response->headers[HTTP_CONTENT_ENCODING];

	if (encoding == NULL || strcasecmp(encoding, "identity") == 0 || response->body.len == 0 ||
	    response->status >= 300)
		return 0;
	return error_set(err, ERR_UNBELIEVED,
	    "the answer is compressed (Content-Encoding: %.40s), which was not asked for: turn "
	    "that off in what stands before the registry",
	    encoding);
}

static int take_answer(struct transfer *t, CURLcode code, struct error *err)
{
	long status = status_of(t->easy);
	bool is_long_refusal = t->body_too_long && status >= 400;

	if (code != CURLE_OK && !is_long_refusal)
		return transfer_failure(t, code, err);
	/* libcurl takes a connection that closes among the headers for their end. */
	if (!t->headers_ended)
		return error_set(err, ERR_NETWORK, "the answer was cut off in its headers");
	/* The status of a refusal says enough, however long its text would have been. */
	if (is_long_refusal)
		buf_release(&t->exchange->response.body);
	t->exchange->response.status = (int)status;
	for (enum http_header which = 0; which < HTTP_HEADER_COUNT; which++) {
		if (take_header(t, which, err) != 0)
			return -1;
	}
	return check_encoding(&t->exchange->response, err);
}

void transfer_finish(struct transfer *t, CURLcode code)
{
	if (code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM)
		t->transport->http2_failures++;
	t->exchange->is_final = transfer_failure_is_final(t, code);
	t->exchange->is_unanswered = code == CURLE_GOT_NOTHING;
	(void)take_answer(t, code, &t->exchange->error);
}
