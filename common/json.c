#include "common/json.h"

#include <string.h>
#include <strings.h>

#include "common/limits.h"

/* Does the integer -0, about which readers do not agree, stand here? Not so in 1e-05 and -0.5. */
static bool is_negative_zero(const char *bytes, size_t len, size_t at)
{
	if (bytes[at] != '-' || at + 1 >= len || bytes[at + 1] != '0' ||
	    (at > 0 && (bytes[at - 1] | 0x20) == 'e'))
		return false;
	return at + 2 == len || (bytes[at + 2] != '.' && (bytes[at + 2] | 0x20) != 'e');
}

/*
 * jansson recurses up to 2048 levels, and an empty object takes it a hundred times its two bytes;
 * this keeps hostile nesting and numbers away from it. What is no JSON passes here.
 */
static int check_structure(const char *bytes, size_t len, struct error *err)
{
	size_t depth = 0;
	size_t containers = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > LIMIT_JSON_DEPTH_MAX)
				return error_set(err, ERR_LIMIT,
				    "JSON nested deeper than %u levels", LIMIT_JSON_DEPTH_MAX);
			if (++containers > LIMIT_JSON_CONTAINERS_MAX)
				return error_set(err, ERR_LIMIT,
				    "JSON of more than %u objects and arrays",
				    LIMIT_JSON_CONTAINERS_MAX);
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		} else if (is_negative_zero(bytes, len, i)) {
			return error_set(err, ERR_FORMAT, "JSON: the number -0");
		}
	}
	return 0;
}

json_t *json_strict_load(const char *bytes, size_t len, struct error *err)
{
	json_error_t fault;

	if (check_structure(bytes, len, err) != 0)
		return NULL;
	json_t *value = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &fault);
	if (value == NULL) {
		(void)error_set(err, ERR_FORMAT, "JSON: line %d column %d: %s", fault.line,
		    fault.column, fault.text);
		return NULL;
	}
	if (!json_is_object(value)) {
		json_decref(value);
		(void)error_set(err, ERR_FORMAT, "JSON: not an object");
		return NULL;
	}
	return value;
}

/*
 * Go's decoder folds case with two letters outside ASCII: U+017F is an s to it, U+212A a k. Returns
 * the folded byte and moves *text on.
 */
static int fold_next(const char **text)
{
	const unsigned char *p = (const unsigned char *)*text;

	if (p[0] == 0xC5 && p[1] == 0xBF) {
		*text += 2;
		return 's';
	}
	if (p[0] == 0xE2 && p[1] == 0x84 && p[2] == 0xAA) {
		*text += 3;
		return 'k';
	}
	*text += 1;
	return p[0] >= 'A' && p[0] <= 'Z' ? p[0] - 'A' + 'a' : p[0];
}

static bool equal_folded(const char *a, const char *b)
{
	while (*a != '\0' && *b != '\0') {
		if (fold_next(&a) != fold_next(&b))
			return false;
	}
	return *a == *b;
}

int json_strict_names(const json_t *object, const char *const *names, struct error *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		for (const char *const *name = names; *name != NULL; name++) {
			if (strcmp(key, *name) != 0 && equal_folded(key, *name))
				return error_set(err, ERR_FORMAT,
				    "member '%s' differs from '%s' only in letter case", key,
				    *name);
		}
	}
	return 0;
}

int json_strict_only(const json_t *object, const char *const *names, struct error *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		const char *const *name = names;
		while (*name != NULL && strcmp(key, *name) != 0)
			name++;
		if (*name == NULL)
			return error_set(err, ERR_FORMAT, "unknown member '%s'", key);
	}
	return 0;
}

static int get_member(const json_t *object, const char *name, enum json_presence presence,
    json_type type, const char *type_text, const json_t **out, struct error *err)
{
	const json_t *value = json_object_get(object, name);

	*out = NULL;
	if (value == NULL) {
		if (presence == JSON_REQUIRED)
			return error_set(err, ERR_FORMAT, "member '%s' is missing", name);
		return 0;
	}
	if (json_typeof(value) != type)
		return error_set(err, ERR_FORMAT, "member '%s' is not %s", name, type_text);
	*out = value;
	return 0;
}

int json_strict_string(const json_t *object, const char *name, enum json_presence presence,
    const char **out, struct error *err)
{
	const json_t *value;

	*out = NULL;
	if (get_member(object, name, presence, JSON_STRING, "a string", &value, err) != 0)
		return -1;
	if (value != NULL)
		*out = json_string_value(value);
	return 0;
}

int json_strict_object(const json_t *object, const char *name, enum json_presence presence,
    const json_t **out, struct error *err)
{
	return get_member(object, name, presence, JSON_OBJECT, "an object", out, err);
}

int json_strict_array(const json_t *object, const char *name, enum json_presence presence,
    const json_t **out, struct error *err)
{
	return get_member(object, name, presence, JSON_ARRAY, "an array", out, err);
}

int json_strict_size(const json_t *object, const char *name, enum json_presence presence,
    uint64_t *out, struct error *err)
{
	const json_t *value;

	if (get_member(object, name, presence, JSON_INTEGER, "an integer", &value, err) != 0)
		return -1;
	if (value == NULL)
		return 0;
	if (json_integer_value(value) < 0)
		return error_set(err, ERR_FORMAT, "member '%s' is negative", name);
	*out = (uint64_t)json_integer_value(value);
	return 0;
}

int json_strict_bool(const json_t *object, const char *name, enum json_presence presence, bool *out,
    struct error *err)
{
	const json_t *value = json_object_get(object, name);

	if (value == NULL && presence == JSON_OPTIONAL)
		return 0;
	if (!json_is_boolean(value))
		return error_set(err, ERR_FORMAT, "member '%s' is %s", name,
		    value == NULL ? "missing" : "not true or false");
	*out = json_is_true(value);
	return 0;
}

int json_strict_string_map(
    const json_t *object, const char *name, const json_t **out, struct error *err)
{
	const char *key;
	json_t *value;

	if (json_strict_object(object, name, JSON_OPTIONAL, out, err) != 0)
		return -1;
	json_object_foreach((json_t *)(uintptr_t)*out, key, value)
	{
		if (!json_is_string(value))
			return error_set(err, ERR_FORMAT, "%s: '%s' is not a string", name, key);
	}
	return 0;
}

static void put_escape(struct buf *b, unsigned code)
{
	static const char short_form[] = {['\b'] = 'b',
	    ['\t'] = 't',
	    ['\n'] = 'n',
	    ['\f'] = 'f',
	    ['\r'] = 'r',
	    ['"'] = '"',
	    ['\\'] = '\\'};

	if (code < sizeof(short_form) && short_form[code] != 0)
		buf_printf(b, "\\%c", short_form[code]);
	else
		buf_printf(b, "\\u%04x", code);
}

void json_put_string(struct buf *b, const char *text, size_t len)
{
	size_t plain = 0; /* start of the bytes that are copied as they are */

	buf_putc(b, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		unsigned code = c;
		size_t width = 1;

		if (c == 0xE2 && i + 2 < len && (unsigned char)text[i + 1] == 0x80 &&
		    ((unsigned char)text[i + 2] & 0xFE) == 0xA8) {
			code = 0x2000U | ((unsigned char)text[i + 2] & 0x3FU); /* U+2028, U+2029 */
			width = 3;
		} else if (c >= 0x20 && strchr("\"\\<>&", c) == NULL) {
			continue;
		}
		buf_put(b, text + plain, i - plain);
		put_escape(b, code);
		i += width - 1;
		plain = i + 1;
	}
	buf_put(b, text + plain, len - plain);
	buf_putc(b, '"');
}
