/*
 * Dependencies without a network: what `helm package --dependency-update` does to a chart directory
 * before it packs it, done in memory.
 * Source: Helm 4.2.4 internal/resolver/resolver.go Resolve(), pkg/downloader/manager.go Update();
 * reference helm.md 4.4.
 */
#ifndef BUILDER_DEPENDENCY_UPDATE_H
#define BUILDER_DEPENDENCY_UPDATE_H

#include <stdint.h>

#include "builder/chart_files.h"
#include "builder/chart_pool.h"

/** Who may refuse a directory that a chart's "file://" repository leads to, before it is read. */
struct dependency_check {
	int (*judge)(const void *context, const char *path, struct error *err); /* NULL: nobody */
	const void *context;
};

/** What a chart is completed with. */
struct dependency_sources {
	const struct chart_pool
	    *pool;    /* in the place of repositories that have a network address */
	int64_t time; /* of the entries of archives that are made, and of the lock: since 1970 */
	struct dependency_check check;
};

/**
 * dependency_update(files, path, sources, err): adds what charts/ lacks, and the lock.
 *
 * files    of a chart directory, in Helm's order, which they keep. Untrusted.
 * path     of that directory: where "file://" starts.
 * For each dependency, in this order: the highest version in charts/ that its constraint admits;
 * with a "file://" repository the directory there; with any other the highest of the pool that the
 * constraint admits. What is added is charts/NAME-VERSION.tgz. The other archives in charts/ are
 * taken out as outdated, but for those of dependencies without a repository. The lock is written
 * anew if its digest changes: Chart.lock, or requirements.lock for apiVersion v1. A chart without a
 * list of dependencies stays as it is.
 * Returns 0, or -1 with err set and files half changed: ERR_CHART for what Helm refuses when it
 * loads the chart; a constraint that is none; an unpacked chart in charts/ that no constraint of
 * its name admits; a directory with a chart of another name; two versions of one name, of which a
 * package can hold but one; what is missing, all of it in one text. Else as chart_tree_load(),
 * chart_pool_choose() and dependency_directory_pack().
 */
int dependency_update(struct chart_files *files, const char *path,
    const struct dependency_sources *sources, struct error *err) MUST_CHECK;

#endif
