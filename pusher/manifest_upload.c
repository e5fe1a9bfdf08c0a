#include "pusher/manifest_upload.h"

#include <string.h>

#include "pusher/refusal.h"

static int64_t now_ms(const struct manifest_upload *m)
{
	struct http_transport *t = m->lookup.r->session->transport;

	return t->now_ms(t);
}

static void look(struct manifest_upload *m)
{
	m->state = UPLOAD_MANIFEST_LOOK;
	m->lookup.state = LOOKUP_HEAD;
}

static int ask(struct job *job, struct http_request *out, struct error *err)
{
	struct manifest_upload *m = (struct manifest_upload *)job;

	if (m->state == UPLOAD_MANIFEST_PUT && m->keeps_others &&
	    now_ms(m) - m->seen_ms > LIMIT_LOOK_AGE_MS_MAX)
		look(m);
	if (m->state != UPLOAD_MANIFEST_PUT) {
		manifest_lookup_ask(&m->lookup, out);
		return 0;
	}
	out->method = HTTP_PUT;
	out->url = m->lookup.url;
	out->content_type = m->manifest->media_type;
	out->if_none_match = m->keeps_others && !m->is_unconditional ? "*" : NULL;
	out->body = &m->source.body;
	return blob_source_piece(&m->source, 0, m->manifest->size_bytes, err);
}

static bool says_blob_unknown(const struct http_response *response)
{
	return (response->status == 400 || response->status == 404) &&
	       (refusal_says(response, "MANIFEST_BLOB_UNKNOWN") ||
		   refusal_says(response, "BLOB_UNKNOWN"));
}

static enum job_step answer_put(
    struct manifest_upload *m, const struct http_response *response, struct error *err)
{
	int status = response->status;
	bool is_said;

	blob_source_close(&m->source);
	m->is_blob_unknown = m->may_miss && says_blob_unknown(response);
	if (m->is_blob_unknown)
		return JOB_DONE;
	/* Where nothing is there after all, it is asked again in a way that it has to answer. */
	if (m->keeps_others && !m->is_unconditional && registry_is_unmet(response)) {
		m->is_unconditional = true;
		look(m);
		return JOB_ASK;
	}
	/* Sent wrong on the way, or read by it while another pusher wrote beside us. */
	if (status == 400 && !m->is_doubted && refusal_says(response, "DIGEST_INVALID")) {
		m->is_doubted = true;
		(void)registry_refuse(m->lookup.r, m->job.repository, response, false, err);
		return JOB_AGAIN;
	}
	if (status != 201 && status != 200 && status != 202)
		return registry_refuse(m->lookup.r, m->job.repository, response, false, err);
	if (registry_check_digest(response, &m->manifest->digest, &is_said, err) != 0)
		return JOB_FAILED;
	m->is_subject_known = response->headers[HTTP_OCI_SUBJECT] != NULL;
	if (status == 201 && is_said)
		return JOB_DONE;
	m->state = UPLOAD_MANIFEST_CONFIRM;
	m->lookup.state = LOOKUP_HEAD;
	return JOB_ASK;
}

static enum job_step not_there(const struct manifest_upload *m, struct error *err)
{
	char text[DIGEST_TEXT_LEN + 1];

	if (!m->lookup.exists) {
		(void)error_set(err, ERR_UNBELIEVED,
		    "the registry said that it took the manifest, and has none there");
		return JOB_FAILED;
	}
	digest_text(text, &m->lookup.digest);
	(void)error_set(err, ERR_UNBELIEVED,
	    "the registry said that it took the manifest, and has '%s' there", text);
	return JOB_FAILED;
}

static enum job_step answer(
    struct job *job, const struct http_response *response, struct error *err)
{
	struct manifest_upload *m = (struct manifest_upload *)job;

	if (m->state == UPLOAD_MANIFEST_PUT)
		return answer_put(m, response, err);
	m->lookup.must_see = m->state == UPLOAD_MANIFEST_CONFIRM;
	enum job_step step = manifest_lookup_answer(&m->lookup, response, err);
	if (step != JOB_DONE)
		return step;
	if (m->lookup.exists && digest_equal(&m->lookup.digest, &m->manifest->digest))
		return JOB_DONE;
	if (m->state == UPLOAD_MANIFEST_CONFIRM)
		return not_there(m, err);
	m->is_taken = m->keeps_others && m->lookup.exists;
	if (m->is_taken)
		return JOB_DONE;
	m->seen_ms = now_ms(m);
	m->state = UPLOAD_MANIFEST_PUT;
	return JOB_ASK;
}

/* The manifest may have arrived, and a tag that cannot be changed takes it only once. */
static void restart(struct job *job)
{
	struct manifest_upload *m = (struct manifest_upload *)job;

	blob_source_close(&m->source);
	if (m->state == UPLOAD_MANIFEST_PUT)
		look(m);
}

static char *label(const struct job *job)
{
	const struct manifest_upload *m = (const struct manifest_upload *)job;

	return registry_label(m->lookup.r, job->repository, m->lookup.reference);
}

static const struct job_kind kind = {
    .ask = ask, .answer = answer, .restart = restart, .label = label};

void manifest_upload_init(struct manifest_upload *m, const struct registry *r,
    const char *repository, const char *reference, const struct plan_manifest *manifest)
{
	*m = (struct manifest_upload){
	    .job = {.kind = &kind, .repository = repository}, .manifest = manifest};
	blob_source_init(&m->source, r->layout, &manifest->digest, manifest->size_bytes, NULL);
	manifest_lookup_init(&m->lookup, r, repository, reference);
}

void manifest_upload_release(struct manifest_upload *m)
{
	blob_source_close(&m->source);
	manifest_lookup_release(&m->lookup);
}
