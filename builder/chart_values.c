#include "builder/chart_values.h"

#include "builder/yaml_documents.h"
#include "builder/yaml_value.h"
#include "common/limits.h"

static int check_document(const struct yaml_document *document, struct error *err)
{
	auto_yaml_value struct yaml_value value = {.type = YAML_TYPE_NULL};

	if (yaml_value_parse(&value, document->bytes, document->len, err) != 0 ||
	    yaml_value_check(&value, err) != 0)
		return -1;
	if (value.type != YAML_TYPE_NULL && value.type != YAML_TYPE_MAP)
		return error_set(err, ERR_CHART, "line %zu: must be a map, not %s", value.line,
		    yaml_type_name(value.type));
	return 0;
}

int chart_values_check(const char *bytes, size_t len, struct error *err)
{
	auto_yaml_documents struct yaml_documents documents;
	struct yaml_document document;
	size_t count = 0;
	int status;

	yaml_documents_init(&documents, bytes, len);
	while ((status = yaml_documents_next(&documents, &document, err)) > 0) {
		if (++count > LIMIT_VALUES_DOCUMENTS_MAX)
			return error_set(
			    err, ERR_LIMIT, "more than %u documents", LIMIT_VALUES_DOCUMENTS_MAX);
		if (check_document(&document, err) == 0)
			continue;
		if (document.lines_before == 0)
			return -1;
		return error_prefix(err, "the document behind line %zu", document.lines_before);
	}
	return status;
}
