#include "pusher/tags_upload.h"

#include <string.h>

static int ask(struct job *job, struct http_request *out, struct error *err)
{
	struct tags_upload *u = (struct tags_upload *)job;

	out->method = HTTP_PUT;
	out->url = u->url;
	out->content_type = u->manifest->media_type;
	out->body = &u->source.body;
	return blob_source_piece(&u->source, 0, u->manifest->size_bytes, err);
}

/* One tag of a list, whose commas may have blanks around them. */
static void take_said(struct tags_upload *u, const char *tag, size_t len)
{
	for (size_t i = 0; i < u->count; i++) {
		if (strlen(u->tags[i]) == len && memcmp(u->tags[i], tag, len) == 0)
			u->said[i] = true;
	}
}

static void take_header(struct tags_upload *u, const char *header)
{
	while (*header != '\0') {
		header += strspn(header, ", \t");
		size_t len = strcspn(header, ", \t");
		take_said(u, header, len);
		header += len;
	}
}

static enum job_step answer(
    struct job *job, const struct http_response *response, struct error *err)
{
	struct tags_upload *u = (struct tags_upload *)job;
	const char *header = response->headers[HTTP_OCI_TAG];
	bool is_said;

	blob_source_close(&u->source);
	if (response->status != 200 && response->status != 201 && response->status != 202) {
		for (size_t i = 0; i < u->count; i++)
			u->said[i] = u->was_lost;
		return JOB_DONE;
	}
	if (registry_check_digest(response, &u->manifest->digest, &is_said, err) != 0)
		return JOB_FAILED;
	if (header != NULL)
		take_header(u, header);
	return JOB_DONE;
}

static void restart(struct job *job)
{
	struct tags_upload *u = (struct tags_upload *)job;

	blob_source_close(&u->source);
	u->was_lost = true;
}

static char *label(const struct job *job)
{
	const struct tags_upload *u = (const struct tags_upload *)job;

	return registry_label(u->r, job->repository, u->reference);
}

static const struct job_kind kind = {
    .ask = ask, .answer = answer, .restart = restart, .label = label};

/* A tag has no byte that a query would have to escape. */
static char *url_of(const struct tags_upload *u)
{
	char *url = registry_manifest_url(u->r, u->job.repository, u->reference);

	for (size_t i = 0; i < u->count; i++) {
		char *longer = mem_printf("%s%ctag=%s", url, i == 0 ? '?' : '&', u->tags[i]);
		free(url);
		url = longer;
	}
	return url;
}

void tags_upload_init(struct tags_upload *u, const struct registry *r, const char *repository,
    const struct plan_manifest *manifest, const char *const *tags, size_t count)
{
	*u = (struct tags_upload){.job = {.kind = &kind, .repository = repository},
	    .r = r,
	    .manifest = manifest,
	    .tags = tags,
	    .count = count};
	digest_text(u->reference, &manifest->digest);
	blob_source_init(&u->source, r->layout, &manifest->digest, manifest->size_bytes, NULL);
	u->url = url_of(u);
}

void tags_upload_release(struct tags_upload *u)
{
	blob_source_close(&u->source);
	free(u->url);
	u->url = NULL;
}
