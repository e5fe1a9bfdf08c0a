#include "common/manifest.h"

#include <string.h>

#include "common/json.h"
#include "common/limits.h"
#include "common/media_type.h"

bool media_type_is_manifest(const char *media_type)
{
	return strcmp(media_type, MEDIA_TYPE_OCI_MANIFEST) == 0 ||
	       strcmp(media_type, MEDIA_TYPE_DOCKER_MANIFEST) == 0;
}

bool media_type_is_index(const char *media_type)
{
	return strcmp(media_type, MEDIA_TYPE_OCI_INDEX) == 0 ||
	       strcmp(media_type, MEDIA_TYPE_DOCKER_LIST) == 0;
}

static int parse_descriptor_member(struct descriptor *out, const json_t *object, const char *name,
    enum json_presence presence, bool *out_present, struct error *err)
{
	const json_t *member;

	if (json_strict_object(object, name, presence, &member, err) != 0)
		return -1;
	*out_present = member != NULL;
	if (member != NULL && descriptor_parse(out, member, err) != 0)
		return error_prefix(err, "%s", name);
	return 0;
}

static int parse_layers(struct manifest *out, const json_t *object, struct error *err)
{
	const json_t *layers;

	if (json_strict_array(object, "layers", JSON_REQUIRED, &layers, err) != 0)
		return -1;
	size_t count = json_array_size(layers);
	if (count > LIMIT_MANIFEST_LAYERS_MAX)
		return error_set(err, ERR_LIMIT, "%zu layers; the limit is %u", count,
		    LIMIT_MANIFEST_LAYERS_MAX);
	out->layers = mem_zalloc(count, sizeof(*out->layers));
	for (size_t i = 0; i < count; i++) {
		out->layer_count = i + 1;
		if (descriptor_parse(&out->layers[i], json_array_get(layers, i), err) != 0)
			return error_prefix(err, "layer %zu", i);
	}
	return 0;
}

static int parse_object(
    struct manifest *out, const json_t *object, const char *media_type, struct error *err)
{
	static const char *const names[] = {"schemaVersion", "mediaType", "artifactType", "config",
	    "layers", "subject", "annotations", "manifests", "fsLayers", "history", NULL};
	const json_t *annotations;
	const char *own_type;
	const char *artifact_type;
	uint64_t version = 0;
	bool present;

	if (json_strict_names(object, names, err) != 0 ||
	    json_strict_size(object, "schemaVersion", JSON_REQUIRED, &version, err) != 0 ||
	    json_strict_string(object, "mediaType", JSON_OPTIONAL, &own_type, err) != 0 ||
	    json_strict_string(object, "artifactType", JSON_OPTIONAL, &artifact_type, err) != 0 ||
	    json_strict_string_map(object, "annotations", &annotations, err) != 0)
		return -1;
	if (version != 2)
		return error_set(err, ERR_FORMAT, "schemaVersion is not 2");
	if (own_type != NULL && strcmp(own_type, media_type) != 0)
		return error_set(err, ERR_FORMAT, "mediaType '%.200s': its descriptor says '%s'",
		    own_type, media_type);
	/* Content that can be read as two things is read as neither: CVE-2021-41190. */
	if (json_object_get(object, "manifests") != NULL ||
	    json_object_get(object, "fsLayers") != NULL ||
	    json_object_get(object, "history") != NULL)
		return error_set(err, ERR_FORMAT,
		    "an image manifest has no 'manifests', 'fsLayers' or 'history'");
	if (artifact_type != NULL)
		out->artifact_type = mem_strdup(artifact_type);
	if (parse_descriptor_member(&out->config, object, "config", JSON_REQUIRED, &present, err) !=
		0 ||
	    parse_descriptor_member(
		&out->subject, object, "subject", JSON_OPTIONAL, &out->has_subject, err) != 0)
		return -1;
	return parse_layers(out, object, err);
}

int manifest_parse(
    struct manifest *out, const char *bytes, size_t len, const char *media_type, struct error *err)
{
	*out = (struct manifest)MANIFEST_INIT;
	if (len > LIMIT_MANIFEST_BYTES_MAX)
		return error_set(err, ERR_LIMIT, "manifest of %zu bytes; the limit is %u", len,
		    LIMIT_MANIFEST_BYTES_MAX);
	json_auto_t *object = json_strict_load(bytes, len, err);
	if (object == NULL)
		return -1;
	return parse_object(out, object, media_type, err);
}

void manifest_release(struct manifest *m)
{
	descriptor_release(&m->config);
	descriptor_release(&m->subject);
	for (size_t i = 0; i < m->layer_count; i++)
		descriptor_release(&m->layers[i]);
	free(m->layers);
	free(m->artifact_type);
	*m = (struct manifest)MANIFEST_INIT;
}
