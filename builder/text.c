#include "builder/text.h"

#include <string.h>

#include "builder/unicode.h"

void text_set(struct text *t, const char *bytes, size_t len)
{
	char *copy = mem_strndup(bytes, len);

	free(t->bytes);
	t->bytes = copy;
	t->len = len;
}

void text_release(struct text *t)
{
	free(t->bytes);
	*t = (struct text){.bytes = NULL};
}

const char *text_string(const struct text *t)
{
	return t->bytes != NULL ? t->bytes : "";
}

int text_compare(const struct text *a, const struct text *b)
{
	size_t shorter = a->len < b->len ? a->len : b->len;
	int order = shorter != 0 ? memcmp(a->bytes, b->bytes, shorter) : 0;

	if (order != 0)
		return order;
	return (a->len > b->len) - (a->len < b->len);
}

bool text_is(const struct text *t, const char *string)
{
	return t->len == strlen(string) && memcmp(text_string(t), string, t->len) == 0;
}

bool text_is_blank(const struct text *t)
{
	for (size_t at = 0; at < t->len;) {
		uint32_t c;
		size_t width = unicode_decode(&c, t->bytes + at, t->len - at);
		if (width == 0 || !unicode_is_space(c))
			return false;
		at += width;
	}
	return true;
}

void text_sanitise(struct text *t)
{
	size_t kept = 0;

	for (size_t at = 0; at < t->len;) {
		uint32_t c;
		size_t width = unicode_decode(&c, t->bytes + at, t->len - at);
		if (width == 0) { /* never in text out of YAML */
			at++;
			continue;
		}
		if (unicode_is_space(c)) {
			t->bytes[kept++] = ' ';
		} else if (unicode_is_print(c)) {
			memmove(t->bytes + kept, t->bytes + at, width);
			kept += width;
		}
		at += width;
	}
	if (t->bytes != NULL)
		t->bytes[kept] = '\0';
	t->len = kept;
}

void text_replace_invalid(struct text *t)
{
	char *replaced = mem_alloc(t->len * 3 + 1);
	size_t len = 0;

	for (size_t at = 0; at < t->len;) {
		uint32_t c;
		size_t width = unicode_decode(&c, t->bytes + at, t->len - at);
		if (width != 0) {
			memcpy(replaced + len, t->bytes + at, width);
			len += width;
			at += width;
		} else {
			memcpy(replaced + len, "\xEF\xBF\xBD", 3);
			len += 3;
			at++;
		}
	}
	replaced[len] = '\0';
	free(t->bytes);
	t->bytes = replaced;
	t->len = len;
}
