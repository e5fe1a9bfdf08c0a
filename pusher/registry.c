#include "pusher/registry.h"

#include <string.h>

#include "common/blob.h"
#include "common/manifest.h"
#include "common/media_type.h"
#include "pusher/location.h"
#include "pusher/refusal.h"

/* Without it docker-registry answers 404 for a tag that holds an OCI manifest. */
#define ACCEPT_MANIFESTS                                                                           \
	MEDIA_TYPE_OCI_MANIFEST ", " MEDIA_TYPE_OCI_INDEX ", " MEDIA_TYPE_DOCKER_MANIFEST          \
				", " MEDIA_TYPE_DOCKER_LIST
#define OCTET_STREAM "application/octet-stream"

/* ---- one exchange ---- */

static int exchange(const struct registry *r, struct http_request *request,
    struct http_response *response, struct error *err)
{
	struct http_exchange x = HTTP_EXCHANGE_INIT;

	request->authorization = r->credentials->authorization;
	x.request = *request;
	int result = http_perform(r->transport, &x, err);
	*response = x.response;
	progress_request(
	    r->progress, request->method, request->url, result == 0 ? response->status : 0);
	return result;
}

static int refuse(const struct registry *r, const struct http_response *response,
    bool begins_upload, struct error *err)
{
	const struct refusal_context context = {
	    .begins_upload = begins_upload,
	    .with_credentials = r->credentials->authorization != NULL,
	};

	return refusal_set(err, &context, response);
}

/* "HEAD registry.example/charts/nginx:1.0: ..." */
static int name_call(const struct registry *r, enum http_method method, const char *repository,
    const char *reference, struct error *err)
{
	const char *mark = strchr(reference, ':') != NULL ? "@" : ":";

	return error_prefix(err, "%s %s/%s%s%s", http_method_name(method), r->target->label,
	    repository, reference[0] == '\0' ? "" : mark, reference);
}

/* *out_said: whether there is a digest header at all. */
static int digest_said(
    const struct http_response *response, bool *out_said, struct digest *out, struct error *err)
{
	const char *text = response->headers[HTTP_DOCKER_CONTENT_DIGEST];

	*out_said = text != NULL;
	if (text == NULL || digest_parse(out, text, strlen(text), err) == 0)
		return 0;
	(void)error_recode(err, ERR_UNBELIEVED);
	return error_prefix(err, "%s", http_header_name(HTTP_DOCKER_CONTENT_DIGEST));
}

/* The digest header, where there is one, must be ours. */
static int check_digest_said(const struct http_response *response, const struct digest *ours,
    bool *out_said, struct error *err)
{
	struct digest theirs;
	char text[DIGEST_TEXT_LEN + 1];

	if (digest_said(response, out_said, &theirs, err) != 0)
		return -1;
	if (!*out_said || digest_equal(&theirs, ours))
		return 0;
	digest_text(text, &theirs);
	return error_set(err, ERR_UNBELIEVED,
	    "status %d, but the registry says it took '%s', which was not sent", response->status,
	    text);
}

/* ---- a body from the layout ---- */

struct blob_body {
	const struct layout *layout;
	const struct digest *digest;
	uint64_t size_bytes;
	struct blob_reader reader;
};

static ssize_t body_read(void *context, void *into, size_t len, struct error *err)
{
	struct blob_body *body = context;

	return blob_read(&body->reader, into, len, err);
}

static int body_rewind(void *context, struct error *err)
{
	struct blob_body *body = context;

	blob_close(&body->reader);
	return blob_open(&body->reader, body->layout, body->digest, body->size_bytes, err);
}

/* A PUT of a blob or a manifest, hashed once more on its way. */
static int put_from_layout(const struct registry *r, const char *url, const char *media_type,
    struct blob_body *source, struct http_response *response, struct error *err)
{
	const struct http_body body = {.read = body_read,
	    .rewind = body_rewind,
	    .context = source,
	    .size_bytes = source->size_bytes};
	struct http_request request = {
	    .method = HTTP_PUT, .url = url, .content_type = media_type, .body = &body};

	source->reader = (struct blob_reader)BLOB_READER_INIT;
	int result =
	    blob_open(&source->reader, source->layout, source->digest, source->size_bytes, err);
	if (result == 0)
		result = exchange(r, &request, response, err);
	blob_close(&source->reader);
	return result;
}

/* ---- manifests that are there ---- */

/* A page that says 200 to everything is not taken for a manifest. */
static bool is_manifest_type(const char *content_type)
{
	if (content_type == NULL)
		return false;
	auto_free char *type = mem_strndup(content_type, strcspn(content_type, "; \t"));
	return media_type_is_manifest(type) || media_type_is_index(type);
}

static int hash_manifest(
    const struct registry *r, const char *url, struct digest *out, struct error *err)
{
	struct http_request request = {.method = HTTP_GET, .url = url, .accept = ACCEPT_MANIFESTS};
	auto_http_response struct http_response response = HTTP_RESPONSE_INIT;

	if (exchange(r, &request, &response, err) != 0)
		return -1;
	if (response.status != 200)
		return refuse(r, &response, false, err);
	if (!is_manifest_type(response.headers[HTTP_CONTENT_TYPE]))
		return error_set(err, ERR_UNBELIEVED,
		    "status 200, but what is there is no manifest: is this a registry?");
	digest_of(out, buf_text(&response.body), response.body.len);
	return 0;
}

static int head_manifest(
    const struct registry *r, const char *url, struct registry_manifest *out, struct error *err)
{
	struct http_request request = {.method = HTTP_HEAD, .url = url, .accept = ACCEPT_MANIFESTS};
	auto_http_response struct http_response response = HTTP_RESPONSE_INIT;
	bool is_said = false;

	if (exchange(r, &request, &response, err) != 0)
		return -1;
	out->exists = response.status == 200;
	if (response.status == 404)
		return 0;
	if (response.status != 200)
		return refuse(r, &response, false, err);
	if (digest_said(&response, &is_said, &out->digest, err) != 0)
		return -1;
	return is_said ? 0 : hash_manifest(r, url, &out->digest, err);
}

static char *manifest_url(const struct registry *r, const char *repository, const char *reference)
{
	return mem_printf("%s/v2/%s/manifests/%s", r->target->origin, repository, reference);
}

int registry_find_manifest(const struct registry *r, const char *repository, const char *reference,
    struct registry_manifest *out, struct error *err)
{
	auto_free char *url = manifest_url(r, repository, reference);

	if (head_manifest(r, url, out, err) == 0)
		return 0;
	return name_call(r, HTTP_HEAD, repository, reference, err);
}

/* ---- blobs ---- */

/* POST: where is the blob to be sent? */
static int begin_upload(const struct registry *r, const char *repository,
    const struct digest *digest, char **out_url, struct error *err)
{
	auto_free char *url = mem_printf("%s/v2/%s/blobs/uploads/", r->target->origin, repository);
	struct http_request request = {.method = HTTP_POST, .url = url};
	auto_http_response struct http_response response = HTTP_RESPONSE_INIT;

	if (exchange(r, &request, &response, err) != 0)
		return -1;
	if (response.status != 202)
		return refuse(r, &response, true, err);
	const char *location = response.headers[HTTP_LOCATION];
	if (location == NULL)
		return error_set(err, ERR_UNBELIEVED, "status 202 without a Location");
	*out_url = location_join(r->target, url, location, digest, err);
	return *out_url == NULL ? -1 : 0;
}

static int finish_upload(const struct registry *r, const char *url, const struct layout *layout,
    const struct plan_blob *blob, struct error *err)
{
	struct blob_body source = {
	    .layout = layout, .digest = &blob->digest, .size_bytes = blob->size_bytes};
	auto_http_response struct http_response response = HTTP_RESPONSE_INIT;
	bool is_said;

	if (put_from_layout(r, url, OCTET_STREAM, &source, &response, err) != 0)
		return -1;
	if (response.status != 201 && response.status != 204)
		return refuse(r, &response, false, err);
	return check_digest_said(&response, &blob->digest, &is_said, err);
}

int registry_push_blob(const struct registry *r, const char *repository,
    const struct layout *layout, const struct plan_blob *blob, struct error *err)
{
	auto_free char *url = NULL;
	char reference[DIGEST_TEXT_LEN + 1];

	digest_text(reference, &blob->digest);
	if (begin_upload(r, repository, &blob->digest, &url, err) != 0)
		return name_call(r, HTTP_POST, repository, "", err);
	if (finish_upload(r, url, layout, blob, err) != 0)
		return name_call(r, HTTP_PUT, repository, reference, err);
	progress_blob(r->progress, repository, &blob->digest, blob->size_bytes);
	return 0;
}

/* ---- manifests ---- */

static int put_manifest(const struct registry *r, const char *url, const struct layout *layout,
    const struct plan_manifest *manifest, bool *out_confirmed, struct error *err)
{
	struct blob_body source = {
	    .layout = layout, .digest = &manifest->digest, .size_bytes = manifest->size_bytes};
	auto_http_response struct http_response response = HTTP_RESPONSE_INIT;
	bool is_said = false;

	if (put_from_layout(r, url, manifest->media_type, &source, &response, err) != 0)
		return -1;
	int status = response.status;
	if (status != 201 && status != 200 && status != 202)
		return refuse(r, &response, false, err);
	if (check_digest_said(&response, &manifest->digest, &is_said, err) != 0)
		return -1;
	*out_confirmed = status == 201 && is_said;
	return 0;
}

static int confirm_manifest(
    const struct registry *r, const char *url, const struct digest *ours, struct error *err)
{
	struct registry_manifest found = {.exists = false};
	char text[DIGEST_TEXT_LEN + 1];

	if (head_manifest(r, url, &found, err) != 0)
		return -1;
	if (found.exists && digest_equal(&found.digest, ours))
		return 0;
	if (!found.exists)
		return error_set(err, ERR_UNBELIEVED,
		    "the registry said that it took the manifest, and has none there");
	digest_text(text, &found.digest);
	return error_set(err, ERR_UNBELIEVED,
	    "the registry said that it took the manifest, and has '%s' there", text);
}

int registry_push_manifest(const struct registry *r, const char *repository, const char *reference,
    const struct layout *layout, const struct plan_manifest *manifest, struct error *err)
{
	auto_free char *url = manifest_url(r, repository, reference);
	bool is_confirmed = false;

	if (put_manifest(r, url, layout, manifest, &is_confirmed, err) != 0)
		return name_call(r, HTTP_PUT, repository, reference, err);
	if (!is_confirmed && confirm_manifest(r, url, &manifest->digest, err) != 0)
		return name_call(r, HTTP_HEAD, repository, reference, err);
	return 0;
}
