#include "builder/lint_load.h"

#include <string.h>

#include "builder/chart_lock.h"
#include "builder/chart_rules.h"
#include "builder/chart_yaml.h"
#include "builder/lint_files.h"
#include "builder/lint_source.h"
#include "builder/yaml_documents.h"
#include "common/limits.h"

/* Archives in charts/ of archives in charts/ ... */
#define ARCHIVE_DEPTH_MAX 8U

/* The files of one chart: those of all whose paths begin alike, which stand together. */
struct place {
	const struct chart_file *files; /* borrowed */
	size_t count;
	size_t prefix_len;   /* of what the paths have in common, "charts/NAME/" */
	const char *archive; /* borrowed: where the files come from, for findings; "" */
	unsigned archive_depth;
};

void lint_load_init(struct lint_load *l)
{
	*l = (struct lint_load){.crds = LINT_FINDINGS_INIT};
	chart_metadata_init(&l->metadata);
}

void lint_load_release(struct lint_load *l)
{
	chart_metadata_release(&l->metadata);
	text_list_clear(&l->subcharts);
	lint_findings_release(&l->crds);
}

static const char *inside(const struct place *place, size_t i)
{
	return place->files[i].path + place->prefix_len;
}

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);
	size_t end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static const struct chart_file *find(const struct place *place, const char *path)
{
	for (size_t i = 0; i < place->count; i++) {
		if (strcmp(inside(place, i), path) == 0)
			return &place->files[i];
	}
	return NULL;
}

/* A document that is a map or null. What we do not handle is not held against it: Helm might. */
static int check_map(const struct yaml_document *document, struct error *err)
{
	auto_yaml_value struct yaml_value value = {.type = YAML_TYPE_NULL};
	struct error own = ERROR_INIT;

	if (yaml_value_parse(&value, document->bytes, document->len, &own) != 0) {
		if (own.code == ERR_LIMIT || own.code == ERR_UNSUPPORTED)
			return 0;
		return error_set(err, own.code, "%s", own.text);
	}
	if (value.type != YAML_TYPE_MAP && value.type != YAML_TYPE_NULL)
		return error_set(err, ERR_CHART, "line %zu: must be a map, not %s", value.line,
		    yaml_type_name(value.type));
	return yaml_value_check(&value, err);
}

/* All documents of values.yaml, each by itself; its lines count from its own beginning. */
static int check_values(const struct chart_file *values, struct error *err)
{
	auto_yaml_documents struct yaml_documents documents;
	struct yaml_document document;
	int status;

	yaml_documents_init(&documents, values->bytes, values->len);
	while ((status = yaml_documents_next(&documents, &document, err)) > 0) {
		if (check_map(&document, err) != 0 && document.lines_before != 0)
			return error_prefix(
			    err, "the document behind line %zu", document.lines_before);
		if (err->code != ERR_NONE)
			return -1;
	}
	return status;
}

static int check_lock(const struct chart_file *file, struct error *err)
{
	auto_chart_lock struct chart_lock lock = CHART_LOCK_INIT;
	bool present;

	return chart_lock_parse(&lock, &present, file->bytes, file->len, err);
}

static int load_metadata(struct chart_metadata *m, const struct place *place, struct error *err)
{
	static const char *const locks[] = {"Chart.lock", "requirements.lock"};
	const struct chart_file *yaml = find(place, "Chart.yaml");
	const struct chart_file *file;

	if (yaml == NULL)
		return error_set(err, ERR_CHART, "Chart.yaml file is missing");
	if (chart_yaml_read(m, yaml->bytes, yaml->len, err) != 0)
		return error_prefix(err, "cannot load Chart.yaml");
	for (size_t i = 0; i < 2; i++) {
		file = find(place, locks[i]);
		if (file != NULL && check_lock(file, err) != 0)
			return error_prefix(err, "cannot load %s", locks[i]);
	}
	file = find(place, "values.yaml");
	if (file != NULL && check_values(file, err) != 0)
		return error_prefix(err, "cannot load values.yaml");
	file = find(place, "requirements.yaml");
	if (file != NULL && chart_yaml_fold(m, file->bytes, file->len, err) != 0)
		return error_prefix(err, "cannot load requirements.yaml");
	return chart_rules_apply(m, err);
}

static void collect_crds(struct lint_load *l, const struct place *place)
{
	for (size_t i = 0; i < place->count; i++) {
		const char *path = inside(place, i);
		if (!starts_with(path, "crds/") ||
		    (!ends_with(path, ".yaml") && !ends_with(path, ".yml") &&
			!ends_with(path, ".json")))
			continue;
		const struct chart_file *file = &place->files[i];
		auto_free char *name = mem_printf(
		    "%s%s%s", place->archive, place->archive[0] != '\0' ? "/" : "", file->path);
		lint_crd(&l->crds, name, file->bytes, file->len);
	}
}

static int load_place(struct lint_load *l, const struct place *place, struct chart_metadata *m,
    struct text_list *subcharts, struct error *err);

/* A chart below another one: of its metadata only the name matters. */
static int load_subchart(
    struct lint_load *l, const struct place *place, struct text_list *names, struct error *err)
{
	auto_chart_metadata struct chart_metadata m;

	chart_metadata_init(&m);
	if (load_place(l, place, &m, NULL, err) != 0)
		return -1;
	if (names == NULL)
		return 0;
	names->items = mem_realloc(names->items, names->count + 1, sizeof(*names->items));
	names->items[names->count++] = m.name;
	m.name = (struct text){.bytes = NULL};
	return 0;
}

static int load_archive(struct lint_load *l, const struct place *parent,
    const struct chart_file *file, struct text_list *names, struct error *err)
{
	auto_chart_files struct chart_files files = {.items = NULL};

	if (parent->archive_depth == ARCHIVE_DEPTH_MAX)
		return error_set(
		    err, ERR_LIMIT, "more than %u archives in each other", ARCHIVE_DEPTH_MAX);
	if (lint_source_unpack(&files, file->bytes, file->len, err) != 0)
		return -1;
	for (size_t i = 0; i < files.count; i++)
		l->archive_bytes += files.items[i].len;
	if (l->archive_bytes > LIMIT_CHART_CONTENT_BYTES_MAX)
		return error_set(err, ERR_LIMIT, "more than %u bytes in archives in charts/",
		    LIMIT_CHART_CONTENT_BYTES_MAX);
	auto_free char *archive = mem_printf(
	    "%s%s%s", parent->archive, parent->archive[0] != '\0' ? "/" : "", file->path);
	const struct place place = {.files = files.items,
	    .count = files.count,
	    .archive = archive,
	    .archive_depth = parent->archive_depth + 1};
	return load_subchart(l, &place, names, err);
}

/* The length of "charts/NAME/", or of all of "charts/NAME"; 0 for what is no part of a subchart. */
static size_t subchart_prefix(const char *path)
{
	if (!starts_with(path, "charts/") || path[7] == '.' || path[7] == '_' ||
	    ends_with(path, ".prov"))
		return 0;
	return 7 + strcspn(path + 7, "/") + (strchr(path + 7, '/') != NULL);
}

static int load_subcharts(
    struct lint_load *l, const struct place *place, struct text_list *names, struct error *err)
{
	for (size_t i = 0; i < place->count;) {
		const char *path = inside(place, i);
		size_t len = subchart_prefix(path);
		struct place sub = *place;
		int status;

		if (len == 0) {
			i++;
			continue;
		}
		sub.files += i;
		sub.prefix_len += len;
		for (sub.count = 0; i < place->count && strncmp(inside(place, i), path, len) == 0;
		     i++)
			sub.count++;
		if (path[len - 1] != '/' && ends_with(path, ".tgz"))
			status = load_archive(l, place, &sub.files[0], names, err);
		else
			status = load_subchart(l, &sub, names, err);
		if (status != 0)
			return error_prefix(err, "'%.*s'", (int)len, path);
	}
	return 0;
}

static int load_place(struct lint_load *l, const struct place *place, struct chart_metadata *m,
    struct text_list *subcharts, struct error *err)
{
	if (load_metadata(m, place, err) != 0)
		return -1;
	collect_crds(l, place);
	return load_subcharts(l, place, subcharts, err);
}

int lint_load(struct lint_load *out, const struct chart_files *files, struct error *err)
{
	const struct place place = {.files = files->items, .count = files->count, .archive = ""};

	lint_load_init(out);
	return load_place(out, &place, &out->metadata, &out->subcharts, err);
}
