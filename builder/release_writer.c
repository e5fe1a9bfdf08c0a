#include "builder/release_writer.h"

#include <string.h>

#include "common/blob.h"
#include "common/media_type.h"
#include "common/reference.h"
#include "common/release_artifact.h"

/* The work on one digest, which has one name or several. */
struct signing {
	const struct release_layout *layout;
	const struct release_keys *keys;
	const char *destination;                       /* "registry/prefix", NULL for none */
	const struct release_subject *const *subjects; /* all of one digest */
	size_t count;
};

static int store(
    const struct signing *s, struct release_blob *out, const struct buf *content, struct error *err)
{
	if (buf_check(content, "release signature", err) != 0)
		return -1;
	digest_of(&out->digest, content->data, content->len);
	out->size_bytes = content->len;
	return s->layout->store(s->layout->context, &out->digest, content->data, content->len, err);
}

/* ---- entries ---- */

static struct index_entry *add_entry(struct index *x, const struct release_blob *manifest)
{
	x->entries = mem_realloc(x->entries, x->entry_count + 1, sizeof(*x->entries));
	struct index_entry *e = &x->entries[x->entry_count++];
	*e = (struct index_entry){.has_subject = true};
	e->descriptor.media_type = mem_strdup(MEDIA_TYPE_OCI_MANIFEST);
	e->descriptor.digest = manifest->digest;
	e->descriptor.size_bytes = manifest->size_bytes;
	return e;
}

static bool has_entry(const struct index *x, const struct digest *digest)
{
	for (size_t i = 0; i < x->entry_count; i++) {
		if (digest_equal(&x->entries[i].descriptor.digest, digest))
			return true;
	}
	return false;
}

static struct index_entry *find_legacy(struct index *x, const struct digest *subject)
{
	struct digest ignored;

	for (size_t i = 0; i < x->entry_count; i++) {
		struct index_entry *e = &x->entries[i];

		if (e->tag == NULL && e->ref_name != NULL && e->has_subject &&
		    digest_equal(&e->subject, subject) &&
		    tag_role(e->ref_name, &ignored) == TAG_SIGNATURE)
			return e;
	}
	return NULL;
}

/* ---- the two forms ---- */

static int sign_bundle(const struct signing *s, const struct release_claim *claim,
    const struct secret_key *key, struct error *err)
{
	auto_buf struct buf statement = BUF_INIT(LIMIT_RELEASE_CONTENT_BYTES_MAX);
	auto_buf struct buf bundle = BUF_INIT(LIMIT_RELEASE_BUNDLE_BYTES_MAX);
	auto_buf struct buf manifest = BUF_INIT(LIMIT_MANIFEST_BYTES_MAX);
	auto_buf struct buf config = BUF_INIT(KIB);
	struct ssh_public_key public_key = secret_key_public(key);
	uint8_t signature[ED25519_SIGNATURE_BYTES];
	struct release_blob blob;

	secret_key_release(key, claim, RELEASE_BUNDLE, &statement, signature);
	if (buf_check(&statement, "release signature", err) != 0)
		return -1;
	release_bundle_write(&bundle, statement.data, statement.len, signature, public_key.ed25519);
	buf_puts(&config, RELEASE_EMPTY_CONFIG);
	if (store(s, &blob, &config, err) != 0 || store(s, &blob, &bundle, err) != 0)
		return -1;
	release_bundle_manifest_write(
	    &manifest, &s->subjects[0]->manifest, &blob, s->layout->index->delivery.created);
	if (store(s, &blob, &manifest, err) != 0)
		return -1;
	if (has_entry(s->layout->index, &blob.digest))
		return 0;
	struct index_entry *e = add_entry(s->layout->index, &blob);
	e->descriptor.artifact_type = mem_strdup(MEDIA_TYPE_BUNDLE);
	e->subject = s->subjects[0]->manifest.digest;
	return 0;
}

static int sign_layer(const struct signing *s, json_t *layers, const struct release_claim *claim,
    const struct secret_key *key, struct error *err)
{
	auto_buf struct buf payload = BUF_INIT(LIMIT_RELEASE_CONTENT_BYTES_MAX);
	struct release_layer layer;

	secret_key_release(key, claim, RELEASE_LEGACY, &payload, layer.signature);
	if (store(s, &layer.payload, &payload, err) != 0)
		return -1;
	release_legacy_append(layers, &layer);
	return 0;
}

static json_t *open_legacy(
    const struct signing *s, const struct index_entry *found, struct error *err)
{
	auto_buf struct buf bytes = BUF_INIT(LIMIT_MANIFEST_BYTES_MAX);

	if (found == NULL)
		return json_array();
	if (blob_load(&bytes, s->layout->files, &found->descriptor.digest,
		found->descriptor.size_bytes, err) != 0)
		return NULL;
	return release_legacy_open(buf_text(&bytes), bytes.len, err);
}

static int store_legacy(const struct signing *s, const json_t *layers, struct error *err)
{
	const struct digest *subject = &s->subjects[0]->manifest.digest;
	auto_buf struct buf config = BUF_INIT(LIMIT_MANIFEST_BYTES_MAX);
	auto_buf struct buf manifest = BUF_INIT(LIMIT_MANIFEST_BYTES_MAX);
	struct release_blob blob;

	release_legacy_config_write(&config, layers);
	if (store(s, &blob, &config, err) != 0)
		return -1;
	release_legacy_manifest_write(&manifest, &blob, layers);
	if (store(s, &blob, &manifest, err) != 0)
		return -1;
	struct index_entry *e = find_legacy(s->layout->index, subject);
	if (e != NULL) {
		e->descriptor.digest = blob.digest;
		e->descriptor.size_bytes = blob.size_bytes;
		return 0;
	}
	e = add_entry(s->layout->index, &blob);
	e->ref_name = signature_tag(subject);
	e->subject = *subject;
	return 0;
}

/* ---- claims ---- */

/* One name by one key. */
static int sign_name(const struct signing *s, json_t *layers, const struct release_subject *subject,
    const struct secret_key *key, struct error *err)
{
	auto_free char *reference =
	    mem_printf("%s%s%s:%s", s->destination != NULL ? s->destination : "",
		s->destination != NULL ? "/" : "", subject->repository, subject->tag);
	const struct release_claim claim = {.digest = subject->manifest.digest,
	    .name = subject->name,
	    .version = subject->version,
	    .docker_reference = s->destination != NULL ? reference : "",
	    .source = NULL};

	if (sign_bundle(s, &claim, key, err) != 0)
		return -1;
	return sign_layer(s, layers, &claim, key, err);
}

static int sign_digest(const struct signing *s, struct error *err)
{
	const struct digest *subject = &s->subjects[0]->manifest.digest;
	json_auto_t *layers = open_legacy(s, find_legacy(s->layout->index, subject), err);

	if (layers == NULL)
		return -1;
	for (size_t i = 0; i < s->count; i++) {
		for (size_t k = 0; k < s->keys->count; k++) {
			if (sign_name(s, layers, s->subjects[i], s->keys->items[k], err) != 0)
				return error_prefix(err, "'%s:%s'", s->subjects[i]->repository,
				    s->subjects[i]->tag);
		}
	}
	return store_legacy(s, layers, err);
}

static int compare_subjects(const void *a, const void *b)
{
	const struct release_subject *left = *(const struct release_subject *const *)a;
	const struct release_subject *right = *(const struct release_subject *const *)b;
	int order = digest_compare(&left->manifest.digest, &right->manifest.digest);

	if (order == 0)
		order = strcmp(left->repository, right->repository);
	return order != 0 ? order : strcmp(left->tag, right->tag);
}

/* As docker-reference has it: lower case, "docker.io" for all its names; NULL without one. */
static int destination_of(char **out, const struct delivery *d, struct error *err)
{
	auto_destination struct destination parsed = {NULL, 0, NULL};

	*out = NULL;
	if (d->destination == NULL)
		return 0;
	if (destination_parse(&parsed, d->destination, err) != 0)
		return -1;
	*out = destination_text(&parsed);
	return 0;
}

int release_writer_sign(const struct release_layout *l, const struct release_subject *subjects,
    size_t count, const struct release_keys *keys, struct error *err)
{
	auto_free const struct release_subject **sorted = mem_zalloc(count, sizeof(*sorted));
	auto_free char *destination = NULL;
	size_t end;

	if (keys->count == 0)
		return 0;
	if (destination_of(&destination, &l->index->delivery, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &subjects[i];
	qsort(sorted, count, sizeof(*sorted), compare_subjects);
	for (size_t first = 0; first < count; first = end) {
		for (end = first + 1; end < count; end++) {
			if (!digest_equal(
				&sorted[end]->manifest.digest, &sorted[first]->manifest.digest))
				break;
		}
		const struct signing s = {.layout = l,
		    .keys = keys,
		    .destination = destination,
		    .subjects = sorted + first,
		    .count = end - first};
		if (sign_digest(&s, err) != 0)
			return error_prefix(err, "release signature");
	}
	return 0;
}
