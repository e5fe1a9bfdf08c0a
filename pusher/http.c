#include "pusher/http.h"

static const char *const method_names[] = {[HTTP_HEAD] = "HEAD",
    [HTTP_GET] = "GET",
    [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",
    [HTTP_PATCH] = "PATCH",
    [HTTP_DELETE] = "DELETE"};

static const char *const header_names[HTTP_HEADER_COUNT] = {
    [HTTP_LOCATION] = "Location",
    [HTTP_DOCKER_CONTENT_DIGEST] = "Docker-Content-Digest",
    [HTTP_CONTENT_TYPE] = "Content-Type",
    [HTTP_CONTENT_ENCODING] = "Content-Encoding",
    [HTTP_WWW_AUTHENTICATE] = "WWW-Authenticate",
    [HTTP_WARNING] = "Warning",
    [HTTP_OCI_SUBJECT] = "OCI-Subject",
    [HTTP_OCI_TAG] = "OCI-Tag",
    [HTTP_RETRY_AFTER] = "Retry-After",
    [HTTP_RANGE] = "Range",
    [HTTP_CONTENT_LENGTH] = "Content-Length",
    [HTTP_CHUNK_MIN_LENGTH] = "OCI-Chunk-Min-Length",
    [HTTP_LINK] = "Link",
    [HTTP_ETAG] = "ETag",
};

const char *http_method_name(enum http_method method)
{
	return method_names[method];
}

const char *http_header_name(enum http_header header)
{
	return header_names[header];
}

void http_response_release(struct http_response *r)
{
	for (size_t i = 0; i < HTTP_HEADER_COUNT; i++) {
		free(r->headers[i]);
		r->headers[i] = NULL;
	}
	buf_release(&r->body);
	r->is_revealing = false;
	r->status = 0;
}

int http_perform(struct http_transport *t, struct http_exchange *x, struct error *err)
{
	struct http_exchange *ended = NULL;

	if (t->start(t, x, err) != 0)
		return -1;
	if (t->wait(t, HTTP_FOREVER, &ended, err) != 0) {
		t->cancel(t, x);
		return -1;
	}
	if (x->error.code == ERR_NONE)
		return 0;
	*err = x->error;
	return -1;
}

void http_transport_free(struct http_transport *t)
{
	if (t != NULL)
		t->free(t);
}

void http_url_release(struct http_url *u)
{
	free(u->scheme);
	free(u->host);
	free(u->target);
	*u = (struct http_url)HTTP_URL_INIT;
}
