#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "common/interrupt.h"
#include "common/limits.h"
#include "pusher/http.h"
#include "pusher/wiping_heap.h"

#define USER_AGENT "sallyport-pusher/" SALLYPORT_VERSION
#define SYSTEM_ROOTS "/etc/ssl/certs"
#define POLL_MS 1000

struct curl_transport {
	struct http_transport base; /* first: a pointer to one is a pointer to the other */
	struct http_curl_options options;
	CURLM *multi; /* owned; holds the connections */
	bool hashed_roots;
};

/* One request under way. */
struct transfer {
	const struct curl_transport *transport; /* borrowed, like all below but easy and headers */
	const struct http_request *request;
	struct http_response *response;
	CURL *easy;
	struct curl_slist *headers;
	size_t header_bytes;
	bool headers_ended; /* those of the last answer, by an empty line */
	bool headers_too_long;
	bool body_too_long;
	struct error body_error; /* what request->body gave */
	char curl_text[CURL_ERROR_SIZE];
};

static long status_of(CURL *easy)
{
	long status = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* ---- what libcurl calls while a request is under way ---- */

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *t = context;
	size_t len = size * count;

	if (len >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
		t->headers_ended = false;
	else if (len > 0 && (bytes[0] == '\r' || bytes[0] == '\n'))
		t->headers_ended = true;
	t->header_bytes += len;
	if (t->header_bytes > LIMIT_HEADER_BYTES_MAX) {
		t->headers_too_long = true;
		return 0;
	}
	return len;
}

/* CURLOPT_MAXFILESIZE does not stop a body without a length: the limit must stand here. */
static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *t = context;
	struct buf *body = &t->response->body;
	size_t len = size * count;
	size_t max =
	    status_of(t->easy) >= 400 ? LIMIT_ERROR_BODY_BYTES_MAX : LIMIT_RESPONSE_BODY_BYTES_MAX;

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
	const struct http_body *body = t->request->body;

	if (body == NULL)
		return 0;
	ssize_t got = body->read(body->context, into, size * count, &t->body_error);
	return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

static int on_seek(void *context, curl_off_t offset, int origin)
{
	struct transfer *t = context;
	const struct http_body *body = t->request->body;

	if (body == NULL || offset != 0 || origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	return body->rewind(body->context, &t->body_error) == 0 ? CURL_SEEKFUNC_OK
								: CURL_SEEKFUNC_FAIL;
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
	CURLcode code = CURLE_OK;

	SET(CURLOPT_PROTOCOLS_STR, t->transport->options.plain_http ? "http" : "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_NONE);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_HTTP09_ALLOWED, 0L);
	SET(CURLOPT_ACCEPT_ENCODING, NULL);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, LIMIT_CONNECT_TIMEOUT_MS);
	SET(CURLOPT_LOW_SPEED_LIMIT, LIMIT_IDLE_BYTES_PER_S);
	SET(CURLOPT_LOW_SPEED_TIME, LIMIT_IDLE_TIMEOUT_S);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_UPLOAD_BUFFERSIZE, (long)LIMIT_COPY_BUFFER_BYTES);
	SET(CURLOPT_USERAGENT, USER_AGENT);
	SET(CURLOPT_ERRORBUFFER, t->curl_text);
	return code;
}

/*
 * A directory of hashed certificates is looked into for the one that is needed; the distribution's
 * bundle is parsed whole, which takes 50 ms.
 */
static CURLcode set_tls(struct transfer *t)
{
	const struct curl_transport *transport = t->transport;
	CURLcode code = CURLE_OK;

	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	if (transport->options.ca_file != NULL) {
		SET(CURLOPT_CAINFO, transport->options.ca_file);
		SET(CURLOPT_CAPATH, NULL);
	} else if (transport->hashed_roots) {
		SET(CURLOPT_CAINFO, NULL);
		SET(CURLOPT_CAPATH, SYSTEM_ROOTS);
	}
	return code;
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
	SET(CURLOPT_SEEKFUNCTION, on_seek);
	SET(CURLOPT_SEEKDATA, t);
	return code;
}

static CURLcode set_method(struct transfer *t)
{
	const struct http_body *body = t->request->body;
	CURLcode code = CURLE_OK;

	switch (t->request->method) {
	case HTTP_HEAD:
		SET(CURLOPT_NOBODY, 1L);
		break;
	case HTTP_GET:
		SET(CURLOPT_HTTPGET, 1L);
		break;
	case HTTP_POST:
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE, 0L);
		SET(CURLOPT_POSTFIELDS, "");
		break;
	case HTTP_PUT:
		SET(CURLOPT_UPLOAD, 1L);
		SET(CURLOPT_INFILESIZE_LARGE,
		    body == NULL ? (curl_off_t)0 : (curl_off_t)body->size_bytes);
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
	const struct http_request *request = t->request;
	CURLcode code = CURLE_OK;
	/* Expect: 100-continue would cost a round trip; form data is what libcurl calls an empty
	 * POST. */
	bool ok = add_header(t, "Expect", NULL) &&
		  add_header(t, "Content-Type", request->content_type) &&
		  (request->accept == NULL || add_header(t, "Accept", request->accept)) &&
		  (request->authorization == NULL ||
		      add_header(t, "Authorization", request->authorization));

	if (!ok)
		return CURLE_OUT_OF_MEMORY;
	SET(CURLOPT_HTTPHEADER, t->headers);
	SET(CURLOPT_URL, request->url);
	return code;
}

#undef SET

static CURLcode transfer_prepare(struct transfer *t)
{
	CURLcode (*const steps[])(struct transfer *) = {
	    set_fences, set_tls, set_callbacks, set_method, set_headers};
	CURLcode code = CURLE_OK;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && code == CURLE_OK; i++)
		code = steps[i](t);
	return code;
}

/* ---- what came of it ---- */

/* Results of OpenSSL's certificate check, by the numbers of its x509_vfy.h. */
static const char *tls_advice(CURL *easy, CURLcode code)
{
	long verify_result = 0;

	if (code == CURLE_SSL_CONNECT_ERROR)
		return "if the registry speaks plain HTTP, say --plain-http";
	if (code != CURLE_PEER_FAILED_VERIFICATION)
		return NULL;
	(void)curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verify_result);
	switch (verify_result) {
	case 0:
	case 1: /* the chain held: libcurl had not asked yet when it looked at the name */
		return "reach the registry by a name that its certificate has";
	case 9:  /* not yet valid */
	case 10: /* expired */
		return "renew the registry's certificate, or set this machine's clock";
	case 2:  /* unable to get issuer certificate */
	case 18: /* self-signed */
	case 19: /* self-signed in the chain */
	case 20: /* unable to get local issuer certificate */
	case 21: /* unable to verify the leaf */
		return "give the registry's certificate authority with --ca-file";
	default:
		return NULL;
	}
}

static int set_tls_error(
    const struct transfer *t, CURLcode code, const char *text, struct error *err)
{
	const char *advice = tls_advice(t->easy, code);

	return error_set(err, ERR_NETWORK, "TLS: %s%s%s", text, advice == NULL ? "" : "; ",
	    advice == NULL ? "" : advice);
}

static bool has_begun_to_answer(CURL *easy)
{
	curl_off_t begun_us = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_STARTTRANSFER_TIME_T, &begun_us);
	return begun_us > 0;
}

static int set_error(const struct transfer *t, CURLcode code, struct error *err)
{
	const char *text = t->curl_text[0] != '\0' ? t->curl_text : curl_easy_strerror(code);

	if (t->body_error.code != ERR_NONE) {
		*err = t->body_error;
		return -1;
	}
	if (t->headers_too_long)
		return error_set(err, ERR_UNBELIEVED,
		    "the answer's headers are larger than %u bytes", LIMIT_HEADER_BYTES_MAX);
	if (t->body_too_long)
		return error_set(err, ERR_UNBELIEVED, "the answer is larger than %u bytes",
		    LIMIT_RESPONSE_BODY_BYTES_MAX);
	/* libcurl's own cap on one header line speaks of memory. */
	if (code == CURLE_OUT_OF_MEMORY && has_begun_to_answer(t->easy))
		return error_set(err, ERR_UNBELIEVED, "a header of the answer has no end");
	switch (code) {
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
		return error_set(err, ERR_SYSTEM, "libcurl: %s", text);
	case CURLE_SSL_CACERT_BADFILE:
		return error_set(err, ERR_USAGE, "no certificate authority in '%s': %s",
		    t->transport->options.ca_file != NULL ? t->transport->options.ca_file
							  : SYSTEM_ROOTS,
		    text);
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: anything that does not begin with HTTP/ */
		return error_set(err, ERR_UNBELIEVED, "the answer is not HTTP: %s", text);
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
		return set_tls_error(t, code, text, err);
	default:
		return error_set(err, ERR_NETWORK, "%s", text);
	}
}

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
		t->response->headers[which] = buf_steal(&joined);
	return 0;
}

static int transfer_finish(struct transfer *t, CURLcode code, struct error *err)
{
	long status = status_of(t->easy);
	bool is_long_refusal = t->body_too_long && status >= 400;

	if (code != CURLE_OK && !is_long_refusal)
		return set_error(t, code, err);
	/* libcurl takes a connection that closes among the headers for their end. */
	if (!t->headers_ended)
		return error_set(err, ERR_NETWORK, "the answer was cut off in its headers");
	/* The status of a refusal says enough, however long its text would have been. */
	if (is_long_refusal)
		buf_release(&t->response->body);
	t->response->status = (int)status;
	for (enum http_header which = 0; which < HTTP_HEADER_COUNT; which++) {
		if (take_header(t, which, err) != 0)
			return -1;
	}
	return 0;
}

/* ---- the transport ---- */

static int drive(const struct curl_transport *transport, CURLcode *out, struct error *err)
{
	int interrupt_fd = transport->options.interrupt_fd;
	struct curl_waitfd extra = {.fd = interrupt_fd, .events = CURL_WAIT_POLLIN, .revents = 0};
	unsigned extra_count = extra.fd < 0 ? 0 : 1;

	for (;;) {
		int count;
		if (interrupt_fd >= 0 && interrupt_check(err) != 0)
			return -1;
		CURLMcode code = curl_multi_perform(transport->multi, &count);
		const CURLMsg *message = curl_multi_info_read(transport->multi, &count);
		if (message != NULL && message->msg == CURLMSG_DONE) {
			*out = message->data.result;
			return 0;
		}
		if (code == CURLM_OK)
			code =
			    curl_multi_poll(transport->multi, &extra, extra_count, POLL_MS, NULL);
		if (code != CURLM_OK)
			return error_set(err, ERR_SYSTEM, "libcurl: %s", curl_multi_strerror(code));
	}
}

static int run(struct curl_transport *transport, struct transfer *t, struct error *err)
{
	CURLcode code = transfer_prepare(t);

	if (code != CURLE_OK)
		return error_set(err, ERR_SYSTEM, "libcurl: %s", curl_easy_strerror(code));
	if (curl_multi_add_handle(transport->multi, t->easy) != CURLM_OK)
		return error_set(err, ERR_SYSTEM, "libcurl: cannot begin a request");
	int result = drive(transport, &code, err);
	if (result == 0)
		result = transfer_finish(t, code, err);
	(void)curl_multi_remove_handle(transport->multi, t->easy);
	return result;
}

static int transport_perform(struct http_transport *self, const struct http_request *request,
    struct http_response *out, struct error *err)
{
	struct curl_transport *transport = (struct curl_transport *)self;
	struct transfer t = {.transport = transport,
	    .request = request,
	    .response = out,
	    .easy = curl_easy_init(),
	    .body_error = ERROR_INIT};

	if (t.easy == NULL)
		return error_set(err, ERR_SYSTEM, "libcurl: cannot begin a request");
	int result = run(transport, &t, err);
	curl_easy_cleanup(t.easy);
	curl_slist_free_all(t.headers);
	return result;
}

static void transport_free(struct http_transport *self)
{
	struct curl_transport *transport = (struct curl_transport *)self;

	(void)curl_multi_cleanup(transport->multi);
	curl_global_cleanup();
	free(transport);
}

/* Names as c_rehash gives them: eight hex digits and ".0". */
static bool has_hashed_certificates(const char *path)
{
	DIR *dir = opendir(path);
	bool found = false;

	for (const struct dirent *entry; dir != NULL && !found && (entry = readdir(dir)) != NULL;)
		found = strspn(entry->d_name, "0123456789abcdef") == 8 &&
			strcmp(entry->d_name + 8, ".0") == 0;
	if (dir != NULL)
		(void)closedir(dir);
	return found;
}

/* libcurl would say of a file that is not there what it says of one without certificates. */
static int check_readable(const char *path, struct error *err)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? error_sys(err, "CA file '%s'", path) : 0;
}

struct http_transport *http_curl_new(const struct http_curl_options *options, struct error *err)
{
	if (options->ca_file != NULL && check_readable(options->ca_file, err) != 0)
		return NULL;
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiping_heap_malloc, wiping_heap_free,
		wiping_heap_realloc, wiping_heap_strdup, wiping_heap_calloc) != CURLE_OK) {
		(void)error_set(err, ERR_SYSTEM, "libcurl: cannot be initialised");
		return NULL;
	}
	struct curl_transport *transport = mem_zalloc(1, sizeof(*transport));
	transport->base =
	    (struct http_transport){.perform = transport_perform, .free = transport_free};
	transport->options = *options;
	transport->hashed_roots = has_hashed_certificates(SYSTEM_ROOTS);
	transport->multi = curl_multi_init();
	if (transport->multi == NULL) {
		transport_free(&transport->base);
		(void)error_set(err, ERR_SYSTEM, "libcurl: cannot be initialised");
		return NULL;
	}
	return &transport->base;
}

const char *http_curl_version(void)
{
	return curl_version();
}

/* ---- URLs: the parser that judges where a URL leads is the one that goes there ---- */

static char *url_part(CURLU *url, CURLUPart part, unsigned flags)
{
	char *text = NULL;

	if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
		return NULL;
	char *copy = mem_strdup(text);
	curl_free(text);
	return copy;
}

static int split(struct http_url *out, CURLU *url, struct error *err)
{
	auto_free char *user = url_part(url, CURLUPART_USER, 0);
	auto_free char *password = url_part(url, CURLUPART_PASSWORD, 0);
	auto_free char *port = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	auto_free char *path = url_part(url, CURLUPART_PATH, 0);
	auto_free char *query = url_part(url, CURLUPART_QUERY, 0);

	out->scheme = url_part(url, CURLUPART_SCHEME, 0);
	out->host = url_part(url, CURLUPART_HOST, 0);
	if (user != NULL || password != NULL)
		return error_set(err, ERR_FORMAT, "URL with a user name");
	if (out->scheme == NULL || out->host == NULL || port == NULL || path == NULL ||
	    (strcmp(out->scheme, "http") != 0 && strcmp(out->scheme, "https") != 0))
		return error_set(err, ERR_FORMAT, "not an http or https URL");
	out->port = (unsigned)strtoul(port, NULL, 10);
	out->target =
	    mem_printf("%s%s%s", path, query == NULL ? "" : "?", query == NULL ? "" : query);
	return 0;
}

int http_url_resolve(
    struct http_url *out, const char *base, const char *reference, struct error *err)
{
	CURLU *url = curl_url();
	int result = -1;

	if (url == NULL)
		return error_set(err, ERR_SYSTEM, "libcurl: out of memory");
	CURLUcode code = curl_url_set(url, CURLUPART_URL, base, 0);
	if (code == CURLUE_OK)
		code = curl_url_set(url, CURLUPART_URL, reference, 0);
	if (code != CURLUE_OK)
		(void)error_set(err, ERR_FORMAT, "%s", curl_url_strerror(code));
	else
		result = split(out, url, err);
	curl_url_cleanup(url);
	return result;
}
