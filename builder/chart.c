#include "builder/chart.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/chart_archive.h"
#include "builder/chart_directory.h"
#include "builder/chart_packable.h"
#include "builder/chart_package.h"
#include "builder/chart_packer.h"
#include "builder/chart_rules.h"
#include "builder/chart_tree.h"
#include "builder/dependency_update.h"
#include "builder/lint_chart_yaml.h"
#include "builder/provenance.h"
#include "common/limits.h"

void chart_init(struct chart *c)
{
	*c = (struct chart){.archive = BUF_INIT(LIMIT_CHART_ARCHIVE_BYTES_MAX),
	    .provenance = BUF_INIT(LIMIT_PROVENANCE_BYTES_MAX),
	    .warnings = LINT_FINDINGS_INIT};
	chart_metadata_init(&c->metadata);
}

void chart_release(struct chart *c)
{
	chart_metadata_release(&c->metadata);
	buf_release(&c->archive);
	buf_release(&c->provenance);
	lint_findings_release(&c->warnings);
	chart_init(c);
}

static void find_warnings(struct chart *c, const struct chart_files *files)
{
	const struct chart_file *file = chart_files_find(files, "Chart.yaml");

	if (file != NULL)
		lint_misleading(&c->warnings, file->bytes, file->len);
}

static int load_archive(struct chart *c, struct error *err)
{
	auto_chart_archive struct chart_archive archive;
	auto_chart_tree struct chart_tree tree;

	chart_archive_init(&archive);
	chart_tree_init(&tree);
	if (chart_archive_read(&archive, buf_text(&c->archive), c->archive.len, err) != 0 ||
	    chart_tree_load(&tree, &archive.files, CHART_SOURCE_ARCHIVE, err) != 0)
		return -1;
	c->metadata = tree.metadata;
	chart_metadata_init(&tree.metadata);
	find_warnings(c, &archive.files);
	return 0;
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

/*
 * Helm carries any provenance along. One that speaks of another archive would fail everybody who
 * checks it, where the enclave can no longer mend it; what is no provenance at all is Helm's
 * business.
 */
static int check_provenance(const struct chart *c, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	struct digest digest;
	char actual[DIGEST_TEXT_LEN + 1];
	char recorded[DIGEST_TEXT_LEN + 1];

	if (!c->has_provenance)
		return 0;
	digest_of(&digest, buf_text(&c->archive), c->archive.len);
	digest_text(actual, &digest);
	switch (provenance_judge(&c->provenance, name, &digest, recorded)) {
	case PROVENANCE_UNNAMED:
		return error_set(
		    err, ERR_CHART, "its .prov has no digest for a file named '%s'", name);
	case PROVENANCE_DIFFERS:
		return error_set(err, ERR_CHART, "its .prov is for '%s', and this archive is %s",
		    recorded, actual);
	case PROVENANCE_MATCHES:
	case PROVENANCE_UNREADABLE:
		break;
	}
	return 0;
}

static int load_file(struct chart *c, int fd, const char *path, const struct chart_packing *packing,
    struct error *err)
{
	if (packing->dependencies != NULL)
		return error_set(err, ERR_USAGE,
		    "--dependency-update is for chart directories, this is an archive");
	if (packing->version != NULL || packing->app_version != NULL)
		return error_set(err, ERR_USAGE,
		    "--version and --app-version are for chart directories, this is an archive");
	if (buf_read_fd(&c->archive, fd, "archive", err) != 0 || load_archive(c, err) != 0)
		return -1;
	if (load_provenance(c, path, err) != 0)
		return -1;
	return check_provenance(c, path, err);
}

static void override(struct text *t, const char *value)
{
	if (value == NULL)
		return;
	text_set(t, value, strlen(value));
	t->line = 0;
}

static int override_versions(
    struct chart_metadata *m, const struct chart_packing *packing, struct error *err)
{
	override(&m->version, packing->version);
	override(&m->app_version, packing->app_version);
	if (chart_rules_apply(m, err) != 0)
		return error_prefix(err, "with --version and --app-version");
	return 0;
}

/* Helm reads the top-most Chart.yaml twice, the first time for nothing but its apiVersion. */
static int check_source(const struct chart_files *files, struct error *err)
{
	const struct chart_file *file = chart_files_find(files, "Chart.yaml");

	if (file != NULL && chart_packable_source(file->bytes, file->len, err) != 0)
		return error_prefix(err, "Chart.yaml");
	return 0;
}

static int complete(struct chart_files *files, const char *path,
    const struct chart_packing *packing, struct error *err)
{
	const struct dependency_sources sources = {
	    .pool = packing->dependencies, .time = packing->mtime, .check = packing->check};

	return sources.pool != NULL ? dependency_update(files, path, &sources, err) : 0;
}

/* All that takes time and has no influence on the archive is done while it is being compressed. */
static int start_packing(struct chart *c, struct chart_packer *packer, int fd, const char *path,
    const struct chart_packing *packing, struct error *err)
{
	auto_chart_files struct chart_files files = CHART_FILES_INIT;
	auto_chart_files struct chart_files packed = CHART_FILES_INIT;
	auto_chart_tree struct chart_tree tree;

	chart_tree_init(&tree);
	if (chart_directory_read(&files, fd, path, err) != 0 || check_source(&files, err) != 0 ||
	    complete(&files, path, packing, err) != 0 ||
	    chart_tree_load_unchecked(&tree, &files, CHART_SOURCE_DIRECTORY, err) != 0 ||
	    override_versions(&tree.metadata, packing, err) != 0 ||
	    chart_package_check(&tree, err) != 0 || chart_package_list(&packed, &tree, err) != 0)
		return -1;
	const char *name = text_string(&tree.metadata.name);
	if (chart_packer_start(packer, &packed, name, packing->mtime, err) != 0 ||
	    chart_tree_check_values(&tree, err) != 0)
		return -1;
	find_warnings(c, &files);
	return chart_tree_metadata(&c->metadata, &packer->made.files, err);
}

static int load_directory(struct chart *c, int fd, const char *path,
    const struct chart_packing *packing, struct error *err)
{
	auto_chart_packer struct chart_packer packer;

	chart_packer_init(&packer);
	if (start_packing(c, &packer, fd, path, packing, err) != 0)
		return -1;
	return chart_packer_finish(&packer, &c->archive, err);
}

static int load(
    struct chart *out, const char *path, const struct chart_packing *packing, struct error *err)
{
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return error_sys(err, "cannot be opened");
	if (S_ISDIR(st.st_mode))
		return load_directory(out, fd, path, packing, err);
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
