#include "builder/chart_lock.h"

#include <string.h>
#include <strings.h>

#include "builder/chart_yaml.h"
#include "builder/go_time.h"
#include "builder/helm_config.h"
#include "builder/unicode.h"
#include "common/json.h"
#include "common/limits.h"

static const struct field lock_fields[] = {
    {.name = "dependencies",
	.type = FIELD_RECORD_LIST,
	.offset = offsetof(struct chart_lock, dependencies),
	.record_type = &chart_dependency_type},
    {.name = "digest", .type = FIELD_TEXT, .offset = offsetof(struct chart_lock, digest)},
    {.name = "generated", .type = FIELD_TEXT, .offset = offsetof(struct chart_lock, generated)},
};

static const struct record_type lock_type = {
    .fields = lock_fields,
    .field_count = sizeof(lock_fields) / sizeof(lock_fields[0]),
    .size = sizeof(struct chart_lock),
};

static const struct field digest_field = {
    .name = "digest",
    .type = FIELD_TEXT,
    .offset = offsetof(struct chart_lock, digest),
    .flags = FIELD_ALWAYS,
};

/* The digest alone; generated is quoted always, and dependencies may have holes. */
static const struct record_type digest_type = {
    .fields = &digest_field,
    .field_count = 1,
    .size = sizeof(struct chart_lock),
};

static int check_time(const struct yaml_value *value, struct error *err)
{
	char normal[GO_TIME_TEXT_LEN + 1];

	if (value->type == YAML_TYPE_NULL)
		return 0;
	if (value->type != YAML_TYPE_TEXT)
		return error_set(err, ERR_CHART, "line %zu: 'generated' must be a time, not %s",
		    value->line, yaml_type_name(value->type));
	if (go_time_normalise(normal, text_string(&value->text), value->text.len, err) != 0) {
		(void)error_recode(err, ERR_CHART);
		return error_prefix(err, "line %zu: 'generated'", value->line);
	}
	return 0;
}

/* A time is no text to Go: a number is not turned into it. Every spelling of the key counts, also
 * one that is overridden by another. */
static int check_times(const struct yaml_value *map, struct error *err)
{
	for (size_t i = 0; i < map->map.count; i++) {
		const struct yaml_member *member = &map->map.members[i];
		if (member->key.len == strlen("generated") &&
		    strncasecmp(member->key.bytes, "generated", member->key.len) == 0 &&
		    check_time(&member->value, err) != 0)
			return -1;
	}
	return 0;
}

static int settle_generated(struct chart_lock *lock, struct error *err)
{
	char normal[GO_TIME_TEXT_LEN + 1] = GO_TIME_ZERO;

	if (lock->generated.bytes != NULL &&
	    go_time_normalise(normal, lock->generated.bytes, lock->generated.len, err) != 0)
		return -1;
	text_set(&lock->generated, normal, strlen(normal));
	return 0;
}

int chart_lock_parse(
    struct chart_lock *out, bool *out_present, const char *yaml, size_t len, struct error *err)
{
	auto_yaml_value struct yaml_value value = {.type = YAML_TYPE_NULL};
	auto_chart_lock struct chart_lock lock = CHART_LOCK_INIT;

	*out = (struct chart_lock)CHART_LOCK_INIT;
	*out_present = false;
	if (yaml_value_parse(&value, yaml, len, err) != 0)
		return -1;
	if (value.type == YAML_TYPE_NULL)
		return 0;
	if (value.type != YAML_TYPE_MAP)
		return error_set(err, ERR_CHART, "line %zu: must be a map, not %s", value.line,
		    yaml_type_name(value.type));
	if (check_times(&value, err) != 0 ||
	    chart_yaml_read_record(&lock, &lock_type, &value, err) != 0 ||
	    settle_generated(&lock, err) != 0)
		return -1;
	*out = lock;
	lock = (struct chart_lock)CHART_LOCK_INIT;
	*out_present = true;
	return 0;
}

void chart_lock_release(struct chart_lock *lock)
{
	record_list_clear(&lock->dependencies, &chart_dependency_type);
	text_release(&lock->digest);
	text_release(&lock->generated);
}

static void put_json_list(struct buf *out, const struct record_list *list)
{
	if (list->items == NULL) {
		buf_puts(out, "null");
		return;
	}
	buf_putc(out, '[');
	for (size_t i = 0; i < list->count; i++) {
		if (i != 0)
			buf_putc(out, ',');
		if (list->items[i] == NULL)
			buf_puts(out, "null");
		else
			helm_config_put_record(out, list->items[i], &chart_dependency_type);
	}
	buf_putc(out, ']');
}

/* What go-yaml refuses to read, and so Helm to write: it makes its YAML from JSON. */
static bool is_forbidden(uint32_t c)
{
	return c == 0x7F || (c >= 0x80 && c <= 0x9F && c != 0x85) || c == 0xFFFE || c == 0xFFFF;
}

static int check_characters(const struct buf *json, struct error *err)
{
	for (size_t at = 0; at < json->len;) {
		uint32_t c = 0;
		size_t width = unicode_decode(&c, json->data + at, json->len - at);
		if (is_forbidden(c))
			return error_set(err, ERR_CHART,
			    "a text with the character U+%04X, which Helm cannot write",
			    (unsigned)c);
		at += width != 0 ? width : 1;
	}
	return 0;
}

static int check_writable(const struct chart_lock *lock, struct error *err)
{
	auto_buf struct buf json = BUF_INIT(LIMIT_CONFIG_BYTES_MAX);

	if (!go_time_is_printable(text_string(&lock->generated)))
		return error_set(err, ERR_CHART, "generated: '%s' has a time zone of a day or more",
		    text_string(&lock->generated));
	put_json_list(&json, &lock->dependencies);
	json_put_string(&json, text_string(&lock->digest), lock->digest.len);
	if (buf_check(&json, "its content", err) != 0)
		return -1;
	return check_characters(&json, err);
}

static void put_dependencies(struct buf *out, const struct record_list *list)
{
	buf_puts(out, "dependencies:");
	if (list->count == 0)
		buf_puts(out, list->items == NULL ? " null" : " []");
	for (size_t i = 0; i < list->count; i++) {
		buf_puts(out, "\n- ");
		if (list->items[i] == NULL)
			buf_puts(out, "null");
		else
			chart_yaml_put_record(out, list->items[i], &chart_dependency_type, 2);
	}
	buf_putc(out, '\n');
}

int chart_lock_write(struct buf *out, const struct chart_lock *lock, struct error *err)
{
	if (check_writable(lock, err) != 0)
		return -1;
	put_dependencies(out, &lock->dependencies);
	chart_yaml_put_record(out, lock, &digest_type, 0);
	/* Quoted, or some reader of YAML would make a point in time of it. */
	buf_printf(out, "\ngenerated: \"%s\"\n", text_string(&lock->generated));
	return 0;
}

static int digest_json(struct digest *out, const struct buf *json, struct error *err)
{
	if (buf_check(json, "dependencies", err) != 0)
		return -1;
	digest_of(out, buf_text(json), json->len);
	return 0;
}

int chart_lock_digest(struct digest *out, const struct record_list *requirements,
    const struct record_list *locked, struct error *err)
{
	auto_buf struct buf json = BUF_INIT(LIMIT_CONFIG_BYTES_MAX);

	buf_putc(&json, '[');
	put_json_list(&json, requirements);
	buf_putc(&json, ',');
	put_json_list(&json, locked);
	buf_putc(&json, ']');
	return digest_json(out, &json, err);
}

int chart_lock_digest_v2(
    struct digest *out, const struct record_list *requirements, struct error *err)
{
	auto_buf struct buf json = BUF_INIT(LIMIT_CONFIG_BYTES_MAX);

	buf_puts(&json, "{\"dependencies\":");
	put_json_list(&json, requirements);
	buf_putc(&json, '}');
	return digest_json(out, &json, err);
}
