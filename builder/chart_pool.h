/*
 * The charts that lie in directories which the operator named: archives and unpacked charts, by
 * their names and versions.
 */
#ifndef BUILDER_CHART_POOL_H
#define BUILDER_CHART_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "builder/semver.h"
#include "builder/text.h"
#include "builder/version_demand.h"
#include "common/buf.h"
#include "common/digest.h"
#include "common/error.h"

struct pool_chart {
	char *path;       /* owned; DIR/NAME */
	const char *file; /* the NAME in path */
	char *fault;      /* owned; why it is no chart to be used: all below is empty; else NULL */
	bool is_directory;
	struct text name;
	struct text version;
	struct semver semver;
	struct digest digest; /* of the archive's bytes; of no meaning for a directory */
};

struct chart_pool {
	struct pool_chart *items; /* owned; by directory as given, then by the bytes of file */
	size_t count;
	size_t capacity;
	uint64_t bytes; /* of all archives, unpacked */
};

#define CHART_POOL_INIT                                                                            \
	{                                                                                          \
		.items = NULL, .count = 0, .capacity = 0, .bytes = 0                               \
	}

/**
 * chart_pool_read(out, directories, count, err): looks at all that lies directly in directories.
 *
 * Taken are regular files *.tgz and directories with a Chart.yaml. What cannot be used, links among
 * it, is kept with its fault: whoever wants a chart of that name has to know. Nothing is followed,
 * and nothing but regular files and directories is opened, so no FIFO can block. An archive is read
 * whole by chart_archive_read(), of what it holds Chart.yaml alone; of a directory nothing else is
 * opened.
 * Returns 0 and out to be released (also after a failure), or -1 with err set: ERR_SYSTEM for a
 * directory that cannot be read, ERR_LIMIT beyond LIMIT_DEPENDENCY_*, ERR_INTERRUPTED.
 */
int chart_pool_read(struct chart_pool *out, const char *const *directories, size_t count,
    struct error *err) MUST_CHECK;
void chart_pool_release(struct chart_pool *pool);
#define auto_chart_pool __attribute__((cleanup(chart_pool_release)))

/**
 * chart_pool_choose(pool, out, name, demand, err): the highest version of name that the
 * demand admits; of versions that differ in nothing but metadata the first one.
 *
 * out       borrowed from pool; NULL where there is none.
 * Returns 0, or -1 with ERR_CHART, files named: something with a fault whose file name begins with
 * name; or the chosen version is there twice, other than as archives of the same bytes, so that
 * nobody can tell which one is meant.
 */
int chart_pool_choose(const struct chart_pool *pool, const struct pool_chart **out,
    const struct text *name, const struct version_demand *demand, struct error *err) MUST_CHECK;

/**
 * chart_pool_archive(out, chart, mtime, err): the bytes of an archive, or of the archive that
 * dependency_directory_pack() makes of a directory.
 *
 * out       never used before.
 * Returns 0, or -1 with err set, prefixed with the path: ERR_CHART where it is not any more what it
 * was, and as dependency_directory_pack().
 */
int chart_pool_archive(
    struct buf *out, const struct pool_chart *chart, int64_t mtime, struct error *err) MUST_CHECK;

#endif
