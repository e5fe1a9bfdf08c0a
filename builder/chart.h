/*
 * A chart, from a directory or an archive: its metadata as Helm loads it, and the archive that
 * travels.
 * Source: reference helm.md 1 to 5; design formats.md 2.
 */
#ifndef BUILDER_CHART_H
#define BUILDER_CHART_H

#include <stdbool.h>
#include <stdint.h>

#include "builder/chart_metadata.h"
#include "builder/dependency_update.h"
#include "builder/lint.h"
#include "common/buf.h"
#include "common/error.h"

struct chart {
	struct chart_metadata metadata; /* of the archive's Chart.yaml; obeys chart_rules */
	struct buf archive;             /* the very bytes given, or the directory packed */
	bool has_provenance;
	struct buf provenance;         /* of CHART.tgz.prov, unchanged */
	struct lint_findings warnings; /* lint_misleading() of its Chart.yaml */
};

/** How a directory is packed; archives take none of it. */
struct chart_packing {
	const char *version;     /* replaces Chart.yaml's; NULL: as it stands */
	const char *app_version; /* likewise */
	int64_t mtime;           /* of every entry: seconds since 1970, 0 ..= 8^11 - 1 */
	const struct chart_pool *dependencies; /* dependency_update() with these; NULL: without */
	struct dependency_check check;         /* of directories that it leads to; by any thread */
};

/**
 * chart_load(out, path, packing, err): reads and checks a chart.
 *
 * path     a directory, or a regular file (a .tgz), the operator's: a link at its end is followed.
 * Returns 0, or -1 with err set, prefixed with the path: ERR_CHART for what Helm or we refuse,
 * ERR_LIMIT, ERR_USAGE for packing options with an archive, ERR_SYSTEM. Reads no clock,
 * writes nothing.
 * Release with chart_release(), also after a failure.
 */
int chart_load(struct chart *out, const char *path, const struct chart_packing *packing,
    struct error *err) MUST_CHECK;
void chart_init(struct chart *c);
void chart_release(struct chart *c);
#define auto_chart __attribute__((cleanup(chart_release)))

#endif
