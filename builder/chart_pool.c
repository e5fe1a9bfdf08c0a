#include "builder/chart_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/chart_archive.h"
#include "builder/chart_rules.h"
#include "builder/chart_yaml.h"
#include "builder/dependency_directory.h"
#include "builder/directory_names.h"
#include "common/fd.h"
#include "common/interrupt.h"
#include "common/limits.h"

#define OPEN_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

static void pool_chart_release(struct pool_chart *c)
{
	free(c->path);
	free(c->fault);
	text_release(&c->name);
	text_release(&c->version);
}
#define auto_pool_chart __attribute__((cleanup(pool_chart_release)))

void chart_pool_release(struct chart_pool *pool)
{
	for (size_t i = 0; i < pool->count; i++)
		pool_chart_release(&pool->items[i]);
	free(pool->items);
	*pool = (struct chart_pool)CHART_POOL_INIT;
}

/* By Chart.yaml alone: what the whole chart is worth is found out when it is chosen. */
static int identify(struct pool_chart *c, const char *yaml, size_t len, struct error *err)
{
	auto_chart_metadata struct chart_metadata m;

	chart_metadata_init(&m);
	if (chart_yaml_read(&m, yaml, len, err) != 0 || chart_rules_apply(&m, err) != 0)
		return error_prefix(err, "Chart.yaml");
	if (semver_parse(&c->semver, text_string(&m.version), m.version.len, err) != 0)
		return -1;
	text_set(&c->name, text_string(&m.name), m.name.len);
	text_set(&c->version, text_string(&m.version), m.version.len);
	return 0;
}

/* A regular file, whatever the name stood for a moment ago. */
static int read_regular(struct buf *out, int dir_fd, const char *name, struct error *err)
{
	auto_fd int fd = openat(dir_fd, name, OPEN_FLAGS);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return error_sys(err, "cannot be opened");
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_CHART, "not a regular file");
	return buf_read_fd(out, fd, "the file", err);
}

static int identify_archive(
    struct chart_pool *pool, struct pool_chart *c, int dir_fd, const char *name, struct error *err)
{
	auto_buf struct buf tgz = BUF_INIT(LIMIT_CHART_ARCHIVE_BYTES_MAX);
	auto_chart_archive struct chart_archive archive;

	chart_archive_init(&archive);
	if (read_regular(&tgz, dir_fd, name, err) != 0 ||
	    chart_archive_read(&archive, buf_text(&tgz), tgz.len, err) != 0)
		return -1;
	pool->bytes += archive.tar_bytes;
	digest_of(&c->digest, buf_text(&tgz), tgz.len);
	const struct chart_file *file = chart_files_find(&archive.files, "Chart.yaml");
	if (file != NULL)
		return identify(c, file->bytes, file->len, err);
	return error_set(err, ERR_CHART, "Chart.yaml is missing");
}

/* *out_found: false for a directory that is not meant to be a chart. */
static int identify_directory(
    struct pool_chart *c, int dir_fd, const char *name, bool *out_found, struct error *err)
{
	auto_buf struct buf yaml = BUF_INIT(LIMIT_YAML_BYTES_MAX);
	auto_fd int fd = openat(dir_fd, name, OPEN_FLAGS | O_DIRECTORY);
	struct stat st;

	*out_found = true;
	c->is_directory = true;
	if (fd < 0)
		return error_sys(err, "cannot be opened");
	if (fstatat(fd, "Chart.yaml", &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT) {
		*out_found = false;
		return 0;
	}
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_CHART, "Chart.yaml is not a regular file");
	if (read_regular(&yaml, fd, "Chart.yaml", err) != 0)
		return error_prefix(err, "Chart.yaml");
	const char *text = buf_text(&yaml);
	size_t mark = yaml.len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
	return identify(c, text + mark, yaml.len - mark, err);
}

static bool is_archive_name(const char *name)
{
	size_t len = strlen(name);

	return len >= 4 && strcmp(name + len - 4, ".tgz") == 0;
}

static int look_at(struct chart_pool *pool, struct pool_chart *c, int dir_fd, const char *name,
    bool *out_found, struct error *err)
{
	struct stat st;

	*out_found = true;
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return error_sys(err, "cannot be read");
	if (S_ISLNK(st.st_mode))
		return error_set(err, ERR_CHART, "a link, and no link is followed here");
	if (S_ISDIR(st.st_mode))
		return identify_directory(c, dir_fd, name, out_found, err);
	*out_found = is_archive_name(name);
	if (!*out_found)
		return 0;
	/* Not opened, because opening alone can do harm to a device. */
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_CHART, "not a regular file");
	return identify_archive(pool, c, dir_fd, name, err);
}

static void add(struct chart_pool *pool, struct pool_chart *take)
{
	pool->items = mem_grow(pool->items, pool->count, &pool->capacity, sizeof(*pool->items));
	pool->items[pool->count++] = *take;
	*take = (struct pool_chart){.path = NULL};
}

static int add_entry(
    struct chart_pool *pool, const char *directory, int dir_fd, const char *name, struct error *err)
{
	auto_pool_chart struct pool_chart c = {.path = mem_printf("%s/%s", directory, name)};
	struct error fault = ERROR_INIT;
	bool found;

	c.file = c.path + strlen(directory) + 1;
	if (interrupt_check(err) != 0)
		return -1;
	if (look_at(pool, &c, dir_fd, name, &found, &fault) != 0)
		c.fault = mem_strdup(fault.text);
	if (pool->bytes > LIMIT_DEPENDENCY_BYTES_MAX)
		return error_set(err, ERR_LIMIT, "more than %llu bytes in all archives, unpacked",
		    LIMIT_DEPENDENCY_BYTES_MAX);
	if (found)
		add(pool, &c);
	return 0;
}

static int read_directory(struct chart_pool *pool, const char *directory, struct error *err)
{
	auto_directory_names struct directory_names names = DIRECTORY_NAMES_INIT;
	auto_fd int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_sys(err, "cannot be opened");
	if (directory_names_read(&names, fd, LIMIT_DEPENDENCY_ENTRIES_MAX, err) != 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		if (add_entry(pool, directory, fd, names.items[i], err) != 0)
			return -1;
	}
	return 0;
}

int chart_pool_read(
    struct chart_pool *out, const char *const *directories, size_t count, struct error *err)
{
	*out = (struct chart_pool)CHART_POOL_INIT;
	for (size_t i = 0; i < count; i++) {
		if (read_directory(out, directories[i], err) != 0)
			return error_prefix(err, "dependency directory '%s'", directories[i]);
	}
	return 0;
}

static bool is_same(const struct pool_chart *a, const struct pool_chart *b)
{
	return !a->is_directory && !b->is_directory && digest_equal(&a->digest, &b->digest);
}

static int check_alone(
    const struct chart_pool *pool, const struct pool_chart *chosen, struct error *err)
{
	for (size_t i = 0; i < pool->count; i++) {
		const struct pool_chart *c = &pool->items[i];
		if (c == chosen || text_compare(&c->name, &chosen->name) != 0 ||
		    text_compare(&c->version, &chosen->version) != 0 || is_same(c, chosen))
			continue;
		return error_set(err, ERR_CHART,
		    "'%s' and '%s' are both the version '%s' of '%s', but not the same bytes",
		    chosen->path, c->path, text_string(&c->version), text_string(&c->name));
	}
	return 0;
}

int chart_pool_choose(const struct chart_pool *pool, const struct pool_chart **out,
    const struct text *name, const struct version_demand *demand, struct error *err)
{
	const struct pool_chart *best = NULL;

	*out = NULL;
	for (size_t i = 0; i < pool->count; i++) {
		const struct pool_chart *c = &pool->items[i];
		if (c->fault != NULL) {
			if (strncmp(c->file, text_string(name), name->len) == 0)
				return error_set(err, ERR_CHART, "'%s': %s", c->path, c->fault);
		} else if (text_compare(&c->name, name) == 0 &&
			   version_demand_admits(demand, &c->version, &c->semver) &&
			   (best == NULL || semver_compare(&c->semver, &best->semver) > 0)) {
			best = c;
		}
	}
	*out = best;
	return best != NULL ? check_alone(pool, best, err) : 0;
}

static int archive_again(struct buf *out, const struct pool_chart *chart, struct error *err)
{
	struct digest digest;

	buf_release(out);
	out->max = LIMIT_CHART_ARCHIVE_BYTES_MAX;
	if (read_regular(out, AT_FDCWD, chart->path, err) != 0)
		return -1;
	digest_of(&digest, buf_text(out), out->len);
	if (!digest_equal(&digest, &chart->digest))
		return error_set(err, ERR_CHART, "changed while it was read");
	return 0;
}

static int pack_again(
    struct buf *out, const struct pool_chart *chart, int64_t mtime, struct error *err)
{
	struct dependency_chart packed;

	dependency_chart_init(&packed);
	int status = dependency_directory_pack(&packed, chart->path, O_NOFOLLOW, mtime, err);
	if (status == 0 && (text_compare(&packed.name, &chart->name) != 0 ||
			       text_compare(&packed.version, &chart->version) != 0))
		status = error_set(err, ERR_CHART, "'%s': changed while it was read", chart->path);
	if (status == 0) {
		*out = packed.archive;
		packed.archive = (struct buf)BUF_INIT(0);
	}
	dependency_chart_release(&packed);
	return status;
}

int chart_pool_archive(
    struct buf *out, const struct pool_chart *chart, int64_t mtime, struct error *err)
{
	if (chart->is_directory)
		return pack_again(out, chart, mtime, err);
	if (archive_again(out, chart, err) != 0)
		return error_prefix(err, "'%s'", chart->path);
	return 0;
}
