#include "pusher/manifest_lookup.h"

#include <string.h>

#include "common/manifest.h"
#include "common/media_type.h"

/* A page that says 200 to everything is not taken for a manifest. */
static bool is_manifest_type(const char *content_type)
{
	if (content_type == NULL)
		return false;
	auto_free char *type = mem_strndup(content_type, strcspn(content_type, "; \t"));
	return media_type_is_manifest(type) || media_type_is_index(type);
}

void manifest_lookup_ask(const struct manifest_lookup *l, struct http_request *out)
{
	out->method = l->state == LOOKUP_HEAD ? HTTP_HEAD : HTTP_GET;
	out->url = l->url;
	out->accept = ACCEPT_MANIFESTS;
}

static enum job_step answer_head(
    struct manifest_lookup *l, const struct http_response *response, struct error *err)
{
	bool is_said;

	if (response->status == 200) {
		if (registry_digest_said(response, &is_said, &l->digest, err) != 0)
			return JOB_FAILED;
		l->exists = is_said;
		if (is_said)
			return JOB_DONE;
	} else if (response->status < 400 || response->status == 401 ||
		   retry_status(response->status)) {
		return registry_refuse(l->r, l->job.repository, response, false, err);
	}
	l->is_hidden = response->status == 403;
	l->state = LOOKUP_GET;
	return JOB_ASK;
}

enum job_step manifest_lookup_answer(
    struct manifest_lookup *l, const struct http_response *response, struct error *err)
{
	l->exists = false;
	if (response->status == 404)
		return JOB_DONE;
	if (l->state == LOOKUP_HEAD)
		return answer_head(l, response, err);
	if (response->status == 403 && l->is_hidden && !l->must_see)
		return JOB_DONE;
	if (response->status != 200)
		return registry_refuse(l->r, l->job.repository, response, false, err);
	if (!is_manifest_type(response->headers[HTTP_CONTENT_TYPE])) {
		(void)error_set(err, ERR_UNBELIEVED,
		    "status 200, but what is there is no manifest: is this a registry?");
		return JOB_FAILED;
	}
	digest_of(&l->digest, buf_text(&response->body), response->body.len);
	l->exists = true;
	return JOB_DONE;
}

static int ask(struct job *job, struct http_request *out, struct error *err)
{
	(void)err;
	manifest_lookup_ask((const struct manifest_lookup *)job, out);
	return 0;
}

/* What is found by its digest has that digest. */
static enum job_step check_reference(const struct manifest_lookup *l, struct error *err)
{
	char text[DIGEST_TEXT_LEN + 1];

	digest_text(text, &l->digest);
	if (!l->exists || strchr(l->reference, ':') == NULL || strcmp(text, l->reference) == 0)
		return JOB_DONE;
	(void)error_set(err, ERR_UNBELIEVED, "the registry has '%s' there", text);
	return JOB_FAILED;
}

static enum job_step answer(
    struct job *job, const struct http_response *response, struct error *err)
{
	struct manifest_lookup *l = (struct manifest_lookup *)job;
	enum job_step step = manifest_lookup_answer(l, response, err);

	return step == JOB_DONE ? check_reference(l, err) : step;
}

static char *label(const struct job *job)
{
	const struct manifest_lookup *l = (const struct manifest_lookup *)job;

	return registry_label(l->r, job->repository, l->reference);
}

static const struct job_kind kind = {.ask = ask, .answer = answer, .label = label};

void manifest_lookup_init(struct manifest_lookup *l, const struct registry *r,
    const char *repository, const char *reference)
{
	*l = (struct manifest_lookup){.job = {.kind = &kind, .repository = repository},
	    .reference = reference,
	    .r = r,
	    .url = registry_manifest_url(r, repository, reference),
	    .state = LOOKUP_HEAD};
}

void manifest_lookup_release(struct manifest_lookup *l)
{
	free(l->url);
	l->url = NULL;
}
