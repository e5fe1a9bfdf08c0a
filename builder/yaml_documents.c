#include "builder/yaml_documents.h"

#include <string.h>

#include "builder/unicode.h"

void yaml_documents_init(struct yaml_documents *d, const char *bytes, size_t len)
{
	*d = (struct yaml_documents){.bytes = bytes, .len = len};
}

/* What follows "---": nothing but white space, or a comment behind it. */
static bool is_rest_empty(const char *rest, size_t len)
{
	while (len > 0) {
		uint32_t c;
		size_t taken = unicode_decode(&c, rest, len);
		if (taken == 0 || !unicode_is_space(c))
			return *rest == '#';
		rest += taken;
		len -= taken;
	}
	return true;
}

int yaml_documents_next(struct yaml_documents *d, struct yaml_document *out, struct error *err)
{
	*out = (struct yaml_document){.bytes = d->bytes + d->at, .lines_before = d->line};
	while (d->at < d->len) {
		const char *line = d->bytes + d->at;
		const char *end = memchr(line, '\n', d->len - d->at);
		size_t len = end != NULL ? (size_t)(end - line) : d->len - d->at;
		bool divides = len >= 3 && memcmp(line, "---", 3) == 0;

		if (divides && !is_rest_empty(line + 3, len - 3))
			return error_set(err, ERR_CHART,
			    "line %zu: nothing but a comment may follow '---'", d->line + 1);
		d->at += len + (end != NULL);
		d->line++;
		if (!divides) {
			out->len += len + (end != NULL);
		} else if (out->len != 0) {
			return 1;
		} else {
			*out = (struct yaml_document){
			    .bytes = d->bytes + d->at, .lines_before = d->line};
		}
	}
	return out->len != 0;
}
