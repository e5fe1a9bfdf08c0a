#include "builder/chart_path.h"

#include <string.h>

#include "common/limits.h"
#include "common/printable.h"

void chart_path_release(struct chart_path *p)
{
	free(p->base);
	free(p->inside);
	*p = (struct chart_path){.base = NULL};
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int refuse(struct error *err, const char *name, const char *reason)
{
	return error_set(err, ERR_CHART, "entry '%s': %s", name, reason);
}

/* Go's path.Clean, in place, for a relative path without ".."; "" stands for Go's ".". */
static int clean(char *path, const char *name, struct error *err)
{
	char *end = path;
	size_t depth = 0;

	for (const char *at = path; *at != '\0';) {
		size_t len = strcspn(at, "/");
		bool is_last = at[len] == '\0';
		if (len == 2 && at[0] == '.' && at[1] == '.')
			return refuse(err, name, "refers to a parent directory");
		if (len != 0 && !(len == 1 && at[0] == '.')) {
			if (++depth > LIMIT_CHART_PATH_DEPTH_MAX)
				return error_set(err, ERR_LIMIT,
				    "entry '%s': deeper than %u directories", name,
				    LIMIT_CHART_PATH_DEPTH_MAX);
			if (end != path)
				*end++ = '/';
			memmove(end, at, len);
			end += len;
		}
		at += is_last ? len : len + 1;
	}
	*end = '\0';
	return 0;
}

/* What may not be in the part below the base directory, in Helm's order. */
static int check_inside(const char *inside, const char *name, struct error *err)
{
	if (*inside == '\0')
		return refuse(err, name, "lies outside the chart's directory");
	if (strncmp(inside, "..", 2) == 0)
		return refuse(err, name, "refers to a parent directory");
	if (is_letter(inside[0]) && inside[1] == ':' && inside[2] == '/')
		return refuse(err, name, "begins with a drive letter");
	return 0;
}

int chart_path_parse(struct chart_path *out, const char *name, struct error *err)
{
	auto_chart_path struct chart_path path = {.base = NULL};
	char divider = strchr(name, '\\') != NULL ? '\\' : '/';

	if (strlen(name) > LIMIT_CHART_PATH_BYTES_MAX)
		return error_set(err, ERR_LIMIT, "entry '%.64s...': a name of more than %u bytes",
		    name, LIMIT_CHART_PATH_BYTES_MAX);
	if (!printable_check(name, strlen(name)))
		return refuse(
		    err, name, "has control, invisible or non-UTF-8 characters in its name");
	const char *rest = strchr(name, divider);
	if (rest == NULL)
		return refuse(err, name, "lies outside the chart's directory");
	path.base = mem_strndup(name, (size_t)(rest - name));
	path.inside = mem_strdup(rest + 1);
	for (char *c = path.inside; *c != '\0'; c++) {
		if (*c == divider)
			*c = '/';
	}
	if (path.inside[0] == '/' || path.base[0] == '\0')
		return refuse(err, name, "is an absolute path");
	if (strcmp(path.base, "..") == 0)
		return refuse(err, name, "refers to a parent directory");
	if (clean(path.inside, name, err) != 0 || check_inside(path.inside, name, err) != 0)
		return -1;
	if (strcmp(path.base, "Chart.yaml") == 0)
		return refuse(err, name, "has Chart.yaml for a directory");
	out->base = steal_ptr(&path.base);
	out->inside = steal_ptr(&path.inside);
	return 0;
}
