#include "builder/helmignore.h"

#include <string.h>

#include "builder/glob.h"
#include "builder/unicode.h"
#include "common/limits.h"

/* Go's bufio.Scanner gives up on a line that fills its buffer, line feed included. */
#define LINE_BYTES_MAX (64 * KIB - 1)

#define DEFAULT_RULE "templates/.?*"

struct line {
	const char *at;
	size_t len;
	size_t number;
};

static size_t leading_space(const char *at, size_t len)
{
	uint32_t c;
	size_t width = unicode_decode(&c, at, len);

	return width != 0 && unicode_is_space(c) ? width : 0;
}

static size_t trailing_space(const char *at, size_t len)
{
	for (size_t width = 1; width <= 3 && width <= len; width++) {
		if (leading_space(at + len - width, width) == width)
			return width;
	}
	return 0;
}

/* Go's strings.TrimSpace. */
static void trim(struct line *line)
{
	size_t width;

	while ((width = leading_space(line->at, line->len)) != 0) {
		line->at += width;
		line->len -= width;
	}
	while ((width = trailing_space(line->at, line->len)) != 0)
		line->len -= width;
}

/* Helm tries a pattern with this name, so a flaw behind a part that does not match it stays unseen.
 */
static bool is_refused(const struct line *line)
{
	uint64_t steps = 0;

	return glob_match(line->at, line->len, "abc", 3, &steps) == GLOB_BAD;
}

static void add_rule(struct helmignore *h, const struct line *line)
{
	struct helmignore_rule rule = {.pattern = line->at, .len = line->len, .line = line->number};

	if (rule.len > 0 && rule.pattern[0] == '!') {
		rule.negated = true;
		rule.pattern++;
		rule.len--;
	}
	if (rule.len > 0 && rule.pattern[rule.len - 1] == '/') {
		rule.directories_only = true;
		rule.len--;
	}
	rule.whole_path = rule.len > 0 && memchr(rule.pattern, '/', rule.len) != NULL;
	if (rule.len > 0 && rule.pattern[0] == '/') {
		rule.pattern++;
		rule.len--;
	}
	h->rules = mem_grow(h->rules, h->count, &h->capacity, sizeof(*h->rules));
	h->rules[h->count++] = rule;
}

static int parse_line(struct helmignore *h, struct line *line, struct error *err)
{
	if (line->len > LINE_BYTES_MAX)
		return error_set(
		    err, ERR_CHART, "line %zu: longer than %u bytes", line->number, LINE_BYTES_MAX);
	trim(line);
	if (line->len == 0 || line->at[0] == '#')
		return 0;
	int shown = line->len < 100 ? (int)line->len : 100;
	if (memmem(line->at, line->len, "**", 2) != NULL)
		return error_set(err, ERR_CHART,
		    "line %zu: '%.*s': double stars (**) are not supported", line->number, shown,
		    line->at);
	if (is_refused(line))
		return error_set(err, ERR_CHART, "line %zu: '%.*s': syntax error in the pattern",
		    line->number, shown, line->at);
	add_rule(h, line);
	return 0;
}

static int parse_lines(struct helmignore *h, const char *text, size_t len, struct error *err)
{
	static const char byte_order_mark[] = "\xEF\xBB\xBF";
	const char *end = text + len;

	for (size_t number = 1; text < end; number++) {
		const char *feed = memchr(text, '\n', (size_t)(end - text));
		struct line line = {text, (size_t)((feed != NULL ? feed : end) - text), number};
		text = feed != NULL ? feed + 1 : end;
		if (number == 1 && line.len <= LINE_BYTES_MAX && line.len >= 3 &&
		    memcmp(line.at, byte_order_mark, 3) == 0) {
			line.at += 3;
			line.len -= 3;
		}
		if (parse_line(h, &line, err) != 0)
			return -1;
	}
	return 0;
}

int helmignore_parse(struct helmignore *out, const char *bytes, size_t len, struct error *err)
{
	static const struct line default_rule = {DEFAULT_RULE, sizeof(DEFAULT_RULE) - 1, 0};
	auto_helmignore struct helmignore h = HELMIGNORE_INIT;

	*out = (struct helmignore)HELMIGNORE_INIT;
	if (len > LIMIT_HELMIGNORE_BYTES_MAX)
		return error_set(
		    err, ERR_LIMIT, "larger than %u bytes", LIMIT_HELMIGNORE_BYTES_MAX);
	h.text = mem_strndup(bytes, len);
	h.steps_left = LIMIT_HELMIGNORE_STEPS_MAX;
	if (parse_lines(&h, h.text, len, err) != 0)
		return -1;
	add_rule(&h, &default_rule);
	*out = h;
	h = (struct helmignore)HELMIGNORE_INIT;
	return 0;
}

void helmignore_release(struct helmignore *h)
{
	free(h->text);
	free(h->rules);
	*h = (struct helmignore)HELMIGNORE_INIT;
}

/* Go's filepath.Base. */
static void last_part(const char **path, size_t *len)
{
	while (*len > 1 && (*path)[*len - 1] == '/')
		--*len;
	const char *slash = *len > 1 ? memrchr(*path, '/', *len) : NULL;
	if (slash != NULL) {
		*len -= (size_t)(slash + 1 - *path);
		*path = slash + 1;
	}
}

static bool rule_matches(const struct helmignore_rule *rule, const char *path, uint64_t *steps)
{
	size_t len = strlen(path);

	if (!rule->whole_path)
		last_part(&path, &len);
	return glob_match(rule->pattern, rule->len, path, len, steps) == GLOB_YES;
}

/* Whether the rule decides that path is ignored; no rule ever decides that it is not. */
static bool rule_ignores(
    const struct helmignore_rule *rule, const char *path, bool is_directory, uint64_t *steps)
{
	++*steps;
	if (rule->directories_only && !is_directory)
		return rule->negated;
	return rule_matches(rule, path, steps) != rule->negated;
}

int helmignore_match(
    struct helmignore *h, const char *path, bool is_directory, bool *out_ignored, struct error *err)
{
	*out_ignored = false;
	if (*path == '\0' || strcmp(path, ".") == 0 || strcmp(path, "./") == 0)
		return 0;
	for (size_t i = 0; i < h->count && !*out_ignored; i++) {
		uint64_t steps = 0;
		*out_ignored = rule_ignores(&h->rules[i], path, is_directory, &steps);
		if (steps > h->steps_left)
			return error_set(err, ERR_LIMIT,
			    "line %zu: the patterns take too much matching, more than %llu steps",
			    h->rules[i].line, LIMIT_HELMIGNORE_STEPS_MAX);
		h->steps_left -= steps;
	}
	return 0;
}
