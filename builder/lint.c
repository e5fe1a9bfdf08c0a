#include "builder/lint.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *lint_severity_name(enum lint_severity severity)
{
	static const char *const names[LINT_SEVERITY_COUNT] = {"info", "warning", "error"};

	return names[severity];
}

void lint_findings_release(struct lint_findings *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free(f->items[i].path);
		free(f->items[i].message);
	}
	free(f->items);
	*f = (struct lint_findings)LINT_FINDINGS_INIT;
}

static bool is_known(const struct lint_findings *f, enum lint_severity severity, const char *path,
    size_t line, const char *message)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct lint_finding *item = &f->items[i];
		if (item->severity == severity && item->line == line &&
		    strcmp(item->path, path) == 0 && strcmp(item->message, message) == 0)
			return true;
	}
	return false;
}

static void add_take(struct lint_findings *out, enum lint_severity severity, const char *path,
    size_t line, char *message_take)
{
	auto_free char *message = message_take;

	if (is_known(out, severity, path, line, message))
		return;
	out->totals[severity]++;
	if (out->count == LINT_FINDINGS_MAX)
		return;
	out->items = mem_grow(out->items, out->count, &out->capacity, sizeof(*out->items));
	out->items[out->count++] = (struct lint_finding){.severity = severity,
	    .line = line,
	    .path = mem_strdup(path),
	    .message = steal_ptr(&message)};
}

void lint_add(struct lint_findings *out, enum lint_severity severity, const char *path, size_t line,
    const char *format, ...)
{
	char *message = NULL;
	va_list args;

	va_start(args, format);
	int len = vasprintf(&message, format, args);
	va_end(args);
	if (len < 0)
		mem_exhausted();
	add_take(out, severity, path, line, message);
}

/* The line in "line N: ...", moving *text behind it; 0 where there is none. */
static size_t take_line(const char **text)
{
	static const char begin[] = "line ";
	const char *digits = *text + strlen(begin);
	char *end;

	if (strncmp(*text, begin, strlen(begin)) != 0 || *digits < '0' || *digits > '9')
		return 0;
	unsigned long line = strtoul(digits, &end, 10);
	if (strncmp(end, ": ", 2) != 0)
		return 0;
	*text = end + 2;
	return line;
}

void lint_add_error(struct lint_findings *out, enum lint_severity severity, const char *path,
    size_t lines_before, const char *what, const struct error *err)
{
	const char *text = err->text;
	size_t line = take_line(&text);

	add_take(out, severity, path, line != 0 ? line + lines_before : 0,
	    mem_printf("%s: %s", what, text));
}
