#include <string.h>

#include "builder/chart_yaml.h"
#include "builder/lint_chart_yaml.h"
#include "builder/yaml_scalar.h"

#define CHART_YAML "Chart.yaml"

struct scan {
	struct lint_findings *out;
	bool misleading_only; /* not what is merely unknown */
};

/* A key of a map, or of a map that is merged into it. */
struct entry {
	struct text key; /* owned; its line is set */
	size_t order;
	bool merged;
};

struct entries {
	struct entry *items; /* owned */
	size_t count;
	size_t capacity;
};

static void release_entries(struct entries *e)
{
	for (size_t i = 0; i < e->count; i++)
		text_release(&e->items[i].key);
	free(e->items);
}
#define auto_entries __attribute__((cleanup(release_entries)))

static const struct yaml_node *follow(const struct yaml_node *node)
{
	return node->kind == YAML_KIND_ALIAS ? node->target : node;
}

static bool is_merge(const struct yaml_node *key)
{
	return key->kind == YAML_KIND_SCALAR && key->len == 2 && memcmp(key->bytes, "<<", 2) == 0 &&
	       (key->implicit ||
		   (key->tag != NULL && strcmp(key->tag, "tag:yaml.org,2002:merge") == 0));
}

/* The key as text. False for one that cannot be, which has been refused before. */
static bool read_key(struct text *out, const struct yaml_node *node)
{
	auto_yaml_value struct yaml_value value = {.type = YAML_TYPE_NULL};
	struct error err = ERROR_INIT;
	const struct yaml_node *key = follow(node);

	if (key->kind != YAML_KIND_SCALAR || yaml_scalar_resolve(&value, key, &err) != 0)
		return false;
	auto_free char *text = lint_scalar_text(&value);
	text_set(out, text, value.type == YAML_TYPE_TEXT ? value.text.len : strlen(text));
	out->line = node->line;
	return true;
}

static void collect(struct entries *e, const struct yaml_node *map, bool merged);

static void collect_merge(struct entries *e, const struct yaml_node *value)
{
	const struct yaml_node *node = follow(value);

	if (node->kind == YAML_KIND_MAP) {
		collect(e, node, true);
		return;
	}
	for (size_t i = node->count; i > 0; i--) /* backwards, as they are merged */
		collect(e, follow(node->children[i - 1]), true);
}

static void collect(struct entries *e, const struct yaml_node *map, bool merged)
{
	for (size_t i = 0; i + 1 < map->count; i += 2) {
		struct text key = {.line = 0};

		if (is_merge(map->children[i])) {
			collect_merge(e, map->children[i + 1]);
			continue;
		}
		if (!read_key(&key, map->children[i]))
			continue;
		e->items = mem_grow(e->items, e->count, &e->capacity, sizeof(*e->items));
		e->items[e->count] =
		    (struct entry){.key = key, .order = e->count, .merged = merged};
		e->count++;
	}
}

static int compare_entries(const void *left, const void *right)
{
	const struct entry *a = left;
	const struct entry *b = right;
	int order = text_compare(&a->key, &b->key);

	return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

static void check_twice(const struct scan *s, const struct entry *first, const struct entry *second)
{
	const char *key = text_string(&second->key);
	const char *rule =
	    s->misleading_only ? "" : "failed to strictly parse chart metadata file: ";

	if (second->merged || first->merged)
		lint_add(s->out, LINT_WARNING, CHART_YAML, second->key.line,
		    "%skey '%s' is set twice, by a merge and in line %zu", rule, key,
		    first->key.line);
	else
		lint_add(s->out, LINT_WARNING, CHART_YAML, second->key.line,
		    "%skey '%s' is already set in line %zu, which counts no more", rule, key,
		    first->key.line);
}

/* Entries are sorted by key: of several spellings of one field Helm takes the last. */
static void check_fields(
    const struct scan *s, const struct entries *e, const struct record_type *type)
{
	auto_free const struct entry **spelt = mem_zalloc(type->field_count, sizeof(*spelt));

	for (size_t i = 0; i < e->count; i++) {
		const struct entry *entry = &e->items[i];
		const struct field *field = chart_yaml_find_field(type, &entry->key);
		if (field == NULL && !s->misleading_only) {
			lint_add(s->out, LINT_WARNING, CHART_YAML, entry->key.line,
			    "failed to strictly parse chart metadata file: unknown field '%s'",
			    text_string(&entry->key));
		}
		if (field == NULL)
			continue;
		const struct entry **slot = &spelt[field - type->fields];
		if (*slot != NULL && text_compare(&(*slot)->key, &entry->key) != 0)
			lint_add(s->out, LINT_WARNING, CHART_YAML, (*slot)->key.line,
			    "'%s' and '%s' in line %zu are one field to Helm, '%s' counts",
			    text_string(&(*slot)->key), text_string(&entry->key), entry->key.line,
			    text_string(&entry->key));
		*slot = entry;
	}
}

static void look_at_map(
    const struct scan *s, const struct yaml_node *map, const struct record_type *type);

/* Maps anywhere else: keys that are set twice. An alias was seen where its anchor stands. */
static void look_at_any(const struct scan *s, const struct yaml_node *node)
{
	if (node->kind == YAML_KIND_MAP) {
		look_at_map(s, node, NULL);
		return;
	}
	for (size_t i = 0; node->kind == YAML_KIND_LIST && i < node->count; i++)
		look_at_any(s, node->children[i]);
}

/* Text that YAML takes for something else, and that comes back changed. */
static void look_at_text(const struct scan *s, const struct yaml_node *node, const char *field)
{
	auto_yaml_value struct yaml_value value = {.type = YAML_TYPE_NULL};
	struct error err = ERROR_INIT;

	if (node->kind != YAML_KIND_SCALAR || yaml_scalar_resolve(&value, node, &err) != 0 ||
	    value.type == YAML_TYPE_TEXT || value.type == YAML_TYPE_NULL)
		return;
	auto_free char *text = lint_scalar_text(&value);
	if (strcmp(text, node->bytes) != 0)
		lint_add(s->out, LINT_WARNING, CHART_YAML, node->line,
		    "%s: '%s' is %s to YAML, which Helm takes for '%s': put it in quotes", field,
		    node->bytes, yaml_type_name(value.type), text);
}

static void look_at_list(
    const struct scan *s, const struct yaml_node *list, const struct field *field)
{
	for (size_t i = 0; list->kind == YAML_KIND_LIST && i < list->count; i++) {
		const struct yaml_node *item = follow(list->children[i]);
		if (field->type == FIELD_TEXT_LIST)
			look_at_text(s, item, field->name);
		else if (item->kind == YAML_KIND_MAP)
			look_at_map(s, item, field->record_type);
	}
}

static void look_at_field(
    const struct scan *s, const struct yaml_node *value, const struct field *field)
{
	const struct yaml_node *node = follow(value);

	if (field->type == FIELD_TEXT) {
		look_at_text(s, node, field->name);
	} else if (field->type == FIELD_TEXT_LIST || field->type == FIELD_RECORD_LIST) {
		look_at_list(s, node, field);
	} else if (field->type == FIELD_TEXT_MAP && node->kind == YAML_KIND_MAP) {
		look_at_map(s, node, NULL);
		for (size_t i = 0; i + 1 < node->count; i += 2)
			look_at_text(s, follow(node->children[i + 1]), field->name);
	} else {
		look_at_any(s, value);
	}
}

/* The type of these two is judged by a rule of Helm's own, where its rules are asked. */
static bool is_judged_elsewhere(const struct record_type *type, const struct text *key)
{
	return type == &chart_metadata_type &&
	       (text_is(key, "version") || text_is(key, "appVersion"));
}

static void look_at_values(
    const struct scan *s, const struct yaml_node *map, const struct record_type *type)
{
	for (size_t i = 0; i + 1 < map->count; i += 2) {
		const struct yaml_node *value = map->children[i + 1];
		struct text key = {.line = 0};
		const struct field *field = NULL;

		if (type != NULL && !is_merge(map->children[i]) && read_key(&key, map->children[i]))
			field = chart_yaml_find_field(type, &key);
		if (field == NULL)
			look_at_any(s, value);
		else if (s->misleading_only || !is_judged_elsewhere(type, &key))
			look_at_field(s, value, field);
		text_release(&key);
	}
}

/* type: NULL for a map of which any key may be a member. */
static void look_at_map(
    const struct scan *s, const struct yaml_node *map, const struct record_type *type)
{
	auto_entries struct entries entries = {.items = NULL};

	collect(&entries, map, false);
	if (entries.count != 0)
		qsort(entries.items, entries.count, sizeof(*entries.items), compare_entries);
	for (size_t i = 1; i < entries.count; i++) {
		if (text_compare(&entries.items[i - 1].key, &entries.items[i].key) == 0)
			check_twice(s, &entries.items[i - 1], &entries.items[i]);
	}
	if (type != NULL)
		check_fields(s, &entries, type);
	look_at_values(s, map, type);
}

void lint_chart_keys(struct lint_findings *out, const struct yaml_node *root)
{
	const struct scan s = {.out = out};

	if (root->kind == YAML_KIND_MAP)
		look_at_map(&s, root, &chart_metadata_type);
}

void lint_misleading(struct lint_findings *out, const char *yaml, size_t len)
{
	const struct scan s = {.out = out, .misleading_only = true};
	auto_yaml_node struct yaml_node *root = NULL;
	struct error err = ERROR_INIT;

	if (yaml_node_parse(&root, yaml, len, &err) == 0 && root != NULL &&
	    root->kind == YAML_KIND_MAP)
		look_at_map(&s, root, &chart_metadata_type);
}
