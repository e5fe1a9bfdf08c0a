#include "builder/chart_rules.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/limits.h"

static void sanitise_record(void *record, const struct record_type *type)
{
	for (size_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type->fields[i];
		void *at = field_at(record, field);
		if ((field->flags & FIELD_SANITISED) == 0)
			continue;
		if (field->type == FIELD_TEXT) {
			text_sanitise(at);
		} else if (field->type == FIELD_TEXT_LIST) {
			const struct text_list *list = at;
			for (size_t k = 0; k < list->count; k++)
				text_sanitise(&list->items[k]);
		} else if (field->type == FIELD_RECORD_LIST) {
			const struct record_list *list = at;
			for (size_t k = 0; k < list->count; k++) {
				if (list->items[k] != NULL)
					sanitise_record(list->items[k], field->record_type);
			}
		}
	}
}

/* Refuses one text, with its line if it has one. */
static int refuse(struct error *err, const struct text *where, const char *format, ...)
    PRINTF_LIKE(3, 4);

static int refuse(struct error *err, const struct text *where, const char *format, ...)
{
	char message[ERROR_TEXT_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	(void)error_set(err, ERR_CHART, "%s", message);
	if (where->line != 0)
		return error_prefix(err, "line %zu", where->line);
	return -1;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_identifier_char(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

/* [0-9]+ that fits 64 bits; moves *s behind it. */
static bool skip_number(const char **s)
{
	const char *start = *s;
	uint64_t number = 0;

	for (; is_digit(**s); (*s)++) {
		if (__builtin_mul_overflow(number, 10U, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(**s - '0'), &number))
			return false;
	}
	return *s > start;
}

/*
 * [0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*; a number among them may begin with 0 only where that is allowed.
 */
static bool skip_identifiers(const char **s, bool leading_zeros)
{
	for (;;) {
		const char *start = *s;
		bool is_number = true;
		for (; is_identifier_char(**s); (*s)++)
			is_number = is_number && is_digit(**s);
		size_t len = (size_t)(*s - start);
		if (len == 0 || (!leading_zeros && is_number && len > 1 && *start == '0'))
			return false;
		if (**s != '.')
			return true;
		(*s)++;
	}
}

bool chart_version_check(const struct text *version)
{
	const char *s = text_string(version);

	if (version->len > LIMIT_VERSION_BYTES_MAX || strlen(s) != version->len)
		return false;
	s += *s == 'v';
	if (!skip_number(&s))
		return false;
	for (int part = 0; part < 2 && *s == '.'; part++) {
		s++;
		if (!skip_number(&s))
			return false;
	}
	if (*s == '-') {
		s++;
		if (!skip_identifiers(&s, false))
			return false;
	}
	if (*s == '+') {
		s++;
		if (!skip_identifiers(&s, true))
			return false;
	}
	return *s == '\0';
}

static int check_name(const struct chart_metadata *m, struct error *err)
{
	if (m->name.len == 0)
		return refuse(err, &m->name, "name is required");
	if (text_is(&m->name, ".") || text_is(&m->name, ".."))
		return refuse(err, &m->name, "name '%s' is not allowed", m->name.bytes);
	if (strchr(m->name.bytes, '/') != NULL && !text_is(&m->name, "/"))
		return refuse(err, &m->name, "name '%s' is a path", m->name.bytes);
	return 0;
}

static int check_version(const struct chart_metadata *m, struct error *err)
{
	if (m->version.len == 0)
		return refuse(err, &m->version, "version is required");
	if (!chart_version_check(&m->version))
		return refuse(err, &m->version, "version '%s' is not a semantic version",
		    text_string(&m->version));
	return 0;
}

static int check_type(const struct chart_metadata *m, struct error *err)
{
	if (m->type.len != 0 && !text_is(&m->type, "application") && !text_is(&m->type, "library"))
		return refuse(err, &m->type, "type '%s' is not 'application' or 'library'",
		    text_string(&m->type));
	return 0;
}

static int check_maintainers(const struct chart_metadata *m, struct error *err)
{
	for (size_t i = 0; i < m->maintainers.count; i++) {
		if (m->maintainers.items[i] == NULL)
			return error_set(err, ERR_CHART, "maintainers: item %zu is empty", i + 1);
	}
	return 0;
}

static int check_alias(const struct chart_dependency *d, struct error *err)
{
	for (size_t i = 0; i < d->alias.len; i++) {
		char c = d->alias.bytes[i];
		if (!is_identifier_char(c) && c != '_')
			return refuse(err, &d->alias,
			    "dependency '%s': alias '%s' has disallowed characters",
			    text_string(&d->name), d->alias.bytes);
	}
	return 0;
}

static const struct text *dependency_key(const struct chart_dependency *d)
{
	return d->alias.len != 0 ? &d->alias : &d->name;
}

static int compare_keys(const void *left, const void *right)
{
	return text_compare(*(const struct text *const *)left, *(const struct text *const *)right);
}

/* Sorted, so that many dependencies cost no quadratic time. */
static int check_unique(const struct record_list *dependencies, struct error *err)
{
	auto_free const struct text **keys = mem_zalloc(dependencies->count, sizeof(*keys));

	for (size_t i = 0; i < dependencies->count; i++)
		keys[i] = dependency_key(dependencies->items[i]);
	qsort(keys, dependencies->count, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < dependencies->count; i++) {
		if (text_compare(keys[i - 1], keys[i]) == 0)
			return refuse(err, keys[i],
			    "more than one dependency with name or alias '%s'",
			    text_string(keys[i]));
	}
	return 0;
}

static int check_dependencies(const struct chart_metadata *m, struct error *err)
{
	for (size_t i = 0; i < m->dependencies.count; i++) {
		if (m->dependencies.items[i] == NULL)
			return error_set(err, ERR_CHART, "dependencies: item %zu is empty", i + 1);
		if (check_alias(m->dependencies.items[i], err) != 0)
			return -1;
	}
	return check_unique(&m->dependencies, err);
}

int chart_rules_apply(struct chart_metadata *m, struct error *err)
{
	sanitise_record(m, &chart_metadata_type);
	if (m->api_version.len == 0)
		return refuse(err, &m->api_version, "apiVersion is required");
	if (check_name(m, err) != 0 || check_version(m, err) != 0 || check_type(m, err) != 0 ||
	    check_maintainers(m, err) != 0)
		return -1;
	return check_dependencies(m, err);
}
