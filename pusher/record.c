#include "pusher/record.h"

#include <errno.h>
#include <string.h>

#include "common/media_type.h"
#include "pusher/blob_upload.h"
#include "pusher/content_fetch.h"
#include "pusher/manifest_upload.h"

static void name_record(struct record *out, const struct registry *r, const char *origin)
{
	const char *prefix = r->target->destination.prefix;

	if (out->repository != NULL)
		return;
	out->repository =
	    mem_printf("%s%s" RECORD_REPOSITORY, prefix, prefix[0] == '\0' ? "" : "/");
	out->tag = mem_printf(RECORD_TAG_BEGIN "%s", origin);
}

/* ---- reading ---- */

static int fetch_tag(const struct record *record, struct registry *r, struct buf *out,
    bool *out_exists, struct error *err)
{
	struct content_fetch fetch;
	struct job *const jobs[] = {&fetch.job};

	content_fetch_tag(&fetch, r, record->repository, record->tag, out);
	int result = session_run(r->session, jobs, 1, err);
	*out_exists = fetch.exists;
	content_fetch_release(&fetch);
	return result;
}

static int fetch_layers(struct delivery_record *out, const struct record *record,
    struct registry *r, const struct manifest *m, struct error *err)
{
	struct content_fetch fetches[RECORD_LAYERS_MAX];
	struct job *jobs[RECORD_LAYERS_MAX];

	for (size_t i = 0; i < m->layer_count; i++) {
		content_fetch_blob(
		    &fetches[i], r, record->repository, &m->layers[i], &out->layers[i]);
		jobs[i] = &fetches[i].job;
	}
	out->layer_count = m->layer_count;
	int result = session_run(r->session, jobs, m->layer_count, err);
	for (size_t i = 0; i < m->layer_count; i++)
		content_fetch_release(&fetches[i]);
	return result;
}

/* It says what was pushed, and a replay would pass without it: it is not "none". */
static int refuse(const struct record *record, const struct registry *r, struct error *err)
{
	auto_free char *label = registry_label(r, record->repository, record->tag);
	auto_free char *found = mem_strdup(err->text);

	return error_set(err, ERR_STATE,
	    "delivery record '%s': %s; if it is not ours, set minSequence above the last sequence "
	    "that was pushed, delete the tag and push with --first-use",
	    label, found);
}

static int read_record(struct record *out, struct registry *r, const struct buf *manifest,
    const struct record_question *q, struct error *err)
{
	auto_delivery_record struct delivery_record content;
	auto_manifest struct manifest m = MANIFEST_INIT;

	delivery_record_init(&content);
	if (manifest_parse(&m, buf_text(manifest), manifest->len, MEDIA_TYPE_OCI_MANIFEST, err) !=
		0 ||
	    delivery_record_check(&m, err) != 0)
		return refuse(out, r, err);
	if (fetch_layers(&content, out, r, &m, err) != 0)
		return -1;
	if (delivery_record_judge(&out->mark, &content, q, err) != 0)
		return refuse(out, r, err);
	return 0;
}

int record_find(struct record *out, struct registry *r, const struct trust *trust,
    const char *origin, struct error *err)
{
	auto_buf struct buf manifest = BUF_INIT(LIMIT_MANIFEST_BYTES_MAX);
	const struct record_question question = {.trust = trust,
	    .origin = origin,
	    .target = &r->target->destination,
	    .default_port = r->target->default_port};
	struct digest digest;
	bool exists;

	name_record(out, r, origin);
	if (fetch_tag(out, r, &manifest, &exists, err) != 0)
		return -1;
	digest_of(&digest, buf_text(&manifest), manifest.len);
	if (exists && out->exists && digest_equal(&digest, &out->digest))
		return 0;
	out->exists = false;
	out->mark = (struct sequence_mark){.exists = false};
	if (!exists)
		return 0;
	if (read_record(out, r, &manifest, &question, err) != 0)
		return -1;
	out->digest = digest;
	out->exists = true;
	return 0;
}

/* ---- writing ---- */

static int add_signature(struct delivery_record *out, const struct layout *layout,
    const struct trust_key *key, struct error *err)
{
	char kid[LAYOUT_KID_LEN + 1];
	char name[LAYOUT_SIGNATURE_NAME_LEN + 1];

	ssh_public_key_kid(kid, &key->key);
	layout_signature_name(name, kid);
	struct buf *content = &out->layers[out->layer_count];
	if (layout_read_file(layout, name, content, err) == 0) {
		out->layer_count++;
		return 0;
	}
	if (err->sys_errno != ENOENT)
		return -1;
	*err = (struct error)ERROR_INIT;
	return 0;
}

/* The signatures of keys that are not pinned here were not checked, and are left out. */
static int compose(struct delivery_record *out, const struct verified_layout *v, struct error *err)
{
	const struct layout *layout = verified_layout_files(v);
	const struct trust *t = verified_layout_trust(v);

	if (layout_read_file(layout, LAYOUT_SEAL, &out->layers[RECORD_SEAL], err) != 0 ||
	    layout_read_file(layout, LAYOUT_INDEX, &out->layers[RECORD_INDEX], err) != 0)
		return -1;
	out->layer_count = RECORD_SIGNATURES;
	for (size_t i = 0; i < t->key_count && out->layer_count < RECORD_LAYERS_MAX; i++) {
		if (t->keys[i].for_seals && !t->keys[i].is_revoked &&
		    add_signature(out, layout, &t->keys[i], err) != 0)
			return -1;
	}
	return 0;
}

static int push_content(const struct record *record, struct registry *r,
    struct delivery_record *content, struct error *err)
{
	auto_buf struct buf config = BUF_INIT(sizeof(RECORD_CONFIG));
	struct blob_upload uploads[RECORD_LAYERS_MAX + 1];
	struct plan_blob blobs[RECORD_LAYERS_MAX + 1];
	struct job *jobs[RECORD_LAYERS_MAX + 1];
	size_t count = content->layer_count + 1;

	buf_puts(&config, RECORD_CONFIG);
	for (size_t i = 0; i < count; i++) {
		const struct buf *b = i == 0 ? &config : &content->layers[i - 1];
		digest_of(&blobs[i].digest, buf_text(b), b->len);
		blobs[i].size_bytes = b->len;
		blob_upload_init(&uploads[i], r, record->repository, &blobs[i], NULL);
		uploads[i].source.content = b;
		jobs[i] = &uploads[i].job;
	}
	int result = session_run(r->session, jobs, count, err);
	for (size_t i = 0; i < count; i++)
		blob_upload_release(&uploads[i]);
	return result;
}

static int push_manifest(
    struct record *record, struct registry *r, const struct buf *manifest, struct error *err)
{
	struct plan_manifest m = {
	    .size_bytes = manifest->len, .media_type = MEDIA_TYPE_OCI_MANIFEST};
	struct manifest_upload upload;
	struct job *const jobs[] = {&upload.job};

	digest_of(&m.digest, buf_text(manifest), manifest->len);
	manifest_upload_init(&upload, r, record->repository, record->tag, &m);
	upload.source.content = manifest;
	int result = session_run(r->session, jobs, 1, err);
	manifest_upload_release(&upload);
	if (result != 0)
		return -1;
	record->digest = m.digest;
	record->exists = true;
	record->result = RECORD_PUSHED;
	return 0;
}

/* What was recorded since it was read first may be newer, or another one. */
static int judge_again(struct record *record, const struct sequence_mark *ours, struct error *err)
{
	struct sequence_mark mark = *ours;

	if (sequence_mark_raise(&mark, &record->mark, err) != 0)
		return -1;
	if (mark.sequence > ours->sequence)
		return error_set(err, ERR_POLICY,
		    "sequence: while this was pushed, %llu was recorded: there is a newer delivery",
		    (unsigned long long)mark.sequence);
	if (record->mark.exists && record->mark.sequence == ours->sequence)
		record->result = RECORD_UNCHANGED;
	return 0;
}

static int compose_ours(struct delivery_record *out, struct sequence_mark *out_mark,
    const struct verified_layout *v, const struct record_question *q, struct error *err)
{
	if (compose(out, v, err) != 0)
		return -1;
	/* The layout may have changed under us, and nobody could use what does not verify. */
	if (delivery_record_judge(out_mark, out, q, err) != 0 ||
	    !digest_equal(&out_mark->seal_id, verified_layout_seal_id(v)))
		return error_set(err, ERR_SEAL, "the layout changed while it was pushed");
	return 0;
}

int record_write(
    struct record *record, struct registry *r, const struct verified_layout *v, struct error *err)
{
	const char *origin = verified_layout_graph(v)->index.delivery.origin;
	const struct record_question question = {.trust = verified_layout_trust(v),
	    .origin = origin,
	    .target = &r->target->destination,
	    .default_port = r->target->default_port};
	auto_delivery_record struct delivery_record content;
	auto_buf struct buf manifest = BUF_INIT(LIMIT_MANIFEST_BYTES_MAX);
	struct sequence_mark ours;

	delivery_record_init(&content);
	if (compose_ours(&content, &ours, v, &question, err) != 0)
		return -1;
	delivery_record_write(&manifest, &content);
	if (buf_check(&manifest, "delivery record", err) != 0)
		return -1;
	/* So that nothing but the manifest is between this look and the tag. */
	bool is_new = !record->mark.exists || record->mark.sequence != ours.sequence;
	if (is_new && push_content(record, r, &content, err) != 0)
		return -1;
	if (record_find(record, r, question.trust, origin, err) != 0 ||
	    judge_again(record, &ours, err) != 0)
		return -1;
	if (record->result == RECORD_UNCHANGED)
		return 0;
	if (!is_new && push_content(record, r, &content, err) != 0)
		return -1;
	record->mark = ours;
	return push_manifest(record, r, &manifest, err);
}

int record_keep(
    struct record *record, struct registry *r, const struct verified_layout *v, struct error *err)
{
	const char *origin = verified_layout_graph(v)->index.delivery.origin;
	const struct digest ours = record->digest;
	uint64_t sequence = record->mark.sequence;

	if (record_find(record, r, verified_layout_trust(v), origin, err) != 0)
		return -1;
	if (!record->mark.exists || record->mark.sequence < sequence)
		return record_write(record, r, v, err);
	record->digest = ours; /* for the receipt: a newer one may have come */
	return 0;
}

void record_release(struct record *record)
{
	free(record->repository);
	free(record->tag);
	*record = (struct record)RECORD_INIT;
}
