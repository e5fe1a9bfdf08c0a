#include <math.h>
#include <string.h>

#include "builder/chart_yaml.h"
#include "builder/go_float.h"
#include "builder/unicode.h"
#include "builder/yaml_scalar.h"

#define PLAIN_BYTES_MAX 120U

/*
 * Text that no reader of YAML can take for anything else, on one line: letters, digits and a little
 * punctuation between them. Everything else is quoted, which is never wrong.
 */
static bool is_plain(const struct text *t)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	static const char inner[] = " -._/+@()~^";

	if (t->len == 0 || t->len > PLAIN_BYTES_MAX || strlen(t->bytes) != t->len)
		return false;
	if (strchr(letters, t->bytes[0]) == NULL || t->bytes[t->len - 1] == ' ')
		return false;
	for (size_t i = 0; i < t->len; i++) {
		char c = t->bytes[i];
		bool colon = c == ':' && t->bytes[i + 1] != ' ' && t->bytes[i + 1] != '\0';
		if (!colon && strchr(letters, c) == NULL && strchr(inner, c) == NULL)
			return false;
	}
	return yaml_scalar_is_text(t->bytes, t->len);
}

static void put_escape(struct buf *out, uint32_t c)
{
	if (c == '"' || c == '\\')
		buf_printf(out, "\\%c", (char)c);
	else if (c == '\n')
		buf_puts(out, "\\n");
	else if (c == '\t')
		buf_puts(out, "\\t");
	else if (c <= 0xFF)
		buf_printf(out, "\\x%02X", (unsigned)c);
	else if (c <= 0xFFFF)
		buf_printf(out, "\\u%04X", (unsigned)c);
	else
		buf_printf(out, "\\U%08X", (unsigned)c);
}

static void put_quoted(struct buf *out, const struct text *t)
{
	buf_putc(out, '"');
	for (size_t at = 0; at < t->len;) {
		uint32_t c = 0xFFFD;
		size_t width = unicode_decode(&c, t->bytes + at, t->len - at);
		if (c == ' ' || (unicode_is_print(c) && c != '"' && c != '\\'))
			buf_put(out, t->bytes + at, width);
		else
			put_escape(out, c);
		at += width != 0 ? width : 1;
	}
	buf_putc(out, '"');
}

static void put_text(struct buf *out, const struct text *t)
{
	if (is_plain(t))
		buf_put(out, t->bytes, t->len);
	else
		put_quoted(out, t);
}

static void put_line(struct buf *out, unsigned indent)
{
	buf_printf(out, "\n%*s", (int)indent, "");
}

/* A key that might pass YAML's 1024 characters for a key on one line is announced by "? ". */
static bool is_long_key(const struct text *key)
{
	return key->len > 256;
}

static void put_key(struct buf *out, const struct text *key, unsigned indent)
{
	if (is_long_key(key)) {
		buf_puts(out, "? ");
		put_text(out, key);
		put_line(out, indent);
	} else {
		put_text(out, key);
	}
	buf_puts(out, ": ");
}

static void put_value(struct buf *out, const struct yaml_value *v);

/* Values inside import-values, in flow style. */
static void put_number(struct buf *out, double number)
{
	if (number == 0 && signbit(number))
		buf_puts(out, "-0.0"); /* -0 would be an integer, which has no sign */
	else
		go_float_put_json(out, number);
}

static void put_flow_list(struct buf *out, const struct yaml_value *v)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < v->list.count; i++) {
		if (i != 0)
			buf_puts(out, ", ");
		put_value(out, &v->list.items[i]);
	}
	buf_putc(out, ']');
}

static void put_flow_map(struct buf *out, const struct yaml_value *v)
{
	buf_putc(out, '{');
	for (size_t i = 0; i < v->map.count; i++) {
		const struct yaml_member *member = &v->map.members[i];
		if (i != 0)
			buf_puts(out, ", ");
		if (is_long_key(&member->key))
			buf_puts(out, "? ");
		put_quoted(out, &member->key);
		buf_puts(out, ": ");
		put_value(out, &member->value);
	}
	buf_putc(out, '}');
}

static void put_value(struct buf *out, const struct yaml_value *v)
{
	switch (v->type) {
	case YAML_TYPE_NULL:
		buf_puts(out, "null");
		break;
	case YAML_TYPE_BOOL:
		buf_puts(out, v->boolean ? "true" : "false");
		break;
	case YAML_TYPE_INT:
		put_number(out, (double)v->integer);
		break;
	case YAML_TYPE_UINT:
		put_number(out, (double)v->natural);
		break;
	case YAML_TYPE_FLOAT:
		put_number(out, v->real);
		break;
	case YAML_TYPE_TEXT:
		put_quoted(out, &v->text);
		break;
	case YAML_TYPE_LIST:
		put_flow_list(out, v);
		break;
	case YAML_TYPE_MAP:
		put_flow_map(out, v);
		break;
	}
}

static void put_text_list(struct buf *out, const struct text_list *list, unsigned indent)
{
	for (size_t i = 0; i < list->count; i++) {
		put_line(out, indent);
		buf_puts(out, "- ");
		put_text(out, &list->items[i]);
	}
}

static void put_text_map(struct buf *out, const struct text_map *map, unsigned indent)
{
	for (size_t i = 0; i < map->count; i++) {
		put_line(out, indent + 2);
		put_key(out, &map->pairs[i].key, indent + 2);
		put_text(out, &map->pairs[i].value);
	}
}

static void put_record_list(struct buf *out, const struct record_list *list,
    const struct record_type *type, unsigned indent)
{
	for (size_t i = 0; i < list->count; i++) {
		put_line(out, indent);
		buf_puts(out, "- ");
		chart_yaml_put_record(out, list->items[i], type, indent + 2);
	}
}

static void put_field(
    struct buf *out, const void *record, const struct field *field, unsigned indent)
{
	const void *at = field_in(record, field);

	buf_printf(out, "%s:", field->name);
	switch (field->type) {
	case FIELD_TEXT:
		buf_putc(out, ' ');
		put_text(out, at);
		break;
	case FIELD_BOOL:
		buf_puts(out, " true"); /* false is left out */
		break;
	case FIELD_TEXT_LIST:
		put_text_list(out, at, indent);
		break;
	case FIELD_TEXT_MAP:
		put_text_map(out, at, indent);
		break;
	case FIELD_VALUE:
		buf_putc(out, ' ');
		put_value(out, at);
		break;
	case FIELD_RECORD_LIST:
		put_record_list(out, at, field->record_type, indent);
		break;
	}
}

/* The first field goes where the writing stands, the others on lines of their own. */
void chart_yaml_put_record(
    struct buf *out, const void *record, const struct record_type *type, unsigned indent)
{
	bool first = true;

	for (size_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type->fields[i];
		if ((field->flags & FIELD_ALWAYS) == 0 && field_is_empty(record, field))
			continue;
		if (!first)
			put_line(out, indent);
		put_field(out, record, field, indent);
		first = false;
	}
	if (first)
		buf_puts(out, "{}");
}

void chart_yaml_write(struct buf *out, const struct chart_metadata *m)
{
	chart_yaml_put_record(out, m, &chart_metadata_type, 0);
	buf_putc(out, '\n');
}
