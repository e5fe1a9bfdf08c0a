#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "builder/chart_yaml.h"
#include "builder/lint_files.h"
#include "builder/yaml_documents.h"

/* What lint looks at in a Kubernetes object, as Helm declares it. */
struct object {
	struct text api_version;
	struct text kind;
};

struct object_metadata {
	struct text namespace;
	struct text name;
};

static const struct field object_fields[] = {
    {.name = "apiVersion", .type = FIELD_TEXT, .offset = offsetof(struct object, api_version)},
    {.name = "kind", .type = FIELD_TEXT, .offset = offsetof(struct object, kind)},
};
static const struct record_type object_type = {
    .fields = object_fields, .field_count = 2, .size = sizeof(struct object)};

static const struct field metadata_fields[] = {
    {.name = "namespace",
	.type = FIELD_TEXT,
	.offset = offsetof(struct object_metadata, namespace)},
    {.name = "name", .type = FIELD_TEXT, .offset = offsetof(struct object_metadata, name)},
};
static const struct record_type metadata_type = {
    .fields = metadata_fields, .field_count = 2, .size = sizeof(struct object_metadata)};

/* The metadata of an object is not used; only its form is judged. */
static int check_metadata(struct yaml_value *value, struct error *err)
{
	struct object_metadata metadata = {.name = {.bytes = NULL}};

	if (value->type == YAML_TYPE_NULL)
		return 0;
	if (value->type != YAML_TYPE_MAP)
		return error_set(err, ERR_CHART, "line %zu: 'metadata' must be a map, not %s",
		    value->line, yaml_type_name(value->type));
	int status = chart_yaml_read_record(&metadata, &metadata_type, value, err);
	text_release(&metadata.namespace);
	text_release(&metadata.name);
	return status;
}

static int read_object(struct object *out, struct yaml_value *value, struct error *err)
{
	if (value->type != YAML_TYPE_MAP)
		return error_set(err, ERR_CHART, "line %zu: must be a map, not %s", value->line,
		    yaml_type_name(value->type));
	for (size_t i = 0; i < value->map.count; i++) {
		struct yaml_member *member = &value->map.members[i];
		if (strcasecmp(text_string(&member->key), "metadata") == 0 &&
		    check_metadata(&member->value, err) != 0)
			return -1;
	}
	return chart_yaml_read_record(out, &object_type, value, err);
}

static void judge(
    struct lint_findings *out, const char *path, const struct object *object, size_t lines_before)
{
	const char *api_version = text_string(&object->api_version);
	static const char group[] = "apiextensions.k8s.io";
	size_t api_line = object->api_version.line;
	size_t kind_line = object->kind.line;

	if (strncmp(api_version, group, strlen(group)) != 0)
		lint_add(out, LINT_ERROR, path, api_line != 0 ? api_line + lines_before : 0,
		    "apiVersion is not in 'apiextensions.k8s.io'");
	if (!text_is(&object->kind, "CustomResourceDefinition"))
		lint_add(out, LINT_ERROR, path, kind_line != 0 ? kind_line + lines_before : 0,
		    "object kind is not 'CustomResourceDefinition'");
}

/* False for what is not YAML or not an object. */
static bool check_document(
    struct lint_findings *out, const char *path, const struct yaml_document *document)
{
	auto_yaml_value struct yaml_value value = {.type = YAML_TYPE_NULL};
	struct object object = {.kind = {.bytes = NULL}};
	struct error err = ERROR_INIT;

	int status = yaml_value_parse(&value, document->bytes, document->len, &err);
	if (status == 0 && value.type == YAML_TYPE_NULL)
		return true;
	if (status == 0)
		status = read_object(&object, &value, &err);
	if (status == 0)
		judge(out, path, &object, document->lines_before);
	else if (err.code == ERR_LIMIT || err.code == ERR_UNSUPPORTED)
		lint_add_error(
		    out, LINT_WARNING, path, document->lines_before, "not checked", &err);
	else
		lint_add_error(
		    out, LINT_ERROR, path, document->lines_before, "unable to parse YAML", &err);
	text_release(&object.api_version);
	text_release(&object.kind);
	return status == 0;
}

void lint_crd(struct lint_findings *out, const char *path, const char *bytes, size_t len)
{
	auto_yaml_documents struct yaml_documents documents;
	struct yaml_document document;
	struct error err = ERROR_INIT;
	int status;

	yaml_documents_init(&documents, bytes, len);
	while ((status = yaml_documents_next(&documents, &document, &err)) > 0) {
		if (!check_document(out, path, &document))
			return; /* Helm gives up on a file there, too */
	}
	if (status < 0)
		lint_add_error(out, LINT_ERROR, path, 0, "unable to parse YAML", &err);
}
