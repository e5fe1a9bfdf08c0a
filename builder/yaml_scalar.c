#include "builder/yaml_scalar.h"

#include <math.h>
#include <string.h>

#define TAG_PREFIX "tag:yaml.org,2002:"

/* The scalars that are known by their whole text. */
static const struct {
	const char *word;
	enum yaml_type type;
	double number; /* 1 is true */
} words[] = {
    {"", YAML_TYPE_NULL, 0},
    {"~", YAML_TYPE_NULL, 0},
    {"null", YAML_TYPE_NULL, 0},
    {"Null", YAML_TYPE_NULL, 0},
    {"NULL", YAML_TYPE_NULL, 0},
    {"y", YAML_TYPE_BOOL, 1},
    {"Y", YAML_TYPE_BOOL, 1},
    {"yes", YAML_TYPE_BOOL, 1},
    {"Yes", YAML_TYPE_BOOL, 1},
    {"YES", YAML_TYPE_BOOL, 1},
    {"true", YAML_TYPE_BOOL, 1},
    {"True", YAML_TYPE_BOOL, 1},
    {"TRUE", YAML_TYPE_BOOL, 1},
    {"on", YAML_TYPE_BOOL, 1},
    {"On", YAML_TYPE_BOOL, 1},
    {"ON", YAML_TYPE_BOOL, 1},
    {"n", YAML_TYPE_BOOL, 0},
    {"N", YAML_TYPE_BOOL, 0},
    {"no", YAML_TYPE_BOOL, 0},
    {"No", YAML_TYPE_BOOL, 0},
    {"NO", YAML_TYPE_BOOL, 0},
    {"false", YAML_TYPE_BOOL, 0},
    {"False", YAML_TYPE_BOOL, 0},
    {"FALSE", YAML_TYPE_BOOL, 0},
    {"off", YAML_TYPE_BOOL, 0},
    {"Off", YAML_TYPE_BOOL, 0},
    {"OFF", YAML_TYPE_BOOL, 0},
    {".nan", YAML_TYPE_FLOAT, (double)NAN},
    {".NaN", YAML_TYPE_FLOAT, (double)NAN},
    {".NAN", YAML_TYPE_FLOAT, (double)NAN},
    {".inf", YAML_TYPE_FLOAT, (double)INFINITY},
    {".Inf", YAML_TYPE_FLOAT, (double)INFINITY},
    {".INF", YAML_TYPE_FLOAT, (double)INFINITY},
    {"+.inf", YAML_TYPE_FLOAT, (double)INFINITY},
    {"+.Inf", YAML_TYPE_FLOAT, (double)INFINITY},
    {"+.INF", YAML_TYPE_FLOAT, (double)INFINITY},
    {"-.inf", YAML_TYPE_FLOAT, (double)-INFINITY},
    {"-.Inf", YAML_TYPE_FLOAT, (double)-INFINITY},
    {"-.INF", YAML_TYPE_FLOAT, (double)-INFINITY},
};

static bool resolve_word(struct yaml_value *out, const char *bytes, size_t len)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].word) != len || memcmp(words[i].word, bytes, len) != 0)
			continue;
		out->type = words[i].type;
		if (out->type == YAML_TYPE_BOOL)
			out->boolean = words[i].number > 0;
		else if (out->type == YAML_TYPE_FLOAT)
			out->real = words[i].number;
		return true;
	}
	return false;
}

static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'z' ? (unsigned)(c - 'a') + 10 : 255;
}

/* strconv.ParseUint. Base 0 takes the prefixes 0b, 0o, 0x, and a plain 0 for octal. */
static bool parse_natural(const char *s, unsigned base, uint64_t *out)
{
	if (*s == '\0')
		return false;
	if (base == 0) {
		base = 10;
		if (s[0] == '0') {
			char c = s[1] != '\0' && s[2] != '\0' ? (char)(s[1] | 0x20) : '\0';
			base = c == 'b' ? 2 : c == 'x' ? 16 : 8;
			s += c == 'b' || c == 'o' || c == 'x' ? 2 : 1;
		}
	}
	*out = 0;
	for (; *s != '\0'; s++) {
		unsigned digit = digit_of(*s);
		if (digit >= base || __builtin_mul_overflow(*out, base, out) ||
		    __builtin_add_overflow(*out, digit, out))
			return false;
	}
	return true;
}

/* strconv.ParseInt. */
static bool parse_integer(const char *s, unsigned base, int64_t *out)
{
	uint64_t size;
	bool negative = *s == '-';

	if (*s == '-' || *s == '+')
		s++;
	if (!parse_natural(s, base, &size) || size > (uint64_t)INT64_MAX + negative)
		return false;
	*out = (int64_t)(negative ? 0 - size : size);
	return true;
}

static const char *skip_digits(const char *s)
{
	return s + strspn(s, "0123456789");
}

/* ^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$ */
static bool is_float(const char *s)
{
	s += *s == '-' || *s == '+';
	const char *whole = s;
	s = skip_digits(s);
	bool has_whole = s > whole;
	if (*s == '.') {
		const char *fraction = ++s;
		s = skip_digits(s);
		if (!has_whole && s == fraction)
			return false;
	} else if (!has_whole) {
		return false;
	}
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '-' || *s == '+';
		const char *exponent = s;
		s = skip_digits(s);
		if (s == exponent)
			return false;
	}
	return *s == '\0';
}

/* A number out of a double's range is an error to Go, so not a float but text. */
static bool resolve_float(struct yaml_value *out, const char *s)
{
	if (!is_float(s))
		return false;
	double number = strtod(s, NULL);
	if (isinf(number))
		return false;
	out->type = YAML_TYPE_FLOAT;
	out->real = number;
	return true;
}

static bool resolve_number(struct yaml_value *out, const char *s)
{
	if (parse_integer(s, 0, &out->integer)) {
		out->type = YAML_TYPE_INT;
		return true;
	}
	if (parse_natural(s, 0, &out->natural)) {
		out->type = YAML_TYPE_UINT;
		return true;
	}
	if (resolve_float(out, s))
		return true;
	/* go-yaml tries 0b once more by hand, and so takes a sign behind it. */
	if (strncmp(s, "0b", 2) == 0 && parse_integer(s + 2, 2, &out->integer)) {
		out->type = YAML_TYPE_INT;
		return true;
	}
	return false;
}

static char *without_underscores(const char *bytes, size_t len)
{
	char *copy = mem_alloc(len + 1);
	size_t kept = 0;

	for (size_t i = 0; i < len; i++) {
		if (bytes[i] != '_')
			copy[kept++] = bytes[i];
	}
	copy[kept] = '\0';
	return copy;
}

/* What the content alone says. True if it is anything but text, which then stands in out. */
static bool resolve_content(struct yaml_value *out, const char *bytes, size_t len)
{
	if (resolve_word(out, bytes, len))
		return true;
	if (len == 0 || memchr(bytes, '\0', len) != NULL)
		return false;
	if (bytes[0] == '.') {
		auto_free char *copy = mem_strndup(bytes, len);
		return resolve_float(out, copy);
	}
	if (strchr("+-0123456789", bytes[0]) == NULL)
		return false;
	auto_free char *plain = without_underscores(bytes, len);
	return resolve_number(out, plain);
}

bool yaml_scalar_is_text(const char *bytes, size_t len)
{
	struct yaml_value scratch;

	return !resolve_content(&scratch, bytes, len);
}

static void set_text(struct yaml_value *out, const struct yaml_node *node)
{
	out->type = YAML_TYPE_TEXT;
	out->text = (struct text){.line = node->line};
	text_set(&out->text, node->bytes, node->len);
}

static int base64_digit(char c)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c != '\0' ? strchr(alphabet, c) : NULL;

	return found != NULL ? (int)(found - alphabet) : -1;
}

/*
 * Go's base64.StdEncoding: line ends are skipped, padding must be right, spare bits may be
 * anything.
 */
static bool decode_base64(struct text *t)
{
	unsigned bits = 0;
	size_t digits = 0;
	size_t padding = 0;
	size_t len = 0;

	for (size_t i = 0; i < t->len; i++) {
		char c = t->bytes[i];
		if (c == '\n' || c == '\r')
			continue;
		if (c == '=') {
			padding++;
			continue;
		}
		int digit = base64_digit(c);
		if (digit < 0 || padding != 0)
			return false;
		bits = (bits << 6 | (unsigned)digit) & 0xFFFFFF;
		if (digits++ % 4 != 0) /* never ahead of what was read */
			t->bytes[len++] = (char)(bits >> (6 - 2 * ((digits - 1) % 4)));
	}
	t->bytes[len] = '\0';
	t->len = len;
	return digits % 4 != 1 && padding == (4 - digits % 4) % 4;
}

static int resolve_binary(struct yaml_value *out, const struct yaml_node *node, struct error *err)
{
	set_text(out, node);
	if (!decode_base64(&out->text)) {
		text_release(&out->text);
		out->type = YAML_TYPE_NULL;
		return error_set(
		    err, ERR_CHART, "line %zu: !!binary content is not base64", node->line);
	}
	text_replace_invalid(&out->text); /* as the way through JSON does */
	return 0;
}

/* One of the tags that go-yaml resolves; others leave the content as text. */
static int resolve_tagged(
    struct yaml_value *out, const struct yaml_node *node, const char *name, struct error *err)
{
	static const struct {
		const char *name;
		enum yaml_type type;
	} types[] = {{"null", YAML_TYPE_NULL}, {"bool", YAML_TYPE_BOOL}, {"int", YAML_TYPE_INT},
	    {"float", YAML_TYPE_FLOAT}};
	size_t i = 0;

	while (i < sizeof(types) / sizeof(types[0]) && strcmp(name, types[i].name) != 0)
		i++;
	if (i == sizeof(types) / sizeof(types[0])) {
		set_text(out, node);
		return 0;
	}
	bool resolved = resolve_content(out, node->bytes, node->len);
	if (resolved && types[i].type == YAML_TYPE_FLOAT && out->type == YAML_TYPE_INT) {
		out->real = (double)out->integer;
		out->type = YAML_TYPE_FLOAT;
	}
	bool is_int = resolved && out->type == YAML_TYPE_UINT && types[i].type == YAML_TYPE_INT;
	if (!is_int && (!resolved || out->type != types[i].type)) {
		out->type = YAML_TYPE_NULL;
		return error_set(
		    err, ERR_CHART, "line %zu: '%s' is not a !!%s", node->line, node->bytes, name);
	}
	return 0;
}

int yaml_scalar_resolve(struct yaml_value *out, const struct yaml_node *node, struct error *err)
{
	*out = (struct yaml_value){.type = YAML_TYPE_NULL, .line = node->line};
	if (node->tag == NULL) {
		if (!node->implicit || !resolve_content(out, node->bytes, node->len))
			set_text(out, node);
		return 0;
	}
	if (strncmp(node->tag, TAG_PREFIX, strlen(TAG_PREFIX)) != 0) {
		set_text(out, node);
		return 0;
	}
	const char *name = node->tag + strlen(TAG_PREFIX);
	if (strcmp(name, "binary") == 0)
		return resolve_binary(out, node, err);
	if (strcmp(name, "timestamp") == 0)
		return error_set(err, ERR_UNSUPPORTED,
		    "line %zu: the tag !!timestamp is not handled by this version", node->line);
	return resolve_tagged(out, node, name, err);
}
