#include "common/index.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/limits.h"
#include "common/media_type.h"
#include "common/reference.h"
#include "common/timestamp.h"

/* A map that a member of annotations goes to, by key. */
struct annotation_slot {
	const char *key;
	char **value;
};

static const char *annotation(const json_t *annotations, const char *key)
{
	return json_string_value(json_object_get(annotations, key));
}

static char *annotation_dup(const json_t *annotations, const char *key)
{
	const char *value = annotation(annotations, key);
	return value != NULL ? mem_strdup(value) : NULL;
}

/* What is new must be understood: an unknown key of ours is refused, every other one passes. */
static int refuse_unknown(const json_t *annotations, const struct annotation_slot *known,
    size_t known_count, struct error *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)annotations, key, value)
	{
		bool found = strncmp(key, ANNOTATION_SALLYPORT_PREFIX,
				 strlen(ANNOTATION_SALLYPORT_PREFIX)) != 0;
		for (size_t i = 0; i < known_count && !found; i++)
			found = strcmp(key, known[i].key) == 0;
		if (!found)
			return error_set(err, ERR_POLICY,
			    "annotation '%.200s' is not known to this version", key);
	}
	return 0;
}

static int take_annotations(
    const json_t *object, const struct annotation_slot *slots, size_t count, struct error *err)
{
	const json_t *annotations;

	if (json_strict_string_map(object, "annotations", &annotations, err) != 0 ||
	    refuse_unknown(annotations, slots, count, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		*slots[i].value = annotation_dup(annotations, slots[i].key);
	return 0;
}

static int check_name(const struct index_entry *entry, struct error *err)
{
	struct digest subject;

	if (entry->repository == NULL)
		return error_set(
		    err, ERR_FORMAT, "%s without %s", ANNOTATION_TAG, ANNOTATION_REPOSITORY);
	if (tag_check(entry->tag, err) != 0)
		return error_prefix(err, "%s", ANNOTATION_TAG);
	if (tag_role(entry->tag, &subject) != TAG_NAME)
		return error_set(err, ERR_FORMAT,
		    "%s '%s': tags of this form hold signatures or referrers and name nothing",
		    ANNOTATION_TAG, entry->tag);
	return 0;
}

static int parse_names(struct index_entry *out, const json_t *object, struct error *err)
{
	const struct annotation_slot slots[] = {
	    {ANNOTATION_REPOSITORY, &out->repository},
	    {ANNOTATION_TAG, &out->tag},
	    {ANNOTATION_KIND, &out->kind},
	    {ANNOTATION_REF_NAME, &out->ref_name},
	};

	if (take_annotations(object, slots, sizeof(slots) / sizeof(slots[0]), err) != 0)
		return -1;
	if (out->repository != NULL && repository_check(out->repository, err) != 0)
		return error_prefix(err, "%s", ANNOTATION_REPOSITORY);
	if (out->tag != NULL)
		return check_name(out, err);
	out->has_subject =
	    out->ref_name != NULL && tag_role(out->ref_name, &out->subject) != TAG_NAME;
	return 0;
}

static int parse_entries(
    struct index *out, const json_t *object, bool with_names, struct error *err)
{
	const json_t *manifests;

	if (json_strict_array(object, "manifests", JSON_REQUIRED, &manifests, err) != 0)
		return -1;
	size_t count = json_array_size(manifests);
	if (count > LIMIT_INDEX_ENTRIES_MAX)
		return error_set(
		    err, ERR_LIMIT, "%zu entries; the limit is %u", count, LIMIT_INDEX_ENTRIES_MAX);
	out->entries = mem_zalloc(count, sizeof(*out->entries));
	for (size_t i = 0; i < count; i++) {
		const json_t *entry = json_array_get(manifests, i);

		out->entry_count = i + 1;
		if (descriptor_parse(&out->entries[i].descriptor, entry, err) != 0 ||
		    (with_names && parse_names(&out->entries[i], entry, err) != 0))
			return error_prefix(err, "entry %zu", i);
	}
	return 0;
}

static int parse_object(struct index *out, const json_t *object, const char *media_type,
    bool is_delivery, struct error *err)
{
	static const char *const names[] = {"schemaVersion", "mediaType", "artifactType",
	    "manifests", "subject", "annotations", "config", "layers", "fsLayers", "history", NULL};
	const char *own_type;
	const char *artifact_type;
	const json_t *subject;
	uint64_t version = 0;

	if (json_strict_names(object, names, err) != 0 ||
	    json_strict_size(object, "schemaVersion", JSON_REQUIRED, &version, err) != 0 ||
	    json_strict_string(object, "mediaType", JSON_OPTIONAL, &own_type, err) != 0 ||
	    json_strict_string(object, "artifactType", JSON_OPTIONAL, &artifact_type, err) != 0 ||
	    json_strict_object(object, "subject", JSON_OPTIONAL, &subject, err) != 0)
		return -1;
	if (version != 2)
		return error_set(err, ERR_FORMAT, "schemaVersion is not 2");
	if (own_type != NULL && strcmp(own_type, media_type) != 0)
		return error_set(
		    err, ERR_FORMAT, "mediaType '%.200s': expected '%s'", own_type, media_type);
	/* Content that can be read as two things is read as neither: CVE-2021-41190. */
	if (json_object_get(object, "config") != NULL ||
	    json_object_get(object, "layers") != NULL ||
	    json_object_get(object, "fsLayers") != NULL ||
	    json_object_get(object, "history") != NULL)
		return error_set(
		    err, ERR_FORMAT, "an index has no 'config', 'layers', 'fsLayers' or 'history'");
	if (subject != NULL && is_delivery)
		return error_set(err, ERR_FORMAT, "index.json has no 'subject'");
	if (subject != NULL) {
		out->has_subject = true;
		if (descriptor_parse(&out->subject, subject, err) != 0)
			return error_prefix(err, "subject");
	}
	return parse_entries(out, object, is_delivery, err);
}

int index_parse(
    struct index *out, const char *bytes, size_t len, const char *media_type, struct error *err)
{
	*out = (struct index)INDEX_INIT;
	if (len > LIMIT_INDEX_BYTES_MAX)
		return error_set(err, ERR_LIMIT, "index of %zu bytes; the limit is %u", len,
		    LIMIT_INDEX_BYTES_MAX);
	json_auto_t *object = json_strict_load(bytes, len, err);
	if (object == NULL)
		return -1;
	return parse_object(out, object, media_type, false, err);
}

int origin_check(const char *text, struct error *err)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static const char rest[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t len = strlen(text);

	if (len == 0 || len > LIMIT_ORIGIN_BYTES_MAX || strchr(first, text[0]) == NULL ||
	    strspn(text, rest) != len)
		return error_set(err, ERR_FORMAT,
		    "origin '%.100s': 1 to %u lower-case letters, digits, . _ and -, the first a "
		    "letter or digit",
		    text, LIMIT_ORIGIN_BYTES_MAX);
	return 0;
}

int sequence_parse(int64_t *out, const char *text, struct error *err)
{
	size_t len = strlen(text);

	if (len == 0 || len > 19 || strspn(text, "0123456789") != len || text[0] == '0' ||
	    (len == 19 && strcmp(text, "9223372036854775807") > 0))
		return error_set(
		    err, ERR_FORMAT, "sequence '%.40s': not a number of 1 to 2^63-1", text);
	*out = strtoll(text, NULL, 10);
	return 0;
}

static int delivery_check(const struct delivery *d, struct error *err)
{
	struct destination destination;
	struct digest previous;
	int64_t when;
	int64_t sequence;

	if (d->not_after != NULL && timestamp_parse_utc(&when, d->not_after, err) != 0)
		return error_prefix(err, "%s", ANNOTATION_NOT_AFTER);
	if (d->origin != NULL && origin_check(d->origin, err) != 0)
		return error_prefix(err, "%s", ANNOTATION_ORIGIN);
	if (d->destination != NULL) {
		int result = destination_parse(&destination, d->destination, err);
		destination_release(&destination);
		if (result != 0)
			return error_prefix(err, "%s", ANNOTATION_DESTINATION);
	}
	if (d->sequence != NULL && sequence_parse(&sequence, d->sequence, err) != 0)
		return error_prefix(err, "%s", ANNOTATION_SEQUENCE);
	if (d->sequence != NULL && d->origin == NULL)
		return error_set(
		    err, ERR_FORMAT, "%s without %s", ANNOTATION_SEQUENCE, ANNOTATION_ORIGIN);
	if (d->previous != NULL && !digest_parse_hex(&previous, d->previous, strlen(d->previous)))
		return error_set(
		    err, ERR_FORMAT, "%s: not 64 lower-case hex digits", ANNOTATION_PREVIOUS);
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const struct index_entry *left = *(const struct index_entry *const *)a;
	const struct index_entry *right = *(const struct index_entry *const *)b;
	int order = strcmp(left->repository, right->repository);

	return order != 0 ? order : strcmp(left->tag, right->tag);
}

static int refuse_names(const struct index *x, struct error *err)
{
	auto_free const struct index_entry **named = mem_zalloc(x->entry_count, sizeof(*named));
	size_t count = 0;

	for (size_t i = 0; i < x->entry_count; i++) {
		const struct index_entry *e = &x->entries[i];
		if (e->tag == NULL)
			continue;
		if (reference_is_record(e->repository, e->tag))
			return error_set(err, ERR_FORMAT,
			    "'%s:%s' is where a delivery record is kept; give it another name",
			    e->repository, e->tag);
		named[count++] = e;
	}
	qsort(named, count, sizeof(*named), compare_names);
	for (size_t i = 1; i < count; i++) {
		if (compare_names(&named[i - 1], &named[i]) == 0)
			return error_set(err, ERR_FORMAT, "'%s:%s' stands there twice",
			    named[i]->repository, named[i]->tag);
	}
	return 0;
}

int index_parse_delivery(struct index *out, const char *bytes, size_t len, struct error *err)
{
	struct delivery *d = &out->delivery;
	const struct annotation_slot slots[] = {
	    {ANNOTATION_CREATED, &d->created},
	    {ANNOTATION_DESTINATION, &d->destination},
	    {ANNOTATION_NOT_AFTER, &d->not_after},
	    {ANNOTATION_ORIGIN, &d->origin},
	    {ANNOTATION_PREVIOUS, &d->previous},
	    {ANNOTATION_SEQUENCE, &d->sequence},
	};

	*out = (struct index)INDEX_INIT;
	if (len > LIMIT_INDEX_BYTES_MAX)
		return error_set(
		    err, ERR_LIMIT, "%zu bytes; the limit is %u", len, LIMIT_INDEX_BYTES_MAX);
	json_auto_t *object = json_strict_load(bytes, len, err);
	if (object == NULL)
		return -1;
	if (parse_object(out, object, MEDIA_TYPE_OCI_INDEX, true, err) != 0 ||
	    take_annotations(object, slots, sizeof(slots) / sizeof(slots[0]), err) != 0 ||
	    delivery_check(d, err) != 0)
		return -1;
	return refuse_names(out, err);
}

static void delivery_release(struct delivery *d)
{
	free(d->created);
	free(d->origin);
	free(d->destination);
	free(d->sequence);
	free(d->previous);
	free(d->not_after);
}

void index_release(struct index *x)
{
	for (size_t i = 0; i < x->entry_count; i++) {
		descriptor_release(&x->entries[i].descriptor);
		free(x->entries[i].repository);
		free(x->entries[i].tag);
		free(x->entries[i].kind);
		free(x->entries[i].ref_name);
	}
	free(x->entries);
	descriptor_release(&x->subject);
	delivery_release(&x->delivery);
	*x = (struct index)INDEX_INIT;
}

static void put_member(struct buf *b, const char *key, const char *value, const char *separator)
{
	buf_puts(b, separator);
	json_put_string(b, key, strlen(key));
	buf_putc(b, ':');
	json_put_string(b, value, strlen(value));
}

/* Annotations in the order given, which is that of their keys; none at all where every value is
 * NULL. */
static void put_annotations(struct buf *b, const struct annotation_slot *slots, size_t count)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		if (*slots[i].value == NULL)
			continue;
		put_member(b, slots[i].key, *slots[i].value, any ? "," : ",\"annotations\":{");
		any = true;
	}
	if (any)
		buf_putc(b, '}');
}

static void put_entry(struct buf *b, const struct index_entry *entry)
{
	char digest[DIGEST_TEXT_LEN + 1];
	char *repository = entry->repository;
	char *tag = entry->tag;
	char *kind = entry->kind;
	char *ref_name = entry->ref_name;
	const struct annotation_slot slots[] = {
	    {ANNOTATION_REPOSITORY, &repository},
	    {ANNOTATION_TAG, &tag},
	    {ANNOTATION_KIND, &kind},
	    {ANNOTATION_REF_NAME, &ref_name},
	};

	digest_text(digest, &entry->descriptor.digest);
	put_member(b, "mediaType", entry->descriptor.media_type, "{");
	put_member(b, "digest", digest, ",");
	buf_printf(b, ",\"size\":%llu", (unsigned long long)entry->descriptor.size_bytes);
	put_annotations(b, slots, sizeof(slots) / sizeof(slots[0]));
	if (entry->descriptor.artifact_type != NULL)
		put_member(b, "artifactType", entry->descriptor.artifact_type, ",");
	buf_putc(b, '}');
}

void index_write_delivery(struct buf *b, const struct index *x)
{
	struct delivery d = x->delivery;
	const struct annotation_slot slots[] = {
	    {ANNOTATION_DESTINATION, &d.destination},
	    {ANNOTATION_NOT_AFTER, &d.not_after},
	    {ANNOTATION_ORIGIN, &d.origin},
	    {ANNOTATION_PREVIOUS, &d.previous},
	    {ANNOTATION_SEQUENCE, &d.sequence},
	    {ANNOTATION_CREATED, &d.created},
	};

	buf_puts(b, "{\"schemaVersion\":2");
	put_member(b, "mediaType", MEDIA_TYPE_OCI_INDEX, ",");
	buf_puts(b, ",\"manifests\":[");
	for (size_t i = 0; i < x->entry_count; i++) {
		if (i > 0)
			buf_putc(b, ',');
		put_entry(b, &x->entries[i]);
	}
	buf_putc(b, ']');
	put_annotations(b, slots, sizeof(slots) / sizeof(slots[0]));
	buf_putc(b, '}');
}
