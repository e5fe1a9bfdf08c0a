#include "common/inspect_html.h"

#include <stdint.h>
#include <string.h>

#include "common/printable.h"

/* What a browser may do with the page: show it. */
#define HEAD                                                                                       \
	"<!DOCTYPE html>\n"                                                                        \
	"<html lang=\"en\">\n"                                                                     \
	"<meta charset=\"utf-8\">\n"                                                               \
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "    \
	"'unsafe-inline'\">\n"                                                                     \
	"<meta name=\"viewport\" content=\"width=device-width\">\n"                                \
	"<title>Packing list</title>\n"

#define STYLE                                                                                      \
	"<style>\n"                                                                                \
	":root { color-scheme: light dark }\n"                                                     \
	"body { font: 15px/1.45 sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em }\n" \
	"h1 { font-size: 1.5em }\n"                                                                \
	"h2 { font-size: 1.15em; margin-top: 2em }\n"                                              \
	"table { border-collapse: collapse; width: 100% }\n"                                       \
	"th, td { text-align: left; vertical-align: top; padding: .25em .8em .25em 0;\n"           \
	"  border-bottom: 1px solid #8884; overflow-wrap: anywhere }\n"                            \
	"th { font-weight: 600; white-space: nowrap }\n"                                           \
	"td.size { text-align: right; white-space: nowrap }\n"                                     \
	"code { font: .9em/1.3 monospace }\n"                                                      \
	".verified { border-left: .4em solid #2a2; padding-left: 1em }\n"                          \
	".unverified { border-left: .4em solid #c22; padding-left: 1em }\n"                        \
	"@media print { section { break-inside: avoid } }\n"                                       \
	"</style>\n"

/* ---- pieces of a page ---- */

static void put_escaped(struct buf *b, const char *text)
{
	auto_buf struct buf printable = BUF_INIT(SIZE_MAX);

	printable_put(&printable, text, strlen(text));
	for (const char *p = buf_text(&printable); *p != '\0'; p++) {
		switch (*p) {
		case '&':
			buf_puts(b, "&amp;");
			break;
		case '<':
			buf_puts(b, "&lt;");
			break;
		case '>':
			buf_puts(b, "&gt;");
			break;
		case '"':
			buf_puts(b, "&quot;");
			break;
		case '\'':
			buf_puts(b, "&#39;");
			break;
		default:
			buf_putc(b, *p);
		}
	}
}

/* For people who compare sizes; the exact number stands beside it. */
static void put_size(struct buf *b, json_int_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double size = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		buf_printf(b, "%" JSON_INTEGER_FORMAT " bytes", bytes);
		return;
	}
	for (; size >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		size /= 1024;
	buf_printf(b, "<span title=\"%" JSON_INTEGER_FORMAT " bytes\">%.1f %s</span>", bytes, size,
	    units[unit]);
}

/* "trustId" is "Trust id", "sizeBytes" is "Size". */
static void put_label(struct buf *b, const char *member)
{
	size_t len = strlen(member);
	auto_buf struct buf label = BUF_INIT(SIZE_MAX);

	if (len > 5 && strcmp(member + len - 5, "Bytes") == 0)
		len -= 5;
	for (size_t i = 0; i < len; i++) {
		bool is_upper = member[i] >= 'A' && member[i] <= 'Z';
		bool is_lower = member[i] >= 'a' && member[i] <= 'z';

		if (is_upper && i > 0)
			buf_putc(&label, ' ');
		if (i == 0 && is_lower)
			buf_putc(&label, (char)(member[i] - 'a' + 'A'));
		else
			buf_putc(
			    &label, is_upper && i > 0 ? (char)(member[i] - 'A' + 'a') : member[i]);
	}
	put_escaped(b, buf_text(&label));
}

/* ---- what a list may hold ---- */

static void put_value(struct buf *b, const char *member, const json_t *value);

static void put_members(struct buf *b, const json_t *object)
{
	const char *member;
	json_t *value;

	buf_puts(b, "<table>\n");
	json_object_foreach((json_t *)(uintptr_t)object, member, value)
	{
		buf_puts(b, "<tr><th>");
		put_label(b, member);
		buf_puts(b, "<td>");
		put_value(b, member, value);
		buf_puts(b, "\n");
	}
	buf_puts(b, "</table>\n");
}

static void put_list(struct buf *b, const json_t *array)
{
	size_t i;
	json_t *item;

	json_array_foreach((json_t *)(uintptr_t)array, i, item)
	{
		if (json_is_object(item)) {
			put_members(b, item);
			continue;
		}
		buf_puts(b, i > 0 ? "<br>" : "");
		put_value(b, "", item);
	}
}

static void put_value(struct buf *b, const char *member, const json_t *value)
{
	size_t len = strlen(member);

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		put_members(b, value);
		break;
	case JSON_ARRAY:
		put_list(b, value);
		break;
	case JSON_STRING:
		buf_puts(b, "<code>");
		put_escaped(b, json_string_value(value));
		buf_puts(b, "</code>");
		break;
	case JSON_INTEGER:
		if (len > 5 && strcmp(member + len - 5, "Bytes") == 0)
			put_size(b, json_integer_value(value));
		else
			buf_printf(b, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		buf_puts(b, json_is_true(value) ? "yes" : "no");
		break;
	case JSON_REAL: /* a packing list has none */
	case JSON_NULL:
		break;
	}
}

/* ---- the page ---- */

static const char *string_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text != NULL ? text : "";
}

/* Whether the rest can be believed stands first. */
static void put_seal(struct buf *b, const json_t *seal)
{
	bool verified = json_is_true(json_object_get(seal, "verified"));

	buf_printf(b, "<section class=\"%s\">\n<h2>", verified ? "verified" : "unverified");
	if (seal == NULL)
		buf_puts(b, "Not sealed</h2>\n");
	else if (verified)
		buf_puts(b, "Sealed, and verified against local trust</h2>\n");
	else
		buf_puts(b, "Not verified here: this is what the layout says of itself</h2>\n");
	if (seal != NULL)
		put_members(b, seal);
	buf_puts(b, "</section>\n");
}

/* The whole at a glance; each name leads to its section. */
static void put_contents(struct buf *b, const json_t *artifacts)
{
	size_t i;
	json_t *item;

	buf_printf(b, "<section>\n<h2>Artifacts: %zu</h2>\n", json_array_size(artifacts));
	buf_puts(b, "<table>\n<tr><th>Name<th>Tag<th>Digest<th>Size\n");
	json_array_foreach((json_t *)(uintptr_t)artifacts, i, item)
	{
		buf_printf(b, "<tr><td><a href=\"#a%zu\">", i);
		put_escaped(b, string_of(item, "repository"));
		buf_puts(b, "</a><td>");
		put_escaped(b, string_of(item, "tag"));
		buf_puts(b, "<td><code>");
		put_escaped(b, string_of(item, "digest"));
		buf_puts(b, "</code><td class=\"size\">");
		put_size(b, json_integer_value(json_object_get(item, "sizeBytes")));
		buf_puts(b, "\n");
	}
	buf_puts(b, "</table>\n</section>\n");
}

static void put_artifacts(struct buf *b, const json_t *artifacts)
{
	size_t i;
	json_t *item;

	json_array_foreach((json_t *)(uintptr_t)artifacts, i, item)
	{
		buf_printf(b, "<section id=\"a%zu\">\n<h2>", i);
		put_escaped(b, string_of(item, "repository"));
		buf_puts(b, ":");
		put_escaped(b, string_of(item, "tag"));
		buf_puts(b, "</h2>\n");
		put_members(b, item);
		buf_puts(b, "</section>\n");
	}
}

static void put_section(struct buf *b, const char *member, const json_t *value)
{
	if (json_object_size(value) == 0 && json_array_size(value) == 0)
		return;
	buf_puts(b, "<section>\n<h2>");
	put_label(b, member);
	buf_puts(b, "</h2>\n");
	put_value(b, member, value);
	buf_puts(b, "</section>\n");
}

void inspect_html(struct buf *b, const json_t *list)
{
	const json_t *artifacts = json_object_get(list, "artifacts");
	const char *member;
	json_t *value;

	buf_puts(b, HEAD STYLE "<h1>Packing list</h1>\n");
	put_seal(b, json_object_get(list, "seal"));
	put_contents(b, artifacts);
	json_object_foreach((json_t *)(uintptr_t)list, member, value)
	{
		if (strcmp(member, "seal") != 0 && strcmp(member, "artifacts") != 0)
			put_section(b, member, value);
	}
	put_artifacts(b, artifacts);
}
