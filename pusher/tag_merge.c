#include "pusher/tag_merge.h"

#include <string.h>

#include "common/blob.h"
#include "common/manifest.h"
#include "common/media_type.h"
#include "common/reference.h"
#include "pusher/location.h"
#include "pusher/refusal.h"

/* ---- our part ---- */

static int load_manifest(const struct tag_merge *m, size_t at, struct buf *out, struct error *err)
{
	const struct plan_manifest *manifest = &m->repository->manifests[at];

	return blob_load(out, m->r->layout, &manifest->digest, manifest->size_bytes, err);
}

/* An entry for each referrer; NULL with err set. */
static json_t *load_entries(const struct tag_merge *m, struct error *err)
{
	json_t *entries = json_array();

	for (size_t i = 0; i < m->subject->referrer_count; i++) {
		size_t at = m->subject->referrers[i];
		const struct plan_manifest *manifest = &m->repository->manifests[at];
		auto_buf struct buf bytes = BUF_INIT(LIMIT_MANIFEST_BYTES_MAX);
		json_t *entry = NULL;
		if (load_manifest(m, at, &bytes, err) == 0)
			entry = merge_entry(&bytes, manifest->media_type, &manifest->digest,
			    manifest->size_bytes, err);
		if (entry == NULL) {
			json_decref(entries);
			return NULL;
		}
		if (json_array_append_new(entries, entry) != 0)
			mem_exhausted();
	}
	return entries;
}

/* found: NULL where nothing is there. */
static int merge(struct tag_merge *m, const struct buf *found, bool *out_same, struct error *err)
{
	auto_buf struct buf ours = BUF_INIT(LIMIT_MANIFEST_BYTES_MAX);
	json_auto_t *entries = NULL;

	*out_same = false;
	buf_release(&m->content);
	if (m->kind == MERGE_REFERRERS) {
		entries = load_entries(m, err);
		if (entries == NULL)
			return -1;
		return merge_referrers(&m->content, out_same, found, entries, err);
	}
	if (found == NULL)
		return load_manifest(m, m->subject->signature, &m->content, err);
	if (load_manifest(m, m->subject->signature, &ours, err) != 0)
		return -1;
	return merge_signatures(&m->content, out_same, found, &ours, err);
}

/* ---- asking ---- */

static ssize_t read_content(void *context, void *into, size_t len, struct error *err)
{
	struct tag_merge *m = context;
	size_t left = m->content.len - m->sent;

	(void)err;
	if (len > left)
		len = left;
	if (len > 0)
		memcpy(into, m->content.data + m->sent, len);
	m->sent += len;
	return (ssize_t)len;
}

static char *api_url(const struct tag_merge *m)
{
	char digest[DIGEST_TEXT_LEN + 1];

	if (m->page != NULL)
		return mem_strdup(m->page);
	digest_text(digest, &m->subject->subject);
	auto_free char *rest = mem_printf("referrers/%s", digest);
	return registry_repository_url(m->r, m->repository->name, rest);
}

static char *url_of(const struct tag_merge *m)
{
	char digest[DIGEST_TEXT_LEN + 1];

	if (m->state == MERGE_API)
		return api_url(m);
	if (m->state != MERGE_REFERRER)
		return registry_manifest_url(m->r, m->repository->name, m->tag);
	digest_text(digest, &m->repository->manifests[m->subject->referrers[m->seen]].digest);
	return registry_manifest_url(m->r, m->repository->name, digest);
}

static int ask(struct job *job, struct http_request *out, struct error *err)
{
	struct tag_merge *m = (struct tag_merge *)job;

	(void)err;
	if (m->state == MERGE_API && m->r->no_referrers)
		m->state = MERGE_GET;
	free(m->url);
	m->url = url_of(m);
	out->url = m->url;
	if (m->state != MERGE_PUT) {
		out->method = m->state == MERGE_REFERRER ? HTTP_HEAD : HTTP_GET;
		out->accept = m->state == MERGE_API ? MEDIA_TYPE_OCI_INDEX : ACCEPT_MANIFESTS;
		return 0;
	}
	m->sent = 0;
	m->body.size_bytes = m->content.len;
	out->method = HTTP_PUT;
	if (!m->is_unconditional) {
		out->if_match = m->was_there ? m->etag : NULL;
		out->if_none_match = m->was_there ? NULL : "*";
	}
	out->content_type =
	    m->kind == MERGE_SIGNATURES ? MEDIA_TYPE_OCI_MANIFEST : MEDIA_TYPE_OCI_INDEX;
	out->body = &m->body;
	return 0;
}

/* ---- answers ---- */

static bool is_type(const struct http_response *response, const char *type)
{
	const char *said = response->headers[HTTP_CONTENT_TYPE];
	size_t len = strlen(type);

	return said != NULL && strncmp(said, type, len) == 0 && strchr("; \t", said[len]) != NULL;
}

/* A page elsewhere is not asked for: what is missing is pushed again, which does no harm. */
static bool finds_next_page(struct tag_merge *m, const struct http_response *response)
{
	const char *link = response->headers[HTTP_LINK];
	auto_free char *next = link == NULL ? NULL : location_next(link);
	struct location where = LOCATION_INIT;
	struct error ignored = ERROR_INIT;

	if (next == NULL || ++m->pages >= LIMIT_REFERRER_PAGES_MAX ||
	    location_resolve(&where, m->r->target, NULL, m->url, next, &ignored) != 0)
		return false;
	free(m->page);
	m->page = where.url;
	return true;
}

static enum job_step answer_api(
    struct tag_merge *m, const struct http_response *response, struct error *err)
{
	if (response->status == 404 && m->page == NULL) {
		m->r->no_referrers = true;
		m->state = MERGE_GET;
		return JOB_ASK;
	}
	if (response->status != 200)
		return registry_refuse(m->r, m->repository->name, response, false, err);
	if (m->missing == NULL)
		m->missing = load_entries(m, err);
	if (m->missing == NULL)
		return JOB_FAILED;
	m->result = MERGE_MISSING;
	if (!is_type(response, MEDIA_TYPE_OCI_INDEX))
		return JOB_DONE;
	if (merge_unlisted(&response->body, m->missing) > 0)
		return finds_next_page(m, response) ? JOB_ASK : JOB_DONE;
	m->result = MERGE_IS_THERE;
	return JOB_DONE;
}

/* What the tag leads to is what the list is about. */
static bool is_subject(const struct tag_merge *m, const struct http_response *response)
{
	struct digest digest;

	digest_of(&digest, buf_text(&response->body), response->body.len);
	return m->kind == MERGE_REFERRERS && response->status == 200 &&
	       digest_equal(&digest, &m->subject->subject);
}

/* What is there must be of the right kind, and be itself. */
static int check_found(
    const struct tag_merge *m, const struct http_response *response, struct error *err)
{
	struct digest digest;
	bool is_said;
	const char *type =
	    m->kind == MERGE_SIGNATURES ? MEDIA_TYPE_OCI_MANIFEST : MEDIA_TYPE_OCI_INDEX;

	digest_of(&digest, buf_text(&response->body), response->body.len);
	if (registry_check_digest(response, &digest, &is_said, err) != 0)
		return error_set(
		    err, ERR_UNBELIEVED, "the answer is not what its digest header says");
	if (!is_type(response, type))
		return error_set(err, ERR_REGISTRY,
		    "what the registry has there is no %s; nothing was changed", type);
	return 0;
}

/* A weak one is no condition for a write, and what is not plain text is none of ours to repeat. */
static char *strong_etag(const struct http_response *response)
{
	const char *said = response->headers[HTTP_ETAG];
	size_t len = said == NULL ? 0 : strlen(said);

	if (len < 2 || len > LIMIT_ETAG_LEN_MAX || said[0] != '"' ||
	    strchr(said + 1, '"') != said + len - 1)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (said[i] <= ' ' || said[i] > '~')
			return NULL;
	}
	return mem_strdup(said);
}

/* Whether the tag holds what it held when it was read last. */
static bool is_as_before(const struct tag_merge *m, const struct http_response *response)
{
	struct digest digest;

	if (response->status != 200 || !m->was_there)
		return response->status == 404 && !m->was_there;
	digest_of(&digest, buf_text(&response->body), response->body.len);
	return digest_equal(&digest, &m->found);
}

/* A condition that was not met though nothing has changed is not set again. */
static void note_found(struct tag_merge *m, const struct http_response *response)
{
	m->is_unconditional = m->is_unmet && is_as_before(m, response);
	m->is_unmet = false;
	m->was_there = response->status == 200;
	digest_of(&m->found, buf_text(&response->body), response->body.len);
	free(m->etag);
	m->etag = strong_etag(response);
}

static enum job_step look_for_referrers(struct tag_merge *m)
{
	m->state = MERGE_REFERRER;
	m->seen = 0;
	return JOB_ASK;
}

static enum job_step answer_referrer(
    struct tag_merge *m, const struct http_response *response, struct error *err)
{
	const size_t *referrers = m->subject->referrers;
	bool is_there = response->status == 200;
	bool is_said;

	if (is_there &&
	    registry_check_digest(
		response, &m->repository->manifests[referrers[m->seen]].digest, &is_said, err) != 0)
		return JOB_FAILED;
	if (is_there && ++m->seen < m->subject->referrer_count)
		return JOB_ASK;
	m->result = is_there ? MERGE_UNLISTED : MERGE_MISSING;
	if (is_there || (m->use == MERGE_LOOK && response->status == 404))
		return JOB_DONE;
	if (response->status != 404)
		return registry_refuse(m->r, m->repository->name, response, false, err);
	(void)error_set(
	    err, ERR_UNBELIEVED, "the registry said that it took a referrer, and has none there");
	return JOB_FAILED;
}

static enum job_step answer_get(
    struct tag_merge *m, const struct http_response *response, struct error *err)
{
	bool is_same;

	if (response->status != 200 && response->status != 404)
		return registry_refuse(m->r, m->repository->name, response, false, err);
	if (is_subject(m, response))
		return look_for_referrers(m);
	note_found(m, response);
	if (m->was_there && check_found(m, response, err) != 0)
		return JOB_FAILED;
	if (merge(m, m->was_there ? &response->body : NULL, &is_same, err) != 0)
		return JOB_FAILED;
	if (m->result != MERGE_NEW && m->result != MERGE_MERGED)
		m->result = is_same ? MERGE_IS_THERE : MERGE_MISSING;
	if (is_same || m->use == MERGE_LOOK)
		return JOB_DONE;
	if (m->puts == LIMIT_MERGES_MAX) {
		(void)error_set(err, ERR_UNBELIEVED,
		    "the registry said %u times that it took the manifest, and has something else "
		    "there: if others write this tag too, push again when they are done",
		    m->puts);
		return JOB_FAILED;
	}
	digest_of(&m->digest, buf_text(&m->content), m->content.len);
	m->state = MERGE_PUT;
	return JOB_ASK;
}

/* Bytes of a list are not those of what it is named after. */
static bool takes_tag_for_digest(const struct tag_merge *m, const struct http_response *response)
{
	return m->kind == MERGE_REFERRERS && response->status == 400 &&
	       refusal_says(response, "DIGEST_INVALID");
}

static enum job_step answer_put(
    struct tag_merge *m, const struct http_response *response, struct error *err)
{
	int status = response->status;
	bool is_said;

	m->puts++;
	if (!m->is_unconditional && registry_is_unmet(response)) {
		m->is_unmet = true;
		m->state = MERGE_GET;
		return JOB_ASK;
	}
	if (takes_tag_for_digest(m, response))
		return look_for_referrers(m);
	if (status != 201 && status != 200 && status != 202)
		return registry_refuse(m->r, m->repository->name, response, false, err);
	if (registry_check_digest(response, &m->digest, &is_said, err) != 0)
		return JOB_FAILED;
	m->result = m->was_there ? MERGE_MERGED : MERGE_NEW;
	m->is_proven = status == 201 && is_said;
	m->state = MERGE_READ_BACK;
	if (m->is_proven && m->use == MERGE_WRITE)
		return JOB_DONE;
	return JOB_ASK;
}

static enum job_step answer_read_back(
    struct tag_merge *m, const struct http_response *response, struct error *err)
{
	bool is_before = is_as_before(m, response);

	if (!is_before && response->status != 404)
		return answer_get(m, response, err);
	/* Nobody has replaced it: some answer for a while with what they remember. */
	if (is_before && m->is_proven)
		return JOB_DONE;
	if (m->kind == MERGE_REFERRERS && response->status == 404)
		return look_for_referrers(m);
	(void)error_set(err, ERR_UNBELIEVED,
	    "the registry said that it took the manifest, and has %s there",
	    is_before && m->was_there ? "what was there before" : "none");
	return JOB_FAILED;
}

static enum job_step answer(
    struct job *job, const struct http_response *response, struct error *err)
{
	struct tag_merge *m = (struct tag_merge *)job;

	switch (m->state) {
	case MERGE_API:
		return answer_api(m, response, err);
	case MERGE_GET:
		return answer_get(m, response, err);
	case MERGE_PUT:
		return answer_put(m, response, err);
	case MERGE_REFERRER:
		return answer_referrer(m, response, err);
	case MERGE_READ_BACK:
		break;
	}
	return answer_read_back(m, response, err);
}

/* What was put may have arrived. */
static void restart(struct job *job)
{
	struct tag_merge *m = (struct tag_merge *)job;

	if (m->state == MERGE_PUT)
		m->state = MERGE_GET;
}

static char *label(const struct job *job)
{
	const struct tag_merge *m = (const struct tag_merge *)job;

	return registry_label(m->r, m->repository->name, m->tag);
}

static const struct job_kind kind_of_job = {
    .ask = ask, .answer = answer, .restart = restart, .label = label};

void tag_merge_init(struct tag_merge *m, struct registry *r,
    const struct plan_repository *repository, const struct plan_subject *subject,
    enum tag_merge_kind kind, enum tag_merge_use use)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(hex, &subject->subject);
	*m = (struct tag_merge){.job = {.kind = &kind_of_job, .repository = repository->name},
	    .r = r,
	    .repository = repository,
	    .subject = subject,
	    .kind = kind,
	    .use = use,
	    .tag = kind == MERGE_SIGNATURES ? signature_tag(&subject->subject)
					    : mem_printf("sha256-%s", hex),
	    .state = kind == MERGE_REFERRERS && use == MERGE_LOOK ? MERGE_API : MERGE_GET,
	    .content = BUF_INIT(LIMIT_MANIFEST_BYTES_MAX),
	    .body = {.read = read_content, .context = m}};
}

void tag_merge_release(struct tag_merge *m)
{
	buf_release(&m->content);
	json_decref(m->missing);
	m->missing = NULL;
	free(m->tag);
	free(m->url);
	free(m->page);
	free(m->etag);
	m->tag = m->url = m->page = m->etag = NULL;
}
