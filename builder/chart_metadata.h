/*
 * The metadata of a chart: Helm's Metadata. chart_yaml reads it, chart_rules judges it.
 * Source: Helm pkg/chart/v2/metadata.go and dependency.go; reference helm.md 1.4, 1.5, 4.
 */
#ifndef BUILDER_CHART_METADATA_H
#define BUILDER_CHART_METADATA_H

#include <stdbool.h>
#include <stddef.h>

#include "builder/text.h"
#include "builder/yaml_value.h"
#include "common/error.h"

struct text_list {
	struct text *items; /* owned */
	size_t count;
};

struct text_pair {
	struct text key;
	struct text value;
};

struct text_map {
	struct text_pair *pairs; /* owned; sorted by key, each key once */
	size_t count;
	size_t capacity;
};

/** Maintainers or dependencies; an item is NULL only before chart_rules_apply(). */
struct record_list {
	void **items; /* owned, as are the records */
	size_t count;
};

struct chart_maintainer {
	struct text name;
	struct text email;
	struct text url;
};

struct chart_dependency {
	struct text name;
	struct text version;
	struct text repository;
	struct text condition;
	struct text_list tags;
	bool enabled;
	struct yaml_value import_values; /* null or a list of anything; passes yaml_value_check() */
	struct text alias;
};

struct chart_metadata {
	struct text name;
	struct text home;
	struct text_list sources;
	struct text version;
	struct text description;
	struct text_list keywords;
	struct record_list maintainers; /* of struct chart_maintainer */
	struct text icon;
	struct text api_version;
	struct text condition;
	struct text tags;
	struct text app_version;
	bool deprecated;
	struct text_map annotations;
	struct text kube_version;
	struct record_list dependencies; /* of struct chart_dependency */
	struct text type;
};

/*
 * The shape of these structs as data, in Helm's order: reading, both ways of writing and releasing
 * go by it.
 */
enum field_type {
	FIELD_TEXT,
	FIELD_BOOL,
	FIELD_TEXT_LIST,
	FIELD_TEXT_MAP,
	FIELD_VALUE,
	FIELD_RECORD_LIST,
};

enum field_flag {
	FIELD_SANITISED = 1, /* by chart_rules_apply() */
	FIELD_ALWAYS = 2,    /* written even when empty */
};

struct record_type;

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	unsigned flags;
	const struct record_type *record_type; /* of FIELD_RECORD_LIST */
};

struct record_type {
	const struct field *fields;
	size_t field_count;
	size_t size;
};

extern const struct record_type chart_metadata_type;
extern const struct record_type chart_dependency_type;

/** field_at(record, field), field_in(record, field): the field of a record that field describes. */
static inline void *field_at(void *record, const struct field *field)
{
	return (char *)record + field->offset;
}

static inline const void *field_in(const void *record, const struct field *field)
{
	return (const char *)record + field->offset;
}

/** field_is_empty(record, field): true for what Go's omitempty leaves out. */
bool field_is_empty(const void *record, const struct field *field);

void chart_metadata_init(struct chart_metadata *m);
void chart_metadata_release(struct chart_metadata *m);
#define auto_chart_metadata __attribute__((cleanup(chart_metadata_release)))

/** text_list_clear(list), text_map_clear(map), record_list_clear(list, type): release all items. */
void text_list_clear(struct text_list *list);
void text_map_clear(struct text_map *map);
void record_list_clear(struct record_list *list, const struct record_type *type);
/** record_free(record, type): releases one item of a record list; NULL is fine. */
void record_free(void *record, const struct record_type *type);

/**
 * text_map_slot(map, key): the value under key, which is added, empty, where it was not there.
 * Borrowed until the map changes.
 */
struct text *text_map_slot(struct text_map *map, const struct text *key);

/** chart_metadata_drop_dependencies(m): as Helm does when it packs a v1 chart. */
void chart_metadata_drop_dependencies(struct chart_metadata *m);

#endif
