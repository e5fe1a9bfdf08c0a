#include "builder/chart_yaml.h"

#include <stdio.h>
#include <string.h>

#include "builder/go_float.h"
#include "builder/yaml_value.h"
#include "common/limits.h"

static int wrong_type(const struct field *field, const char *wanted, const struct yaml_value *value,
    struct error *err)
{
	return error_set(err, ERR_CHART, "line %zu: '%s' must be %s, not %s", value->line,
	    field->name, wanted, yaml_type_name(value->type));
}

/* Text where Helm wants text: numbers and booleans are turned into it, null changes nothing. */
static int read_text(
    struct text *out, const struct field *field, const struct yaml_value *value, struct error *err)
{
	auto_buf struct buf number = BUF_INIT(64);

	switch (value->type) {
	case YAML_TYPE_NULL:
		return 0;
	case YAML_TYPE_TEXT:
		out->line = value->line;
		text_set(out, text_string(&value->text), value->text.len);
		return 0;
	case YAML_TYPE_BOOL:
		buf_puts(&number, value->boolean ? "true" : "false");
		break;
	case YAML_TYPE_INT:
		buf_printf(&number, "%lld", (long long)value->integer);
		break;
	case YAML_TYPE_UINT:
		buf_printf(&number, "%llu", (unsigned long long)value->natural);
		break;
	case YAML_TYPE_FLOAT:
		go_float_put_text(&number, value->real);
		break;
	case YAML_TYPE_LIST:
	case YAML_TYPE_MAP:
		return wrong_type(field, "text", value, err);
	}
	out->line = value->line;
	text_set(out, buf_text(&number), number.len);
	return 0;
}

static int read_bool(
    bool *out, const struct field *field, const struct yaml_value *value, struct error *err)
{
	if (value->type == YAML_TYPE_NULL)
		return 0;
	if (value->type != YAML_TYPE_BOOL)
		return wrong_type(field, "true or false", value, err);
	*out = value->boolean;
	return 0;
}

/* Go writes a list over an older one in place, so a null leaves the item that was there. */
static int read_text_list(struct text_list *out, const struct field *field,
    const struct yaml_value *value, struct error *err)
{
	if (value->type == YAML_TYPE_NULL) {
		text_list_clear(out);
		return 0;
	}
	if (value->type != YAML_TYPE_LIST)
		return wrong_type(field, "a list", value, err);
	while (out->count > value->list.count)
		text_release(&out->items[--out->count]);
	out->items = mem_realloc(out->items, value->list.count, sizeof(struct text));
	while (out->count < value->list.count)
		out->items[out->count++] = (struct text){.line = 0};
	for (size_t i = 0; i < out->count; i++) {
		if (read_text(&out->items[i], field, &value->list.items[i], err) != 0)
			return -1;
	}
	return 0;
}

static int check_keys(const struct yaml_value *map, struct error *err)
{
	if (map->map.bad_key_line != 0)
		return error_set(err, ERR_CHART,
		    "line %zu: a key that is null or too large a number", map->map.bad_key_line);
	return 0;
}

static int read_text_map(struct text_map *out, const struct field *field,
    const struct yaml_value *value, struct error *err)
{
	if (value->type == YAML_TYPE_NULL) {
		text_map_clear(out);
		return 0;
	}
	if (value->type != YAML_TYPE_MAP)
		return wrong_type(field, "a map", value, err);
	if (check_keys(value, err) != 0)
		return -1;
	for (size_t i = 0; i < value->map.count; i++) {
		const struct yaml_member *member = &value->map.members[i];
		struct text *slot = text_map_slot(out, &member->key);
		text_set(slot, "", 0); /* a null counts as empty text here */
		if (read_text(slot, field, &member->value, err) != 0)
			return -1;
	}
	return 0;
}

/* Takes the value out of the tree. */
static int read_value(
    struct yaml_value *out, const struct field *field, struct yaml_value *value, struct error *err)
{
	if (value->type != YAML_TYPE_NULL && value->type != YAML_TYPE_LIST)
		return wrong_type(field, "a list", value, err);
	if (yaml_value_check(value, err) != 0)
		return -1;
	yaml_value_release(out);
	*out = *value;
	value->type = YAML_TYPE_NULL;
	return 0;
}

static void resize_record_list(
    struct record_list *list, size_t count, const struct record_type *type)
{
	while (list->count > count)
		record_free(list->items[--list->count], type);
	list->items = mem_realloc(list->items, count, sizeof(void *));
	while (list->count < count)
		list->items[list->count++] = NULL;
}

/* Onto the record that is there, as Go does through a pointer. */
static int read_record_item(
    void **slot, const struct field *field, struct yaml_value *value, struct error *err)
{
	if (value->type == YAML_TYPE_NULL) {
		record_free(*slot, field->record_type);
		*slot = NULL;
		return 0;
	}
	if (value->type != YAML_TYPE_MAP)
		return wrong_type(field, "a list of maps", value, err);
	if (*slot == NULL)
		*slot = mem_zalloc(1, field->record_type->size);
	return chart_yaml_read_record(*slot, field->record_type, value, err);
}

static int read_record_list(
    struct record_list *out, const struct field *field, struct yaml_value *value, struct error *err)
{
	if (value->type == YAML_TYPE_NULL) {
		record_list_clear(out, field->record_type);
		return 0;
	}
	if (value->type != YAML_TYPE_LIST)
		return wrong_type(field, "a list", value, err);
	resize_record_list(out, value->list.count, field->record_type);
	for (size_t i = 0; i < out->count; i++) {
		if (read_record_item(&out->items[i], field, &value->list.items[i], err) != 0)
			return -1;
	}
	return 0;
}

static int read_field(
    void *record, const struct field *field, struct yaml_value *value, struct error *err)
{
	void *at = field_at(record, field);

	switch (field->type) {
	case FIELD_TEXT:
		return read_text(at, field, value, err);
	case FIELD_BOOL:
		return read_bool(at, field, value, err);
	case FIELD_TEXT_LIST:
		return read_text_list(at, field, value, err);
	case FIELD_TEXT_MAP:
		return read_text_map(at, field, value, err);
	case FIELD_RECORD_LIST:
		return read_record_list(at, field, value, err);
	case FIELD_VALUE:
		break;
	}
	return read_value(at, field, value, err);
}

/*
 * The first character of a key, case folded by encoding/json's rules: beside ASCII, U+017F is an s
 * to it and U+212A a k. Returns its length in bytes.
 */
static size_t fold(const char *key, size_t len, char *out)
{
	if (len >= 2 && memcmp(key, "\xC5\xBF", 2) == 0) {
		*out = 's';
		return 2;
	}
	if (len >= 3 && memcmp(key, "\xE2\x84\xAA", 3) == 0) {
		*out = 'k';
		return 3;
	}
	*out = *key >= 'A' && *key <= 'Z' ? (char)(*key | 0x20) : *key;
	return 1;
}

static bool equal_folded(const struct text *key, const char *name)
{
	for (size_t at = 0; at < key->len; name++) {
		char left, right;
		at += fold(key->bytes + at, key->len - at, &left);
		(void)fold(name, 1, &right);
		if (*name == '\0' || left != right) /* a key may have NULs in it */
			return false;
	}
	return *name == '\0';
}

const struct field *chart_yaml_find_field(const struct record_type *type, const struct text *key)
{
	const struct field *folded = NULL;

	for (size_t i = 0; i < type->field_count; i++) {
		if (text_is(key, type->fields[i].name))
			return &type->fields[i];
		if (folded == NULL && equal_folded(key, type->fields[i].name))
			folded = &type->fields[i];
	}
	return folded;
}

/*
 * Members come sorted by key, so where two spellings of a field meet the later one in that order
 * wins.
 */
int chart_yaml_read_record(
    void *record, const struct record_type *type, struct yaml_value *map, struct error *err)
{
	if (check_keys(map, err) != 0)
		return -1;
	for (size_t i = 0; i < map->map.count; i++) {
		struct yaml_member *member = &map->map.members[i];
		const struct field *field = chart_yaml_find_field(type, &member->key);
		int status = field != NULL ? read_field(record, field, &member->value, err)
					   : yaml_value_check(&member->value, err);
		if (status != 0)
			return -1;
	}
	return 0;
}

int chart_yaml_fold(struct chart_metadata *m, const char *yaml, size_t len, struct error *err)
{
	auto_yaml_value struct yaml_value value = {.type = YAML_TYPE_NULL};

	if (yaml_value_parse(&value, yaml, len, err) != 0)
		return -1;
	if (value.type != YAML_TYPE_NULL && value.type != YAML_TYPE_MAP)
		return error_set(err, ERR_CHART, "line %zu: must be a map, not %s", value.line,
		    yaml_type_name(value.type));
	if (value.type == YAML_TYPE_NULL)
		return 0;
	return chart_yaml_read_record(m, &chart_metadata_type, &value, err);
}

int chart_yaml_read(struct chart_metadata *m, const char *yaml, size_t len, struct error *err)
{
	if (chart_yaml_fold(m, yaml, len, err) != 0)
		return -1;
	if (m->api_version.len == 0)
		text_set(&m->api_version, "v1", 2);
	return 0;
}
