/*
 * A chart directory that another chart depends on, packed as it would be for delivery.
 * Source: Helm 4.2.4 pkg/downloader/manager.go tarFromLocalDir(), internal/resolver/resolver.go
 * GetLocalPath().
 */
#ifndef BUILDER_DEPENDENCY_DIRECTORY_H
#define BUILDER_DEPENDENCY_DIRECTORY_H

#include <stdint.h>

#include "builder/text.h"
#include "common/buf.h"
#include "common/error.h"

struct dependency_chart {
	struct text name;
	struct text version;
	struct buf archive;
};

void dependency_chart_init(struct dependency_chart *c);
void dependency_chart_release(struct dependency_chart *c);
#define auto_dependency_chart __attribute__((cleanup(dependency_chart_release)))

/** DEPENDENCY_FILE_SCHEME: what the repository of a dependency on a directory begins with. */
#define DEPENDENCY_FILE_SCHEME "file://"

/**
 * dependency_directory_path(chart, repository): where repository, "file://" and a path, leads for a
 * chart in the directory chart; owned by the caller.
 *
 * A relative path starts in the chart directory. As in Helm it is text until it is opened: "a/.."
 * is nothing, even if a is a link, and no %XX is decoded.
 */
char *dependency_directory_path(const char *chart, const char *repository);

/**
 * dependency_directory_pack(out, path, open_flags, mtime, err): the archive that Helm makes of a
 * directory another chart depends on.
 *
 * out         dependency_chart_init() has been called; release it in any case.
 * open_flags  O_NOFOLLOW for a path that must not be a link, or 0.
 * Nothing is done about its own dependencies, nor are they missed, as in Helm.
 * Returns 0, or -1 with err set, prefixed with the path: ERR_SYSTEM, with ENOENT in sys_errno where
 * nothing is there; ERR_CHART and ERR_LIMIT as chart_directory_read(), chart_tree_load(),
 * chart_package_list() and chart_packer_pack().
 */
int dependency_directory_pack(struct dependency_chart *out, const char *path, int open_flags,
    int64_t mtime, struct error *err) MUST_CHECK;

#endif
