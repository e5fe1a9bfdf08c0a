#include "pusher/merge.h"

#include <string.h>

#include "common/json.h"
#include "common/limits.h"
#include "common/manifest.h"
#include "common/media_type.h"

#define ANNOTATION_SIGNATURE "dev.cosignproject.cosign/signature"

static json_t *load(const struct buf *bytes, const char *what, struct error *err)
{
	json_t *root = json_strict_load(buf_text(bytes), bytes->len, err);

	if (json_is_object(root))
		return root;
	json_decref(root);
	(void)error_set(
	    err, ERR_REGISTRY, "what the registry has there is no %s; nothing was changed", what);
	return NULL;
}

static int dump(struct buf *out, const json_t *root, struct error *err)
{
	auto_free char *text = json_dumps(root, JSON_COMPACT);

	if (text == NULL)
		mem_exhausted();
	if (strlen(text) > LIMIT_MANIFEST_BYTES_MAX)
		return error_set(err, ERR_REGISTRY,
		    "with what the registry has there, it would be larger than %u bytes",
		    LIMIT_MANIFEST_BYTES_MAX);
	buf_puts(out, text);
	return 0;
}

static bool is_same_text(const json_t *a, const json_t *b, const char *name)
{
	const json_t *x = json_object_get(a, name);
	const json_t *y = json_object_get(b, name);

	return json_is_string(x) && json_is_string(y) && json_equal(x, y) != 0;
}

static bool is_same_signature(const json_t *a, const json_t *b)
{
	return is_same_text(a, b, "digest") &&
	       is_same_text(json_object_get(a, "annotations"), json_object_get(b, "annotations"),
		   ANNOTATION_SIGNATURE);
}

static bool is_same_digest(const json_t *a, const json_t *b)
{
	return is_same_text(a, b, "digest");
}

/* Appends what of ours is not there; false if all of it was. */
static bool append_missing(
    json_t *theirs, const json_t *ours, bool (*is_same)(const json_t *, const json_t *))
{
	size_t count = json_array_size(theirs);
	bool has_grown = false;

	for (size_t i = 0; i < json_array_size(ours); i++) {
		json_t *item = json_array_get(ours, i);
		bool is_there = false;
		for (size_t k = 0; k < count && !is_there; k++)
			is_there = is_same(json_array_get(theirs, k), item);
		if (is_there)
			continue;
		has_grown = true;
		if (json_array_append(theirs, item) != 0)
			mem_exhausted();
	}
	return has_grown;
}

int merge_signatures(struct buf *out, bool *out_same, const struct buf *found,
    const struct buf *ours, struct error *err)
{
	auto_manifest struct manifest checked = MANIFEST_INIT;
	json_auto_t *theirs = NULL;
	json_auto_t *mine = NULL;

	if (manifest_parse(&checked, buf_text(found), found->len, MEDIA_TYPE_OCI_MANIFEST, err) !=
	    0) {
		(void)error_recode(err, ERR_REGISTRY);
		return error_prefix(err, "the signatures that the registry has");
	}
	theirs = load(found, "manifest of signatures", err);
	mine = load(ours, "manifest of signatures", err);
	if (theirs == NULL || mine == NULL)
		return -1;
	json_t *layers = json_object_get(theirs, "layers");
	*out_same = !append_missing(layers, json_object_get(mine, "layers"), is_same_signature);
	if (*out_same)
		return 0;
	if (json_array_size(layers) > LIMIT_MANIFEST_LAYERS_MAX)
		return error_set(
		    err, ERR_REGISTRY, "the registry has too many signatures of it to add ours");
	return dump(out, theirs, err);
}

static json_t *new_index(void)
{
	json_t *root = json_pack(
	    "{s:i, s:s, s:[]}", "schemaVersion", 2, "mediaType", MEDIA_TYPE_OCI_INDEX, "manifests");

	if (root == NULL)
		mem_exhausted();
	return root;
}

int merge_referrers(struct buf *out, bool *out_same, const struct buf *found, const json_t *entries,
    struct error *err)
{
	json_auto_t *root = found == NULL ? new_index() : load(found, "list of referrers", err);

	if (root == NULL)
		return -1;
	json_t *list = json_object_get(root, "manifests");
	if (!json_is_array(list) || json_object_get(root, "layers") != NULL ||
	    json_object_get(root, "config") != NULL)
		return error_set(err, ERR_REGISTRY,
		    "what the registry has there is no list of referrers; nothing was changed");
	*out_same = !append_missing(list, entries, is_same_digest);
	return *out_same ? 0 : dump(out, root, err);
}

static void set(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value) != 0)
		mem_exhausted();
}

/* An object, so that looking is quick: its members are the digests of list. */
static json_t *digests_of(const json_t *list)
{
	json_t *digests = json_object();

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *digest = json_object_get(json_array_get(list, i), "digest");
		if (json_is_string(digest))
			set(digests, json_string_value(digest), json_true());
	}
	return digests;
}

size_t merge_unlisted(const struct buf *page, json_t *entries)
{
	struct error ignored = ERROR_INIT;
	json_auto_t *root = load(page, "list of referrers", &ignored);
	json_auto_t *listed = digests_of(json_object_get(root, "manifests"));

	for (size_t i = json_array_size(entries); i > 0; i--) {
		const json_t *entry = json_array_get(entries, i - 1);
		const char *digest = json_string_value(json_object_get(entry, "digest"));
		if (json_object_get(listed, digest) != NULL)
			(void)json_array_remove(entries, i - 1);
	}
	return json_array_size(entries);
}

json_t *merge_entry(const struct buf *bytes, const char *media_type, const struct digest *digest,
    uint64_t size_bytes, struct error *err)
{
	json_auto_t *root = json_strict_load(buf_text(bytes), bytes->len, err);
	char text[DIGEST_TEXT_LEN + 1];

	if (root == NULL)
		return NULL;
	json_t *entry = json_object();
	json_t *type = json_object_get(root, "artifactType");
	json_t *annotations = json_object_get(root, "annotations");
	if (!json_is_string(type))
		type = json_object_get(json_object_get(root, "config"), "mediaType");
	digest_text(text, digest);
	set(entry, "mediaType", json_string(media_type));
	set(entry, "digest", json_string(text));
	set(entry, "size", json_integer((json_int_t)size_bytes));
	if (json_is_string(type))
		set(entry, "artifactType", json_incref(type));
	if (json_is_object(annotations))
		set(entry, "annotations", json_incref(annotations));
	return entry;
}
