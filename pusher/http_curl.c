#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/interrupt.h"
#include "common/limits.h"
#include "pusher/http_transfer.h"
#include "pusher/wiping_heap.h"

#define POLL_MS 1000
#define IDLE_CONNECTIONS 32L
#define IDLE_ROUNDS_MAX 32U /* more than a handshake takes */
#define REST_MS 1

static void transfer_free(struct transfer *t)
{
	t->exchange->transfer = NULL;
	if (t->easy != NULL) {
		(void)curl_multi_remove_handle(t->transport->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	curl_slist_free_all(t->headers);
	free(t);
}

/* Which certificates count where the request goes. */
static int choose_certificates(struct transfer *t, struct error *err)
{
	const struct http_request *request = &t->exchange->request;
	struct certificate_store *store = t->transport->options.certificates;
	auto_http_url struct http_url url = HTTP_URL_INIT;

	if (store == NULL)
		return 0;
	if (!request->is_foreign) {
		t->certificates = certificate_store_registry(store);
		return 0;
	}
	if (http_url_resolve(&url, request->url, "", err) != 0)
		return -1;
	unsigned default_port = strcmp(url.scheme, "https") == 0 ? 443 : 80;
	return certificate_store_foreign(
	    store, url.host, url.port, default_port, &t->certificates, err);
}

static int transport_start(struct http_transport *self, struct http_exchange *x, struct error *err)
{
	struct curl_transport *transport = (struct curl_transport *)self;
	struct transfer *t = mem_zalloc(1, sizeof(*t));

	x->error = (struct error)ERROR_INIT;
	x->is_final = false;
	x->is_unanswered = false;
	x->transfer = t;
	t->transport = transport;
	t->exchange = x;
	if (choose_certificates(t, err) != 0) {
		transfer_free(t);
		return -1;
	}
	t->easy = curl_easy_init();
	CURLcode code = t->easy == NULL ? CURLE_FAILED_INIT : transfer_prepare(t);
	if (code == CURLE_OK)
		code = curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	if (code == CURLE_OK && curl_multi_add_handle(transport->multi, t->easy) != CURLM_OK)
		code = CURLE_FAILED_INIT;
	if (code == CURLE_OK)
		return 0;
	transfer_free(t);
	return error_set(
	    err, ERR_SYSTEM, "libcurl: cannot begin a request: %s", curl_easy_strerror(code));
}

static void transport_cancel(struct http_transport *self, struct http_exchange *x)
{
	(void)self;
	if (x->transfer != NULL)
		transfer_free(x->transfer);
}

/* Takes out one exchange that has ended; NULL if there is none. */
static struct http_exchange *take_ended(struct curl_transport *transport)
{
	int left;
	void *found = NULL;
	const CURLMsg *message = curl_multi_info_read(transport->multi, &left);

	if (message == NULL)
		return NULL;
	CURLcode code = message->data.result;
	if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &found) != CURLE_OK)
		return NULL;
	struct transfer *t = found;
	struct http_exchange *x = t->exchange;
	transfer_finish(t, code);
	transfer_free(t);
	return x;
}

static int64_t transport_now_ms(struct http_transport *self)
{
	struct timespec now;

	(void)self;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int check_interrupt(struct curl_transport *transport, struct error *err)
{
	if (transport->options.interrupt_fd < 0 || transport->told_interrupt ||
	    interrupt_check(err) == 0)
		return 0;
	transport->told_interrupt = true;
	return -1;
}

/*
 * Where the window of an HTTP/2 stream is full, libcurl 7.88 asks for room to write, of which the
 * socket has enough, and a poll for it ends at once. One that brings nothing time and again is
 * followed by a rest.
 */
static void rest(struct curl_transport *transport, int64_t begun_ms)
{
	struct pollfd interrupt = {.fd = transport->options.interrupt_fd, .events = POLLIN};

	if (transport_now_ms(&transport->base) - begun_ms > REST_MS)
		return;
	if (++transport->idle_rounds > IDLE_ROUNDS_MAX)
		(void)poll(&interrupt, transport->told_interrupt ? 0 : 1, REST_MS);
}

/* Until something happens, or until_ms. */
static CURLMcode poll_sockets(struct curl_transport *transport, int64_t until_ms)
{
	struct curl_waitfd extra = {
	    .fd = transport->options.interrupt_fd, .events = CURL_WAIT_POLLIN, .revents = 0};
	unsigned extra_count = extra.fd < 0 || transport->told_interrupt ? 0 : 1;
	int64_t left_ms = until_ms - transport_now_ms(&transport->base);

	if (left_ms > POLL_MS)
		left_ms = POLL_MS;
	/* It has passed since the caller looked, and libcurl refuses a negative time. */
	if (left_ms < 0)
		left_ms = 0;
	int64_t begun_ms = transport_now_ms(&transport->base);
	CURLMcode code = curl_multi_poll(transport->multi, &extra, extra_count, (int)left_ms, NULL);
	rest(transport, begun_ms);
	return code;
}

static int transport_wait(
    struct http_transport *self, int64_t until_ms, struct http_exchange **out, struct error *err)
{
	struct curl_transport *transport = (struct curl_transport *)self;

	for (;;) {
		int running;
		if (check_interrupt(transport, err) != 0)
			return -1;
		CURLMcode code = curl_multi_perform(transport->multi, &running);
		*out = take_ended(transport);
		if (*out != NULL || transport_now_ms(self) >= until_ms)
			return 0;
		if (code == CURLM_OK)
			code = poll_sockets(transport, until_ms);
		if (code != CURLM_OK)
			return error_set(err, ERR_SYSTEM, "libcurl: %s", curl_multi_strerror(code));
	}
}

static void transport_free(struct http_transport *self)
{
	struct curl_transport *transport = (struct curl_transport *)self;

	(void)curl_multi_cleanup(transport->multi);
	(void)curl_share_cleanup(transport->share);
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
static int check_readable(const char *what, const char *path, struct error *err)
{
	if (path == NULL)
		return 0;
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? error_sys(err, "%s '%s'", what, path) : 0;
}

static int check_files(const struct http_curl_options *options, struct error *err)
{
	if (check_readable("CA file", options->ca_file, err) != 0 ||
	    check_readable("client certificate", options->cert_file, err) != 0 ||
	    check_readable("key of the client certificate", options->key_file, err) != 0)
		return -1;
	return 0;
}

static bool transport_init(struct curl_transport *t, const struct http_curl_options *options)
{
	t->base = (struct http_transport){.start = transport_start,
	    .wait = transport_wait,
	    .cancel = transport_cancel,
	    .now_ms = transport_now_ms,
	    .free = transport_free};
	t->options = *options;
	t->multi = curl_multi_init();
	t->share = curl_share_init();
	/* Unless told, it closes what is idle when fewer requests are under way than before. */
	return t->multi != NULL && t->share != NULL &&
	       curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS) == CURLM_OK &&
	       curl_share_setopt(t->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) ==
		   CURLSHE_OK;
}

struct http_transport *http_curl_new(const struct http_curl_options *options, struct error *err)
{
	if (check_files(options, err) != 0)
		return NULL;
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiping_heap_malloc, wiping_heap_free,
		wiping_heap_realloc, wiping_heap_strdup, wiping_heap_calloc) != CURLE_OK) {
		(void)error_set(err, ERR_SYSTEM, "libcurl: cannot be initialised");
		return NULL;
	}
	struct curl_transport *transport = mem_zalloc(1, sizeof(*transport));
	if (transport_init(transport, options))
		return &transport->base;
	transport_free(&transport->base);
	(void)error_set(err, ERR_SYSTEM, "libcurl: cannot be initialised");
	return NULL;
}

const char *http_curl_roots_file(void)
{
	return has_hashed_certificates(SYSTEM_ROOTS) ? NULL
						     : curl_version_info(CURLVERSION_NOW)->cainfo;
}

/* Not curl_version(): for its own number it starts the LDAP library, which reads files of the
 * working directory and loads plug-ins. */
void http_curl_version(struct buf *out)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	const char *tls = info->ssl_version == NULL ? "no TLS" : info->ssl_version;

	buf_printf(out, "%s, %s", info->version, tls);
	if (info->nghttp2_version != NULL)
		buf_printf(out, ", nghttp2/%s", info->nghttp2_version);
}
