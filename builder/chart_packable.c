#include "builder/chart_packable.h"

#include "builder/unicode.h"
#include "common/json.h"
#include "common/limits.h"

/* YAML's limit for a key on one line. */
#define KEY_CHARACTERS_MAX 1024U

int chart_packable_source(const char *yaml, size_t len, struct error *err)
{
	auto_yaml_value struct yaml_value value = {.type = YAML_TYPE_NULL};

	if (yaml_value_parse(&value, yaml, len, err) != 0)
		return -1;
	return yaml_value_check(&value, err);
}

static int refuse(const struct text *t, const char *field, const char *what, struct error *err)
{
	(void)error_set(
	    err, ERR_CHART, "'%s': %s, which Helm cannot write into a package", field, what);
	if (t->line != 0)
		return error_prefix(err, "line %zu", t->line);
	return -1;
}

static int check_text(const struct text *t, const char *field, struct error *err)
{
	size_t at = 0;

	while (at < t->len) {
		uint32_t c = 0;
		size_t width = unicode_decode(&c, t->bytes + at, t->len - at);
		if ((c >= 0x7F && c <= 0x9F) || c == 0xFFFE || c == 0xFFFF)
			return refuse(t, field, "a control character", err);
		at += width != 0 ? width : 1;
	}
	return 0;
}

/* As it stands in Helm's JSON, quotes and escapes included, which is read as YAML. */
static size_t count_characters(const struct text *key)
{
	auto_buf struct buf json = BUF_INIT(8 * (size_t)LIMIT_YAML_BYTES_MAX);
	size_t count = 0;

	json_put_string(&json, text_string(key), key->len);
	for (size_t i = 0; i < json.len; i++)
		count += ((unsigned char)json.data[i] & 0xC0) != 0x80;
	return count;
}

static int check_key(const struct text *key, const char *field, struct error *err)
{
	if (text_is(key, "<<"))
		return refuse(key, field, "the key '<<'", err);
	if (count_characters(key) > KEY_CHARACTERS_MAX)
		return refuse(key, field, "a key of more than 1,022 characters", err);
	return check_text(key, field, err);
}

static int check_value(const struct yaml_value *v, const char *field, struct error *err)
{
	if (v->type == YAML_TYPE_TEXT)
		return check_text(&v->text, field, err);
	if (v->type == YAML_TYPE_LIST) {
		for (size_t i = 0; i < v->list.count; i++) {
			if (check_value(&v->list.items[i], field, err) != 0)
				return -1;
		}
	}
	if (v->type != YAML_TYPE_MAP)
		return 0;
	for (size_t i = 0; i < v->map.count; i++) {
		const struct yaml_member *member = &v->map.members[i];
		if (check_key(&member->key, field, err) != 0 ||
		    check_value(&member->value, field, err) != 0)
			return -1;
	}
	return 0;
}

int chart_packable_check(const struct chart_metadata *m, struct error *err)
{
	if (check_text(&m->api_version, "apiVersion", err) != 0)
		return -1;
	for (size_t i = 0; i < m->annotations.count; i++) {
		const struct text_pair *pair = &m->annotations.pairs[i];
		if (check_key(&pair->key, "annotations", err) != 0 ||
		    check_text(&pair->value, "annotations", err) != 0)
			return -1;
	}
	for (size_t i = 0; i < m->dependencies.count; i++) {
		const struct chart_dependency *d = m->dependencies.items[i];
		if (check_value(&d->import_values, "import-values", err) != 0)
			return -1;
	}
	return 0;
}
