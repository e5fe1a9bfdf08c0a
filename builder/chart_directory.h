/*
 * The files of a chart directory: which ones Helm packs.
 * Source: Helm 4.2.4 pkg/chart/v2/loader/directory.go, internal/sympath/walk.go; reference helm.md
 * 3.2 and 3.5; design formats.md 9 (C5).
 */
#ifndef BUILDER_CHART_DIRECTORY_H
#define BUILDER_CHART_DIRECTORY_H

#include "builder/chart_files.h"

/**
 * chart_directory_read(out, directory_fd, path, err): reads all files that .helmignore leaves, in
 * Helm's order: by name in each directory, directories where their names stand.
 *
 * directory_fd  borrowed; of the chart directory.
 * path          of the same directory, to find out where links lead.
 * A link to a file or directory beneath the chart directory counts as what it leads to, under its
 * own name; where it leads is worked out through path, but all that is opened is opened from
 * directory_fd, name by name, without following any link, so nothing outside can be read. Nothing
 * but regular files is opened for reading: no FIFO or device can block.
 * Returns 0 and out to be released (also after a failure), or -1 with err set, naming the file:
 * ERR_CHART for FIFOs, devices and sockets, links that lead outside (both ends are named) or to a
 * directory that they lie in, all unless .helmignore drops them; for links that lead nowhere, even
 * then; and as helmignore_parse(). ERR_LIMIT beyond LIMIT_CHART_*; ERR_SYSTEM.
 */
int chart_directory_read(
    struct chart_files *out, int directory_fd, const char *path, struct error *err) MUST_CHECK;

#endif
