#include "builder/chart_tree.h"

#include <stdlib.h>
#include <string.h>

#include "builder/chart_archive.h"
#include "builder/chart_rules.h"
#include "builder/chart_values.h"
#include "builder/chart_yaml.h"
#include "common/limits.h"

/* A file as one chart sees it. */
struct view {
	const char *name; /* below that chart; borrowed */
	size_t place_len; /* of what lies in charts/: of the first component behind that */
	size_t order;     /* in which it was loaded */
	const struct chart_file *file;
};

struct views {
	struct view *items; /* owned */
	size_t count;
	size_t capacity;
};

/* What all levels share. */
struct loading {
	size_t level;
	size_t bytes_left; /* for archives in charts/, unpacked */
	enum chart_source source;
	struct error *err;
};

static void views_release(struct views *v)
{
	free(v->items);
}
#define auto_views __attribute__((cleanup(views_release)))

static void add_view(struct views *v, const char *name, const struct chart_file *file)
{
	v->items = mem_grow(v->items, v->count, &v->capacity, sizeof(*v->items));
	v->items[v->count] = (struct view){.name = name, .order = v->count, .file = file};
	v->count++;
}

static void add_all(struct views *v, const struct chart_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		add_view(v, files->items[i].path, &files->items[i]);
}

void chart_tree_init(struct chart_tree *t)
{
	*t = (struct chart_tree){.lock = CHART_LOCK_INIT};
	chart_metadata_init(&t->metadata);
}

void chart_tree_release(struct chart_tree *t)
{
	for (size_t i = 0; i < t->subchart_count; i++) {
		chart_tree_release(t->subcharts[i]);
		free(t->subcharts[i]);
	}
	free(t->subcharts);
	free(t->place);
	chart_metadata_release(&t->metadata);
	chart_lock_release(&t->lock);
	chart_files_release(&t->templates);
	chart_files_release(&t->others);
	chart_files_release(&t->unpacked);
	chart_tree_init(t);
}

static const struct view *find(const struct views *v, const char *name)
{
	for (size_t i = 0; i < v->count; i++) {
		if (strcmp(v->items[i].name, name) == 0)
			return &v->items[i];
	}
	return NULL;
}

static int read_chart_yaml(struct chart_tree *t, const struct views *v, struct error *err)
{
	const struct view *view = find(v, "Chart.yaml");
	const struct text *api_version = &t->metadata.api_version;

	if (view == NULL)
		return error_set(err, ERR_CHART, "Chart.yaml is missing");
	if (chart_yaml_read(&t->metadata, view->file->bytes, view->file->len, err) != 0)
		return error_prefix(err, "Chart.yaml");
	t->is_v1_or_v2 = text_is(api_version, "v1") || text_is(api_version, "v2");
	return 0;
}

static int read_lock(struct chart_tree *t, const struct view *view, struct error *err)
{
	chart_lock_release(&t->lock);
	if (chart_lock_parse(&t->lock, &t->has_lock, view->file->bytes, view->file->len, err) != 0)
		return error_prefix(err, "%s", view->name);
	return 0;
}

static void keep(struct chart_files *files, const struct view *view)
{
	chart_files_borrow(files, view->name, view->file->bytes, view->file->len);
}

static int read_requirements(struct chart_tree *t, const struct view *view, struct error *err)
{
	if (strcmp(view->name, "requirements.lock") == 0) {
		if (read_lock(t, view, err) != 0)
			return -1;
	} else if (chart_yaml_fold(&t->metadata, view->file->bytes, view->file->len, err) != 0) {
		return error_prefix(err, "%s", view->name);
	}
	if (text_is(&t->metadata.api_version, "v1"))
		keep(&t->others, view);
	return 0;
}

static bool begins_with(const char *name, const char *start)
{
	return strncmp(name, start, strlen(start)) == 0;
}

static bool ends_with(const char *name, size_t len, const char *end)
{
	size_t end_len = strlen(end);

	return len >= end_len && memcmp(name + len - end_len, end, end_len) == 0;
}

/* To the list of its kind; what belongs to charts below to below. */
static int read_file(
    struct chart_tree *t, const struct loading *l, const struct view *view, struct views *below)
{
	const char *name = view->name;

	if (strcmp(name, "Chart.yaml") == 0)
		return 0;
	if (strcmp(name, "Chart.lock") == 0)
		return read_lock(t, view, l->err);
	if (strcmp(name, "requirements.yaml") == 0 || strcmp(name, "requirements.lock") == 0)
		return read_requirements(t, view, l->err);
	if (strcmp(name, "values.yaml") == 0) {
		t->values = view->file;
	} else if (strcmp(name, "values.schema.json") == 0) {
		if (view->file->len != 0 || l->source == CHART_SOURCE_DIRECTORY)
			t->schema = view->file;
	} else if (begins_with(name, "templates/")) {
		keep(&t->templates, view);
	} else if (begins_with(name, "charts/") && !ends_with(name, strlen(name), ".prov")) {
		add_view(below, name + strlen("charts/"), view->file);
	} else {
		keep(&t->others, view);
	}
	return 0;
}

static int compare_places(const void *left, const void *right)
{
	const struct view *a = left;
	const struct view *b = right;
	size_t len = a->place_len < b->place_len ? a->place_len : b->place_len;
	int order = memcmp(a->name, b->name, len);

	if (order == 0)
		order = (a->place_len > b->place_len) - (a->place_len < b->place_len);
	return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

static void sort_by_place(struct views *v)
{
	for (size_t i = 0; i < v->count; i++)
		v->items[i].place_len = strcspn(v->items[i].name, "/");
	if (v->count != 0)
		qsort(v->items, v->count, sizeof(*v->items), compare_places);
}

static int load_level(struct chart_tree *out, struct loading *l, const struct views *v);

/* The archive is unpacked into the tree, so that its files last as long as the tree. */
static int load_archive(
    struct chart_tree *out, struct loading *l, const struct chart_file *file, const char *name)
{
	auto_chart_archive struct chart_archive archive;
	auto_views struct views views = {.items = NULL};
	enum chart_source source = l->source;

	chart_archive_init(&archive);
	if (name[strcspn(name, "/")] != '\0')
		return error_set(l->err, ERR_CHART, "a directory with the name of an archive");
	if (chart_archive_read(&archive, file->bytes, file->len, l->err) != 0)
		return -1;
	if (archive.tar_bytes > l->bytes_left)
		return error_set(l->err, ERR_LIMIT, "more than %u bytes in all archives in charts/",
		    LIMIT_SUBCHART_TAR_BYTES_MAX);
	l->bytes_left -= archive.tar_bytes;
	out->unpacked = archive.files;
	archive.files = (struct chart_files)CHART_FILES_INIT;
	add_all(&views, &out->unpacked);
	l->source = CHART_SOURCE_ARCHIVE;
	int status = load_level(out, l, &views);
	l->source = source;
	return status;
}

/* A file where a directory is wanted has nothing in it, and so no Chart.yaml. */
static int load_directory(
    struct chart_tree *out, struct loading *l, const struct view *first, size_t count)
{
	auto_views struct views views = {.items = NULL};

	for (size_t i = 0; i < count; i++) {
		const char *inside = first[i].name + first[i].place_len;
		if (*inside == '/')
			add_view(&views, inside + 1, first[i].file);
	}
	if (views.count == 0)
		return error_set(l->err, ERR_CHART, "not a chart, but directly in charts/");
	return load_level(out, l, &views);
}

static struct chart_tree *add_subchart(struct chart_tree *t)
{
	struct chart_tree *subchart = mem_alloc(sizeof(*subchart));

	chart_tree_init(subchart);
	t->subcharts =
	    mem_grow(t->subcharts, t->subchart_count, &t->subchart_capacity, sizeof(*t->subcharts));
	t->subcharts[t->subchart_count++] = subchart;
	return subchart;
}

/* The files of one place in charts/, first among them. */
static int load_place(
    struct chart_tree *t, struct loading *l, const struct view *first, size_t count)
{
	const char *name = first->name;
	int status;

	if (*name == '_' || *name == '.')
		return 0;
	struct chart_tree *subchart = add_subchart(t);
	subchart->place = mem_strndup(name, first->place_len);
	if (ends_with(name, first->place_len, ".tgz"))
		status = load_archive(subchart, l, first->file, name);
	else
		status = load_directory(subchart, l, first, count);
	if (status != 0)
		return error_prefix(l->err, "charts/%.*s", (int)first->place_len, name);
	return 0;
}

static int load_places(struct chart_tree *t, struct loading *l, struct views *below)
{
	size_t count;

	sort_by_place(below);
	for (size_t i = 0; i < below->count; i += count) {
		const struct view *first = &below->items[i];
		for (count = 1; i + count < below->count; count++) {
			if (first[count].place_len != first->place_len ||
			    memcmp(first[count].name, first->name, first->place_len) != 0)
				break;
		}
		if (load_place(t, l, first, count) != 0)
			return -1;
	}
	return 0;
}

static int apply_rules(struct chart_metadata *m, const struct views *v, struct error *err)
{
	if (chart_rules_apply(m, err) != 0)
		return error_prefix(err, "Chart.yaml%s",
		    find(v, "requirements.yaml") != NULL ? " with requirements.yaml" : "");
	return 0;
}

static int load_files(struct chart_tree *out, struct loading *l, const struct views *v)
{
	auto_views struct views below = {.items = NULL};

	if (read_chart_yaml(out, v, l->err) != 0)
		return -1;
	for (size_t i = 0; i < v->count; i++) {
		if (read_file(out, l, &v->items[i], &below) != 0)
			return -1;
	}
	if (apply_rules(&out->metadata, v, l->err) != 0)
		return -1;
	return load_places(out, l, &below);
}

static int load_level(struct chart_tree *out, struct loading *l, const struct views *v)
{
	if (l->level == LIMIT_SUBCHART_LEVELS_MAX)
		return error_set(l->err, ERR_LIMIT, "more than %u levels of charts in charts",
		    LIMIT_SUBCHART_LEVELS_MAX);
	l->level++;
	int status = load_files(out, l, v);
	l->level--;
	return status;
}

int chart_tree_load_unchecked(struct chart_tree *out, const struct chart_files *files,
    enum chart_source source, struct error *err)
{
	struct loading l = {
	    .bytes_left = LIMIT_SUBCHART_TAR_BYTES_MAX, .source = source, .err = err};
	auto_views struct views views = {.items = NULL};

	chart_tree_init(out);
	add_all(&views, files);
	return load_level(out, &l, &views);
}

int chart_tree_check_values(const struct chart_tree *tree, struct error *err)
{
	const struct chart_file *values = tree->values;

	if (values != NULL && chart_values_check(values->bytes, values->len, err) != 0)
		return error_prefix(err, "values.yaml");
	for (size_t i = 0; i < tree->subchart_count; i++) {
		const struct chart_tree *subchart = tree->subcharts[i];
		if (chart_tree_check_values(subchart, err) != 0)
			return error_prefix(err, "charts/%s", subchart->place);
	}
	return 0;
}

int chart_tree_load(struct chart_tree *out, const struct chart_files *files,
    enum chart_source source, struct error *err)
{
	if (chart_tree_load_unchecked(out, files, source, err) != 0)
		return -1;
	return chart_tree_check_values(out, err);
}

int chart_tree_metadata(
    struct chart_metadata *out, const struct chart_files *files, struct error *err)
{
	auto_chart_tree struct chart_tree tree;
	auto_views struct views views = {.items = NULL};

	chart_tree_init(&tree);
	add_all(&views, files);
	if (read_chart_yaml(&tree, &views, err) != 0)
		return -1;
	const struct view *requirements = find(&views, "requirements.yaml");
	if (requirements != NULL && read_requirements(&tree, requirements, err) != 0)
		return -1;
	if (apply_rules(&tree.metadata, &views, err) != 0)
		return -1;
	*out = tree.metadata;
	chart_metadata_init(&tree.metadata);
	return 0;
}
