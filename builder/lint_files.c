#include "builder/lint_files.h"

#include <string.h>

#include "builder/lint_load.h"
#include "builder/yaml_value.h"

#define TEMPLATES "templates/"

static int compare_names(const void *left, const void *right)
{
	return text_compare(left, right);
}

static void sort_names(struct text_list *list)
{
	if (list->count != 0)
		qsort(list->items, list->count, sizeof(*list->items), compare_names);
}

static bool has_name(const struct text_list *sorted, const struct text *name)
{
	return sorted->count != 0 && bsearch(name, sorted->items, sorted->count,
					 sizeof(*sorted->items), compare_names) != NULL;
}

/* Not handled by us, which does not mean that Helm refuses it. */
static bool is_beyond_us(const struct error *err)
{
	return err->code == ERR_LIMIT || err->code == ERR_UNSUPPORTED;
}

static void check_values(struct lint_findings *out, const struct lint_source *source)
{
	auto_yaml_value struct yaml_value value = {.type = YAML_TYPE_NULL};
	const struct buf *content = &source->values_content;
	struct error err = ERROR_INIT;

	if (source->values == LINT_ABSENT) {
		lint_add(out, LINT_INFO, "values.yaml", 0, "file does not exist");
		return;
	}
	if (source->values == LINT_DIRECTORY)
		(void)error_set(&err, ERR_CHART, "is a directory");
	else if (yaml_value_parse(&value, buf_text(content), content->len, &err) != 0)
		(void)0;
	else if (value.type != YAML_TYPE_MAP && value.type != YAML_TYPE_NULL)
		(void)error_set(&err, ERR_CHART, "line %zu: must be a map, not %s", value.line,
		    yaml_type_name(value.type));
	else
		(void)!yaml_value_check(&value, &err);
	if (err.code == ERR_NONE)
		return;
	if (is_beyond_us(&err))
		lint_add_error(out, LINT_WARNING, "values.yaml", 0, "not checked", &err);
	else
		lint_add_error(out, LINT_ERROR, "values.yaml", 0, "unable to parse YAML", &err);
}

static void check_extension(struct lint_findings *out, const char *path)
{
	static const char *const valid[] = {".yaml", ".yml", ".tpl", ".txt"};
	const char *name = strrchr(path, '/');
	const char *extension = strrchr(name != NULL ? name : path, '.');

	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]) && extension != NULL; i++) {
		if (strcmp(extension, valid[i]) == 0)
			return;
	}
	lint_add(out, LINT_ERROR, path, 0,
	    "file extension '%s' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt",
	    extension != NULL ? extension : "");
}

static void check_templates(struct lint_findings *out, const struct lint_source *source)
{
	if (source->templates == LINT_ABSENT) {
		lint_add(out, LINT_WARNING, TEMPLATES, 0, "directory does not exist");
		return;
	}
	if (source->templates == LINT_FILE) {
		lint_add(out, LINT_ERROR, TEMPLATES, 0, "not a directory");
		return;
	}
	for (size_t i = 0; i < source->files.count; i++) {
		const char *path = source->files.items[i].path;
		if (strncmp(path, TEMPLATES, strlen(TEMPLATES)) == 0)
			check_extension(out, path);
	}
}

static void put_name(struct buf *b, const struct text *name)
{
	const char *text = text_string(name);

	if (b->len != 0)
		buf_putc(b, ',');
	buf_puts(b, *text != '\0' ? text : "''");
}

/* Both ways: what stands in charts/ alone, and what stands in Chart.yaml alone. */
static void check_dependencies(struct lint_findings *out, struct lint_load *load)
{
	const struct record_list *wanted = &load->metadata.dependencies;
	auto_buf struct buf unlisted = BUF_INIT(64 * KIB);
	auto_buf struct buf absent = BUF_INIT(64 * KIB);
	struct text_list names = {
	    .items = mem_zalloc(wanted->count, sizeof(struct text)), .count = wanted->count};

	sort_names(&load->subcharts);
	for (size_t i = 0; i < wanted->count; i++) {
		names.items[i] = ((const struct chart_dependency *)wanted->items[i])->name;
		if (!has_name(&load->subcharts, &names.items[i]))
			put_name(&absent, &names.items[i]);
	}
	sort_names(&names);
	for (size_t i = 0; i < load->subcharts.count; i++) {
		if (!has_name(&names, &load->subcharts.items[i]))
			put_name(&unlisted, &load->subcharts.items[i]);
	}
	free(names.items); /* the names themselves are borrowed */
	if (unlisted.len != 0)
		lint_add(out, LINT_ERROR, "charts/", 0,
		    "chart metadata is missing these dependencies: %s", buf_text(&unlisted));
	if (absent.len != 0)
		lint_add(out, LINT_WARNING, "charts/", 0,
		    "chart directory is missing these dependencies: %s", buf_text(&absent));
}

static void take_findings(struct lint_findings *out, const struct lint_findings *from)
{
	for (size_t i = 0; i < from->count; i++)
		lint_add(out, from->items[i].severity, from->items[i].path, from->items[i].line,
		    "%s", from->items[i].message);
}

void lint_files(struct lint_findings *out, const struct lint_source *source)
{
	auto_lint_load struct lint_load load;
	struct error err = source->load_error;

	lint_load_init(&load);
	check_values(out, source);
	check_templates(out, source);
	if (!source->is_readable || lint_load(&load, &source->files, &err) != 0)
		lint_add_error(out, LINT_ERROR, "", 0, "unable to load chart", &err);
	else
		check_dependencies(out, &load);
	if (source->crds == LINT_FILE)
		lint_add(out, LINT_ERROR, "crds/", 0, "not a directory");
	else if (source->crds == LINT_DIRECTORY && err.code == ERR_NONE)
		take_findings(out, &load.crds);
}
