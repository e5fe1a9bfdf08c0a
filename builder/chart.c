#include "builder/chart.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/chart_archive.h"
#include "builder/chart_files.h"
#include "builder/chart_packable.h"
#include "builder/chart_packer.h"
#include "builder/chart_rules.h"
#include "builder/chart_yaml.h"
#include "common/limits.h"

void chart_init(struct chart *c)
{
	*c = (struct chart){.archive = BUF_INIT(LIMIT_CHART_ARCHIVE_BYTES_MAX),
	    .provenance = BUF_INIT(LIMIT_PROVENANCE_BYTES_MAX)};
	chart_metadata_init(&c->metadata);
}

void chart_release(struct chart *c)
{
	chart_metadata_release(&c->metadata);
	buf_release(&c->archive);
	buf_release(&c->provenance);
	chart_init(c);
}

static int load_metadata(struct chart_metadata *m, const struct buf *yaml, struct error *err)
{
	if (chart_yaml_read(m, buf_text(yaml), yaml->len, err) != 0 ||
	    chart_rules_apply(m, err) != 0)
		return error_prefix(err, "Chart.yaml");
	return 0;
}

/* The metadata of the archive that travels, however it came about. */
static int load_archive(struct chart *c, struct error *err)
{
	auto_chart_archive struct chart_archive archive;

	chart_archive_init(&archive);
	if (chart_archive_read(&archive, buf_text(&c->archive), c->archive.len, err) != 0)
		return -1;
	return load_metadata(&c->metadata, &archive.chart_yaml, err);
}

/* Helm takes PATH.prov along whenever it exists. */
static int load_provenance(struct chart *c, const char *path, struct error *err)
{
	auto_free char *prov = mem_printf("%s.prov", path);
	auto_fd int fd = open(prov, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) != 0)
		return error_sys(err, "provenance '%s'", prov);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_CHART, "provenance '%s': not a regular file", prov);
	c->has_provenance = true;
	return buf_read_fd(&c->provenance, fd, "provenance", err);
}

static int load_file(struct chart *c, int fd, const char *path, const struct chart_packing *packing,
    struct error *err)
{
	if (packing->version != NULL || packing->app_version != NULL)
		return error_set(err, ERR_USAGE,
		    "--version and --app-version are for chart directories, this is an archive");
	if (buf_read_fd(&c->archive, fd, "archive", err) != 0 || load_archive(c, err) != 0)
		return -1;
	return load_provenance(c, path, err);
}

/* helm package takes no other; helm push would. */
static int check_api_version(const struct chart_metadata *m, struct error *err)
{
	if (text_is(&m->api_version, "v1") || text_is(&m->api_version, "v2"))
		return 0;
	return error_set(err, ERR_CHART, "Chart.yaml: apiVersion '%s' is not 'v1' or 'v2'",
	    text_string(&m->api_version));
}

/*
 * A chart packed without what it depends on would fail where it is installed. Helm goes by the
 * names inside the charts, this version by those of their directories, which are the same but for
 * renamed ones.
 */
static int check_dependencies(
    const struct chart_metadata *m, const struct chart_files *files, struct error *err)
{
	for (size_t i = 0; i < m->dependencies.count; i++) {
		const struct chart_dependency *d = m->dependencies.items[i];
		auto_free char *path = mem_printf("charts/%s/Chart.yaml", text_string(&d->name));
		if (chart_files_find(files, path) == NULL)
			return error_set(err, ERR_CHART,
			    "dependency '%s' is in Chart.yaml, but missing in charts/",
			    text_string(&d->name));
	}
	return 0;
}

static void override(struct text *t, const char *value)
{
	if (value == NULL)
		return;
	text_set(t, value, strlen(value));
	t->line = 0;
}

static int prepare_metadata(struct chart_metadata *m, const struct chart_files *files,
    const struct chart_packing *packing, struct error *err)
{
	const struct chart_file *file = chart_files_find(files, "Chart.yaml");

	if (file == NULL)
		return error_set(err, ERR_CHART, "Chart.yaml is missing");
	if (load_metadata(m, &file->content, err) != 0)
		return -1;
	if (chart_packable_source(buf_text(&file->content), file->content.len, err) != 0)
		return error_prefix(err, "Chart.yaml");
	override(&m->version, packing->version);
	override(&m->app_version, packing->app_version);
	if (chart_rules_apply(m, err) != 0)
		return error_prefix(err, "with --version and --app-version");
	if (check_api_version(m, err) != 0)
		return -1;
	return check_dependencies(m, files, err);
}

/*
 * Chart.yaml anew. A v1 chart has no dependencies in it and no Chart.lock, so Helm leaves them out.
 */
static int rewrite(struct chart_files *files, struct chart_metadata *m, struct error *err)
{
	struct chart_file *file = chart_files_find(files, "Chart.yaml");

	if (text_is(&m->api_version, "v1")) {
		chart_metadata_drop_dependencies(m);
		chart_files_remove(files, "Chart.lock");
		file = chart_files_find(files, "Chart.yaml");
	}
	if (chart_packable_check(m, err) != 0)
		return error_prefix(err, "Chart.yaml");
	buf_release(&file->content);
	file->content.max = LIMIT_YAML_BYTES_MAX;
	chart_yaml_write(&file->content, m);
	return buf_check(&file->content, "Chart.yaml", err);
}

static int load_directory(
    struct chart *c, int fd, const struct chart_packing *packing, struct error *err)
{
	auto_chart_files struct chart_files files = {.items = NULL};
	auto_chart_metadata struct chart_metadata m;

	chart_metadata_init(&m);
	if (chart_files_read(&files, fd, err) != 0 ||
	    prepare_metadata(&m, &files, packing, err) != 0)
		return -1;
	if (rewrite(&files, &m, err) != 0 ||
	    chart_packer_pack(&c->archive, &files, text_string(&m.name), packing->mtime, err) != 0)
		return -1;
	return load_archive(c, err);
}

static int load(
    struct chart *out, const char *path, const struct chart_packing *packing, struct error *err)
{
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return error_sys(err, "cannot be opened");
	if (S_ISDIR(st.st_mode))
		return load_directory(out, fd, packing, err);
	if (S_ISREG(st.st_mode))
		return load_file(out, fd, path, packing, err);
	return error_set(err, ERR_CHART, "neither a directory nor a regular file");
}

int chart_load(
    struct chart *out, const char *path, const struct chart_packing *packing, struct error *err)
{
	chart_init(out);
	if (load(out, path, packing, err) != 0)
		return error_prefix(err, "chart '%s'", path);
	return 0;
}
