#include "builder/helm_config.h"

#include "builder/go_float.h"
#include "common/json.h"

static void put_text(struct buf *out, const struct text *t)
{
	json_put_string(out, text_string(t), t->len);
}

static void put_text_list(struct buf *out, const struct text_list *list)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < list->count; i++) {
		if (i != 0)
			buf_putc(out, ',');
		put_text(out, &list->items[i]);
	}
	buf_putc(out, ']');
}

static void put_text_map(struct buf *out, const struct text_map *map)
{
	buf_putc(out, '{');
	for (size_t i = 0; i < map->count; i++) {
		if (i != 0)
			buf_putc(out, ',');
		put_text(out, &map->pairs[i].key);
		buf_putc(out, ':');
		put_text(out, &map->pairs[i].value);
	}
	buf_putc(out, '}');
}

static void put_list(struct buf *out, const struct yaml_value *v)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < v->list.count; i++) {
		if (i != 0)
			buf_putc(out, ',');
		helm_config_put_value(out, &v->list.items[i]);
	}
	buf_putc(out, ']');
}

static void put_map(struct buf *out, const struct yaml_value *v)
{
	buf_putc(out, '{');
	for (size_t i = 0; i < v->map.count; i++) {
		if (i != 0)
			buf_putc(out, ',');
		put_text(out, &v->map.members[i].key);
		buf_putc(out, ':');
		helm_config_put_value(out, &v->map.members[i].value);
	}
	buf_putc(out, '}');
}

void helm_config_put_value(struct buf *out, const struct yaml_value *v)
{
	switch (v->type) {
	case YAML_TYPE_NULL:
		buf_puts(out, "null");
		break;
	case YAML_TYPE_BOOL:
		buf_puts(out, v->boolean ? "true" : "false");
		break;
	case YAML_TYPE_INT:
		go_float_put_json(out, (double)v->integer);
		break;
	case YAML_TYPE_UINT:
		go_float_put_json(out, (double)v->natural);
		break;
	case YAML_TYPE_FLOAT:
		go_float_put_json(out, v->real);
		break;
	case YAML_TYPE_TEXT:
		put_text(out, &v->text);
		break;
	case YAML_TYPE_LIST:
		put_list(out, v);
		break;
	case YAML_TYPE_MAP:
		put_map(out, v);
		break;
	}
}

static void put_record_list(
    struct buf *out, const struct record_list *list, const struct record_type *type)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < list->count; i++) {
		if (i != 0)
			buf_putc(out, ',');
		helm_config_put_record(out, list->items[i], type);
	}
	buf_putc(out, ']');
}

static void put_field(struct buf *out, const void *record, const struct field *field)
{
	const void *at = field_in(record, field);

	switch (field->type) {
	case FIELD_TEXT:
		put_text(out, at);
		break;
	case FIELD_BOOL:
		buf_puts(out, *(const bool *)at ? "true" : "false");
		break;
	case FIELD_TEXT_LIST:
		put_text_list(out, at);
		break;
	case FIELD_TEXT_MAP:
		put_text_map(out, at);
		break;
	case FIELD_VALUE:
		helm_config_put_value(out, at);
		break;
	case FIELD_RECORD_LIST:
		put_record_list(out, at, field->record_type);
		break;
	}
}

void helm_config_put_record(struct buf *out, const void *record, const struct record_type *type)
{
	const char *separator = "";

	buf_putc(out, '{');
	for (size_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type->fields[i];
		if ((field->flags & FIELD_ALWAYS) == 0 && field_is_empty(record, field))
			continue;
		buf_printf(out, "%s\"%s\":", separator, field->name);
		put_field(out, record, field);
		separator = ",";
	}
	buf_putc(out, '}');
}

void helm_config_write(struct buf *out, const struct chart_metadata *m)
{
	helm_config_put_record(out, m, &chart_metadata_type);
}
