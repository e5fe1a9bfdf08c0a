#include "pusher/content_fetch.h"

#include <inttypes.h>

#include "common/media_type.h"

static int ask(struct job *job, struct http_request *out, struct error *err)
{
	const struct content_fetch *f = (const struct content_fetch *)job;

	(void)err;
	out->method = HTTP_GET;
	out->url = f->location.url != NULL ? f->location.url : f->url;
	out->accept = f->blob == NULL ? ACCEPT_MANIFESTS : NULL;
	out->is_foreign = f->location.is_foreign;
	return 0;
}

static int take(struct content_fetch *f, const struct http_response *response, struct error *err)
{
	const struct buf *body = &response->body;
	struct digest digest;
	bool is_said;

	digest_of(&digest, buf_text(body), body->len);
	if (f->blob != NULL &&
	    (body->len != f->blob->size_bytes || !digest_equal(&digest, &f->blob->digest)))
		return error_set(err, ERR_UNBELIEVED,
		    "what came is not what was asked for: %zu bytes, not %" PRIu64
		    " with that digest",
		    body->len, f->blob->size_bytes);
	if (f->blob == NULL && registry_check_digest(response, &digest, &is_said, err) != 0)
		return error_set(
		    err, ERR_UNBELIEVED, "the answer is not what its digest header says");
	buf_put(f->content, buf_text(body), body->len);
	if (buf_check(f->content, "content", err) != 0)
		return error_recode(err, ERR_UNBELIEVED);
	f->exists = true;
	return 0;
}

static enum job_step answer(
    struct job *job, const struct http_response *response, struct error *err)
{
	struct content_fetch *f = (struct content_fetch *)job;
	const char *said = response->headers[HTTP_LOCATION];

	if (response->status == 404 && f->blob == NULL)
		return JOB_DONE;
	if ((response->status == 307 || response->status == 302) && f->blob != NULL &&
	    said != NULL && f->location.url == NULL)
		return location_resolve(
			   &f->location, f->r->target, f->r->upload_hosts, f->url, said, err) != 0
			   ? JOB_FAILED
			   : JOB_ASK;
	if (response->status != 200)
		return registry_refuse(f->r, job->repository, response, false, err);
	return take(f, response, err) != 0 ? JOB_FAILED : JOB_DONE;
}

/* The place of a blob may be good for one request. */
static void restart(struct job *job)
{
	location_release(&((struct content_fetch *)job)->location);
}

static char *label(const struct job *job)
{
	const struct content_fetch *f = (const struct content_fetch *)job;
	char digest[DIGEST_TEXT_LEN + 1];

	if (f->blob == NULL)
		return registry_label(f->r, job->repository, f->reference);
	digest_text(digest, &f->blob->digest);
	return registry_label(f->r, job->repository, digest);
}

static const struct job_kind kind = {
    .ask = ask, .answer = answer, .restart = restart, .label = label};

void content_fetch_tag(struct content_fetch *f, const struct registry *r, const char *repository,
    const char *tag, struct buf *content)
{
	*f = (struct content_fetch){.job = {.kind = &kind, .repository = repository},
	    .content = content,
	    .r = r,
	    .reference = tag,
	    .url = registry_manifest_url(r, repository, tag),
	    .location = LOCATION_INIT};
}

void content_fetch_blob(struct content_fetch *f, const struct registry *r, const char *repository,
    const struct descriptor *blob, struct buf *content)
{
	char digest[DIGEST_TEXT_LEN + 1];

	digest_text(digest, &blob->digest);
	auto_free char *rest = mem_printf("blobs/%s", digest);
	*f = (struct content_fetch){.job = {.kind = &kind, .repository = repository},
	    .content = content,
	    .r = r,
	    .blob = blob,
	    .url = registry_repository_url(r, repository, rest),
	    .location = LOCATION_INIT};
}

void content_fetch_release(struct content_fetch *f)
{
	location_release(&f->location);
	free(f->url);
	f->url = NULL;
}
