#include "builder/chart_package.h"

#include <stdlib.h>
#include <string.h>

#include "builder/chart_packable.h"
#include "builder/chart_yaml.h"
#include "builder/json_text.h"
#include "common/limits.h"

static bool has_subchart(const struct chart_tree *tree, const struct text *name)
{
	for (size_t i = 0; i < tree->subchart_count; i++) {
		if (text_compare(&tree->subcharts[i]->metadata.name, name) == 0)
			return true;
	}
	return false;
}

/* A chart packed without what it depends on would fail where it is installed. */
static int check_dependencies(const struct chart_tree *tree, struct error *err)
{
	const struct record_list *dependencies = &tree->metadata.dependencies;
	auto_buf struct buf missing = BUF_INIT(ERROR_TEXT_BYTES);

	for (size_t i = 0; i < dependencies->count; i++) {
		const struct chart_dependency *d = dependencies->items[i];
		if (!has_subchart(tree, &d->name))
			buf_printf(&missing, "%s'%s'", missing.len != 0 ? ", " : "",
			    text_string(&d->name));
	}
	if (missing.len == 0)
		return 0;
	return error_set(err, ERR_CHART,
	    "found in Chart.yaml, but missing in charts/ directory: %s", buf_text(&missing));
}

int chart_package_check(const struct chart_tree *tree, struct error *err)
{
	if (!tree->is_v1_or_v2)
		return error_set(err, ERR_CHART, "Chart.yaml: apiVersion '%s' is not 'v1' or 'v2'",
		    text_string(&tree->metadata.api_version));
	return check_dependencies(tree, err);
}

static void put(
    struct chart_files *out, const char *prefix, const char *name, const struct chart_file *file)
{
	auto_free char *path = mem_printf("%s%s", prefix, name);

	chart_files_borrow(out, path, file->bytes, file->len);
}

static void put_all(struct chart_files *out, const char *prefix, const struct chart_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		put(out, prefix, files->items[i].path, &files->items[i]);
}

static int put_chart_yaml(
    struct chart_files *out, const char *prefix, struct chart_tree *tree, struct error *err)
{
	auto_free char *path = mem_printf("%sChart.yaml", prefix);
	auto_buf struct buf yaml = BUF_INIT(LIMIT_YAML_BYTES_MAX);

	if (text_is(&tree->metadata.api_version, "v1"))
		chart_metadata_drop_dependencies(&tree->metadata);
	if (chart_packable_check(&tree->metadata, err) != 0)
		return error_prefix(err, "%s", path);
	chart_yaml_write(&yaml, &tree->metadata);
	if (buf_check(&yaml, path, err) != 0)
		return -1;
	chart_files_take(out, &path, &yaml);
	return 0;
}

static int put_lock(
    struct chart_files *out, const char *prefix, const struct chart_tree *tree, struct error *err)
{
	auto_free char *path = mem_printf("%sChart.lock", prefix);
	auto_buf struct buf yaml = BUF_INIT(LIMIT_YAML_BYTES_MAX);

	if (!tree->has_lock || !text_is(&tree->metadata.api_version, "v2"))
		return 0;
	if (chart_lock_write(&yaml, &tree->lock, err) != 0)
		return error_prefix(err, "%s", path);
	if (buf_check(&yaml, path, err) != 0)
		return -1;
	chart_files_take(out, &path, &yaml);
	return 0;
}

static int put_schema(
    struct chart_files *out, const char *prefix, const struct chart_tree *tree, struct error *err)
{
	static const char name[] = "values.schema.json";

	if (tree->schema == NULL)
		return 0;
	if (json_text_check(tree->schema->bytes, tree->schema->len, err) != 0)
		return error_prefix(err, "%s%s", prefix, name);
	put(out, prefix, name, tree->schema);
	return 0;
}

static int compare_charts(const void *left, const void *right)
{
	const struct chart_tree *a = *(struct chart_tree *const *)left;
	const struct chart_tree *b = *(struct chart_tree *const *)right;

	return text_compare(&a->metadata.name, &b->metadata.name);
}

static int put_chart(
    struct chart_files *out, const char *prefix, struct chart_tree *tree, struct error *err);

/* In the order of their names, while Helm's order changes from run to run. */
static int put_subcharts(
    struct chart_files *out, const char *prefix, struct chart_tree *tree, struct error *err)
{
	if (tree->subchart_count != 0)
		qsort(tree->subcharts, tree->subchart_count, sizeof(*tree->subcharts),
		    compare_charts);
	for (size_t i = 0; i < tree->subchart_count; i++) {
		struct chart_tree *subchart = tree->subcharts[i];
		const char *name = text_string(&subchart->metadata.name);
		if (i > 0 && compare_charts(&tree->subcharts[i - 1], &tree->subcharts[i]) == 0)
			return error_set(err, ERR_CHART, "%scharts: two charts have the name '%s'",
			    prefix, name);
		auto_free char *inner = mem_printf("%scharts/%s/", prefix, name);
		if (put_chart(out, inner, subchart, err) != 0)
			return -1;
	}
	return 0;
}

static int put_chart(
    struct chart_files *out, const char *prefix, struct chart_tree *tree, struct error *err)
{
	if (put_chart_yaml(out, prefix, tree, err) != 0 || put_lock(out, prefix, tree, err) != 0)
		return -1;
	if (tree->values != NULL)
		put(out, prefix, "values.yaml", tree->values);
	if (put_schema(out, prefix, tree, err) != 0)
		return -1;
	put_all(out, prefix, &tree->templates);
	put_all(out, prefix, &tree->others);
	return put_subcharts(out, prefix, tree, err);
}

int chart_package_list(struct chart_files *out, struct chart_tree *tree, struct error *err)
{
	if (put_chart(out, "", tree, err) != 0)
		return -1;
	const char *twice = chart_files_twice(out);
	if (twice != NULL)
		return error_set(err, ERR_CHART, "'%s': comes from two places in charts/", twice);
	return 0;
}
