#include "common/delivery_record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/delivery_policy.h"
#include "common/media_type.h"
#include "common/seal.h"
#include "common/seal_signatures.h"
#include "common/sshsig_file.h"

static size_t cap_of(size_t layer)
{
	static const size_t caps[] = {
	    [RECORD_SEAL] = LIMIT_SEAL_BYTES_MAX, [RECORD_INDEX] = LIMIT_INDEX_BYTES_MAX};

	return layer < RECORD_SIGNATURES ? caps[layer] : LIMIT_SIGNATURE_BYTES_MAX;
}

static const char *type_of(size_t layer)
{
	static const char *const types[] = {
	    [RECORD_SEAL] = MEDIA_TYPE_RECORD_SEAL, [RECORD_INDEX] = MEDIA_TYPE_RECORD_INDEX};

	return layer < RECORD_SIGNATURES ? types[layer] : MEDIA_TYPE_RECORD_SIGNATURE;
}

void delivery_record_init(struct delivery_record *r)
{
	r->layer_count = 0;
	for (size_t i = 0; i < RECORD_LAYERS_MAX; i++)
		r->layers[i] = (struct buf)BUF_INIT(cap_of(i));
}

void delivery_record_release(struct delivery_record *r)
{
	for (size_t i = 0; i < RECORD_LAYERS_MAX; i++)
		buf_release(&r->layers[i]);
	r->layer_count = 0;
}

/* ---- the manifest ---- */

/* SEAL, index.json, SEAL.<kid>.sig; false where a signature names no key. */
static bool name_of(
    char out[LAYOUT_SIGNATURE_NAME_LEN + 1], const struct delivery_record *r, size_t layer)
{
	const struct buf *content = &r->layers[layer];
	struct error ignored = ERROR_INIT;
	struct ssh_public_key key;
	char kid[LAYOUT_KID_LEN + 1];

	if (layer < RECORD_SIGNATURES) {
		(void)snprintf(out, LAYOUT_SIGNATURE_NAME_LEN + 1, "%s",
		    layer == RECORD_SEAL ? LAYOUT_SEAL : LAYOUT_INDEX);
		return true;
	}
	if (sshsig_public_key(&key, buf_text(content), content->len, &ignored) != 0)
		return false;
	ssh_public_key_kid(kid, &key);
	layout_signature_name(out, kid);
	return true;
}

static void put_descriptor(struct buf *b, const char *media_type, const void *bytes, size_t len)
{
	struct digest digest;
	char text[DIGEST_TEXT_LEN + 1];

	digest_of(&digest, bytes, len);
	digest_text(text, &digest);
	buf_printf(
	    b, "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu", media_type, text, len);
}

void delivery_record_write(struct buf *b, const struct delivery_record *r)
{
	char name[LAYOUT_SIGNATURE_NAME_LEN + 1];

	buf_puts(b, "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_MANIFEST
		    "\",\"artifactType\":\"" MEDIA_TYPE_RECORD "\",\"config\":");
	put_descriptor(b, MEDIA_TYPE_OCI_EMPTY, RECORD_CONFIG, strlen(RECORD_CONFIG));
	buf_puts(b, "},\"layers\":[");
	for (size_t i = 0; i < r->layer_count; i++) {
		put_descriptor(b, type_of(i), buf_text(&r->layers[i]), r->layers[i].len);
		if (name_of(name, r, i))
			buf_printf(b,
			    ",\"annotations\":{\"org.opencontainers.image.title\":\"%s\"}", name);
		buf_puts(b, i + 1 < r->layer_count ? "}," : "}");
	}
	buf_puts(b, "]}");
}

int delivery_record_check(const struct manifest *m, struct error *err)
{
	if (m->artifact_type == NULL || strcmp(m->artifact_type, MEDIA_TYPE_RECORD) != 0)
		return error_set(err, ERR_FORMAT, "artifactType is not %s", MEDIA_TYPE_RECORD);
	if (m->layer_count <= RECORD_SIGNATURES || m->layer_count > RECORD_LAYERS_MAX)
		return error_set(err, ERR_FORMAT, "%zu layers; a record has %u to %u",
		    m->layer_count, RECORD_SIGNATURES + 1U, RECORD_LAYERS_MAX);
	for (size_t i = 0; i < m->layer_count; i++) {
		const struct descriptor *d = &m->layers[i];

		if (strcmp(d->media_type, type_of(i)) != 0)
			return error_set(
			    err, ERR_FORMAT, "layer %zu: mediaType is not %s", i + 1, type_of(i));
		if (d->size_bytes == 0 || d->size_bytes > cap_of(i))
			return error_set(
			    err, ERR_FORMAT, "layer %zu: %" PRIu64 " bytes", i + 1, d->size_bytes);
	}
	return 0;
}

/* ---- what it proves ---- */

static int read_signature(const void *context, const char *name, struct buf *out, struct error *err)
{
	const struct delivery_record *r = context;
	char found[LAYOUT_SIGNATURE_NAME_LEN + 1];

	for (size_t i = RECORD_SIGNATURES; i < r->layer_count; i++) {
		if (!name_of(found, r, i) || strcmp(found, name) != 0)
			continue;
		buf_put(out, buf_text(&r->layers[i]), r->layers[i].len);
		return buf_check(out, name, err);
	}
	(void)error_set(err, ERR_FORMAT, "%s: missing", name);
	err->sys_errno = ENOENT;
	return -1;
}

/* Whoever may be sent to one place below another has something to do with it. */
static int judge_place(const struct delivery *d, const struct record_question *q, struct error *err)
{
	auto_destination struct destination place = {NULL, 0, NULL};

	if (d->destination == NULL)
		return 0;
	if (destination_parse(&place, d->destination, err) != 0)
		return -1;
	if (destination_covers(&place, q->target, q->default_port) ||
	    destination_covers(q->target, &place, q->default_port))
		return 0;
	return error_set(err, ERR_POLICY, "it is of a delivery for '%s'", d->destination);
}

static int judge_delivery(struct sequence_mark *out, const struct delivery *d,
    const struct seal_signatures *s, const struct record_question *q, struct error *err)
{
	int64_t sequence = 0;

	if (d->origin == NULL || strcmp(d->origin, q->origin) != 0)
		return error_set(err, ERR_POLICY, "it is of a delivery from '%s', not '%s'",
		    d->origin == NULL ? "" : d->origin, q->origin);
	if (d->sequence == NULL)
		return error_set(err, ERR_POLICY, "it is of a delivery without a sequence");
	if (delivery_judge_origin(d, s->signers, s->signer_count, q->trust, err) != 0 ||
	    judge_place(d, q, err) != 0 || sequence_parse(&sequence, d->sequence, err) != 0)
		return -1;
	out->sequence = (uint64_t)sequence;
	out->exists = true;
	return 0;
}

static int judge_sealed(struct sequence_mark *out, const struct delivery_record *r,
    const struct seal_signatures *signatures, const struct record_question *q, struct error *err)
{
	const struct buf *content = &r->layers[RECORD_INDEX];
	const struct buf *list = &r->layers[RECORD_SEAL];
	auto_seal struct seal seal = SEAL_INIT;
	auto_index struct index index = INDEX_INIT;
	struct digest digest;

	if (seal_parse(&seal, buf_text(list), list->len, err) != 0)
		return -1;
	digest_of(&digest, buf_text(content), content->len);
	if (!digest_equal(&digest, &seal.index))
		return error_set(err, ERR_SEAL, "its index.json is not the one that SEAL lists");
	if (index_parse_delivery(&index, buf_text(content), content->len, err) != 0)
		return -1;
	out->seal_id = seal.id;
	return judge_delivery(out, &index.delivery, signatures, q, err);
}

int delivery_record_judge(struct sequence_mark *out, const struct delivery_record *r,
    const struct record_question *q, struct error *err)
{
	const struct judgement judgement = {.trust = q->trust, .now = TIME_NOT_JUDGED};
	const struct signature_files files = {.read = read_signature, .context = r};
	struct seal_signatures signatures = SEAL_SIGNATURES_INIT;
	struct sequence_mark mark = {.exists = false};

	*out = (struct sequence_mark){.exists = false};
	int result =
	    seal_signatures_check(&signatures, &files, &r->layers[RECORD_SEAL], &judgement, err);
	if (result == 0)
		result = judge_sealed(&mark, r, &signatures, q, err);
	seal_signatures_release(&signatures);
	if (result == 0)
		*out = mark;
	return result;
}
