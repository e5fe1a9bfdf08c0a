#include "builder/yaml_documents.h"

#include <string.h>

#include "builder/unicode.h"

void yaml_documents_init(struct yaml_documents *d, const char *bytes, size_t len)
{
	/* One line break may be added. */
	*d = (struct yaml_documents){.bytes = bytes, .len = len, .text = BUF_INIT(len + 1)};
}

void yaml_documents_release(struct yaml_documents *d)
{
	buf_release(&d->text);
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

/* The next line without its end, behind which the stream is left. */
static size_t take_line(struct yaml_documents *d, const char **out)
{
	const char *line = d->bytes + d->at;
	const char *end = memchr(line, '\n', d->len - d->at);
	size_t len = end != NULL ? (size_t)(end - line) : d->len - d->at;

	d->at += len + (end != NULL);
	d->line++;
	*out = line;
	return end != NULL && len != 0 && line[len - 1] == '\r' ? len - 1 : len;
}

int yaml_documents_next(struct yaml_documents *d, struct yaml_document *out, struct error *err)
{
	size_t lines_before = d->line;

	d->text.len = 0;
	while (d->at < d->len) {
		const char *line;
		size_t len = take_line(d, &line);
		bool divides = len >= 3 && memcmp(line, "---", 3) == 0;

		if (divides && !is_rest_empty(line + 3, len - 3))
			return error_set(err, ERR_CHART,
			    "line %zu: nothing but a comment may follow '---'", d->line);
		if (divides && d->text.len != 0)
			break;
		buf_put(&d->text, line, len);
		buf_putc(&d->text, '\n');
	}
	*out = (struct yaml_document){
	    .bytes = buf_text(&d->text), .len = d->text.len, .lines_before = lines_before};
	return d->text.len != 0;
}
