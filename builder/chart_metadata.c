#include "builder/chart_metadata.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define FIELD(record, member, json_name, kind, bits)                                               \
	{                                                                                          \
		.name = (json_name), .type = (kind), .offset = offsetof(struct record, member),    \
		.flags = (bits), .record_type = NULL                                               \
	}

static const struct field maintainer_fields[] = {
    FIELD(chart_maintainer, name, "name", FIELD_TEXT, FIELD_SANITISED),
    FIELD(chart_maintainer, email, "email", FIELD_TEXT, FIELD_SANITISED),
    FIELD(chart_maintainer, url, "url", FIELD_TEXT, FIELD_SANITISED),
};

static const struct record_type maintainer_type = {
    .fields = maintainer_fields,
    .field_count = COUNT(maintainer_fields),
    .size = sizeof(struct chart_maintainer),
};

static const struct field dependency_fields[] = {
    FIELD(chart_dependency, name, "name", FIELD_TEXT, FIELD_SANITISED | FIELD_ALWAYS),
    FIELD(chart_dependency, version, "version", FIELD_TEXT, FIELD_SANITISED),
    FIELD(chart_dependency, repository, "repository", FIELD_TEXT, FIELD_SANITISED | FIELD_ALWAYS),
    FIELD(chart_dependency, condition, "condition", FIELD_TEXT, FIELD_SANITISED),
    FIELD(chart_dependency, tags, "tags", FIELD_TEXT_LIST, FIELD_SANITISED),
    FIELD(chart_dependency, enabled, "enabled", FIELD_BOOL, 0),
    FIELD(chart_dependency, import_values, "import-values", FIELD_VALUE, 0),
    FIELD(chart_dependency, alias, "alias", FIELD_TEXT, 0),
};

const struct record_type chart_dependency_type = {
    .fields = dependency_fields,
    .field_count = COUNT(dependency_fields),
    .size = sizeof(struct chart_dependency),
};

static const struct field metadata_fields[] = {
    FIELD(chart_metadata, name, "name", FIELD_TEXT, FIELD_SANITISED),
    FIELD(chart_metadata, home, "home", FIELD_TEXT, FIELD_SANITISED),
    FIELD(chart_metadata, sources, "sources", FIELD_TEXT_LIST, FIELD_SANITISED),
    FIELD(chart_metadata, version, "version", FIELD_TEXT, 0),
    FIELD(chart_metadata, description, "description", FIELD_TEXT, FIELD_SANITISED),
    FIELD(chart_metadata, keywords, "keywords", FIELD_TEXT_LIST, FIELD_SANITISED),
    {"maintainers", FIELD_RECORD_LIST, offsetof(struct chart_metadata, maintainers),
	FIELD_SANITISED, &maintainer_type},
    FIELD(chart_metadata, icon, "icon", FIELD_TEXT, FIELD_SANITISED),
    FIELD(chart_metadata, api_version, "apiVersion", FIELD_TEXT, 0),
    FIELD(chart_metadata, condition, "condition", FIELD_TEXT, FIELD_SANITISED),
    FIELD(chart_metadata, tags, "tags", FIELD_TEXT, FIELD_SANITISED),
    FIELD(chart_metadata, app_version, "appVersion", FIELD_TEXT, FIELD_SANITISED),
    FIELD(chart_metadata, deprecated, "deprecated", FIELD_BOOL, 0),
    FIELD(chart_metadata, annotations, "annotations", FIELD_TEXT_MAP, 0),
    FIELD(chart_metadata, kube_version, "kubeVersion", FIELD_TEXT, FIELD_SANITISED),
    {"dependencies", FIELD_RECORD_LIST, offsetof(struct chart_metadata, dependencies),
	FIELD_SANITISED, &chart_dependency_type},
    FIELD(chart_metadata, type, "type", FIELD_TEXT, 0),
};

const struct record_type chart_metadata_type = {
    .fields = metadata_fields,
    .field_count = COUNT(metadata_fields),
    .size = sizeof(struct chart_metadata),
};

bool field_is_empty(const void *record, const struct field *field)
{
	const void *at = field_in(record, field);

	switch (field->type) {
	case FIELD_TEXT:
		return ((const struct text *)at)->len == 0;
	case FIELD_BOOL:
		return !*(const bool *)at;
	case FIELD_TEXT_LIST:
		return ((const struct text_list *)at)->count == 0;
	case FIELD_TEXT_MAP:
		return ((const struct text_map *)at)->count == 0;
	case FIELD_RECORD_LIST:
		return ((const struct record_list *)at)->count == 0;
	case FIELD_VALUE:
		break;
	}
	const struct yaml_value *value = at;
	return value->type != YAML_TYPE_LIST || value->list.count == 0;
}

void text_list_clear(struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		text_release(&list->items[i]);
	free(list->items);
	*list = (struct text_list){.items = NULL};
}

void text_map_clear(struct text_map *map)
{
	for (size_t i = 0; i < map->count; i++) {
		text_release(&map->pairs[i].key);
		text_release(&map->pairs[i].value);
	}
	free(map->pairs);
	*map = (struct text_map){.pairs = NULL};
}

struct text *text_map_slot(struct text_map *map, const struct text *key)
{
	size_t low = 0;
	size_t high = map->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = text_compare(key, &map->pairs[middle].key);
		if (order == 0)
			return &map->pairs[middle].value;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	map->pairs = mem_grow(map->pairs, map->count, &map->capacity, sizeof(struct text_pair));
	struct text_pair *pair = &map->pairs[low];
	memmove(pair + 1, pair, (map->count - low) * sizeof(*pair));
	map->count++;
	*pair = (struct text_pair){.key = {.line = key->line}};
	text_set(&pair->key, text_string(key), key->len);
	return &pair->value;
}

static void record_release(void *record, const struct record_type *type)
{
	for (size_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type->fields[i];
		void *at = field_at(record, field);
		switch (field->type) {
		case FIELD_TEXT:
			text_release(at);
			break;
		case FIELD_TEXT_LIST:
			text_list_clear(at);
			break;
		case FIELD_TEXT_MAP:
			text_map_clear(at);
			break;
		case FIELD_VALUE:
			yaml_value_release(at);
			break;
		case FIELD_RECORD_LIST:
			record_list_clear(at, field->record_type);
			break;
		case FIELD_BOOL:
			break;
		}
	}
}

void record_free(void *record, const struct record_type *type)
{
	if (record == NULL)
		return;
	record_release(record, type);
	free(record);
}

void record_list_clear(struct record_list *list, const struct record_type *type)
{
	for (size_t i = 0; i < list->count; i++)
		record_free(list->items[i], type);
	free(list->items);
	*list = (struct record_list){.items = NULL};
}

void chart_metadata_init(struct chart_metadata *m)
{
	*m = (struct chart_metadata){.deprecated = false};
}

void chart_metadata_release(struct chart_metadata *m)
{
	record_release(m, &chart_metadata_type);
	chart_metadata_init(m);
}

void chart_metadata_drop_dependencies(struct chart_metadata *m)
{
	record_list_clear(&m->dependencies, &chart_dependency_type);
}
