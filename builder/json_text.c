#include "builder/json_text.h"

#include <stdbool.h>
#include <string.h>

#define DEPTH_MAX 10000U /* Go's own */

struct cursor {
	const char *bytes;
	size_t len;
	size_t at;
	size_t depth;
	unsigned char is_object[DEPTH_MAX / 8 + 1]; /* a bit for each open list or object */
};

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void skip_space(struct cursor *c)
{
	while (c->at < c->len && is_space(c->bytes[c->at]))
		c->at++;
}

static bool take(struct cursor *c, char wanted)
{
	if (c->at == c->len || c->bytes[c->at] != wanted)
		return false;
	c->at++;
	return true;
}

static bool take_word(struct cursor *c, const char *word)
{
	size_t len = strlen(word);

	if (c->len - c->at < len || memcmp(c->bytes + c->at, word, len) != 0)
		return false;
	c->at += len;
	return true;
}

static bool take_digits(struct cursor *c)
{
	size_t start = c->at;

	while (c->at < c->len && c->bytes[c->at] >= '0' && c->bytes[c->at] <= '9')
		c->at++;
	return c->at > start;
}

static bool take_number(struct cursor *c)
{
	(void)take(c, '-');
	if (!take(c, '0') && !take_digits(c))
		return false;
	if (take(c, '.') && !take_digits(c))
		return false;
	if (take(c, 'e') || take(c, 'E')) {
		if (!take(c, '+'))
			(void)take(c, '-');
		return take_digits(c);
	}
	return true;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool take_escape(struct cursor *c)
{
	if (c->at == c->len)
		return false;
	char kind = c->bytes[c->at++];
	if (kind != 'u')
		return kind != '\0' && strchr("\"\\/bfnrt", kind) != NULL;
	for (int i = 0; i < 4; i++, c->at++) {
		if (c->at == c->len || !is_hex(c->bytes[c->at]))
			return false;
	}
	return true;
}

static bool take_string(struct cursor *c)
{
	if (!take(c, '"'))
		return false;
	while (c->at < c->len && (unsigned char)c->bytes[c->at] >= 0x20) {
		if (take(c, '"'))
			return true;
		if (!take(c, '\\'))
			c->at++;
		else if (!take_escape(c))
			return false;
	}
	return false;
}

static bool take_name(struct cursor *c)
{
	skip_space(c);
	if (!take_string(c))
		return false;
	skip_space(c);
	return take(c, ':');
}

static bool in_object(const struct cursor *c)
{
	return (c->is_object[(c->depth - 1) / 8] >> ((c->depth - 1) % 8) & 1) != 0;
}

static bool open_container(struct cursor *c, bool is_object)
{
	if (c->depth == DEPTH_MAX)
		return false;
	unsigned char bit = (unsigned char)(1U << (c->depth % 8));
	unsigned char *byte = &c->is_object[c->depth / 8];
	*byte = (unsigned char)(is_object ? *byte | bit : *byte & ~bit);
	c->depth++;
	return true;
}

/* A value, or only the beginning of a list or object that is not empty: *out_opened then. */
static bool take_value(struct cursor *c, bool *out_opened)
{
	*out_opened = false;
	skip_space(c);
	if (c->at == c->len)
		return false;
	char first = c->bytes[c->at];
	if (first == '{' || first == '[') {
		c->at++;
		skip_space(c);
		if (take(c, first == '{' ? '}' : ']'))
			return c->depth < DEPTH_MAX;
		*out_opened = true;
		return open_container(c, first == '{') && (first == '[' || take_name(c));
	}
	if (first == '"')
		return take_string(c);
	if (first == '-' || (first >= '0' && first <= '9'))
		return take_number(c);
	return take_word(c, "true") || take_word(c, "false") || take_word(c, "null");
}

/* Behind a value: closes what ends here. *out_done where nothing is open any more. */
static bool take_ends(struct cursor *c, bool *out_done)
{
	*out_done = false;
	for (; c->depth > 0; c->depth--) {
		skip_space(c);
		if (take(c, ','))
			return !in_object(c) || take_name(c);
		if (!take(c, in_object(c) ? '}' : ']'))
			return false;
	}
	*out_done = true;
	skip_space(c);
	return c->at == c->len;
}

static bool check(struct cursor *c)
{
	bool opened;
	bool done = false;

	while (!done) {
		if (!take_value(c, &opened))
			return false;
		if (!opened && !take_ends(c, &done))
			return false;
	}
	return true;
}

int json_text_check(const char *bytes, size_t len, struct error *err)
{
	struct cursor c = {.bytes = bytes, .len = len};
	size_t line = 1;

	if (check(&c))
		return 0;
	for (size_t i = 0; i < c.at && i < len; i++)
		line += bytes[i] == '\n';
	return error_set(err, ERR_CHART, "line %zu: not JSON", line);
}
