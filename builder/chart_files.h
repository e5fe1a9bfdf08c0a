/*
 * The files of a chart directory, in memory.
 * Source: Helm pkg/chart/v2/loader/directory.go; reference helm.md 3.2.
 */
#ifndef BUILDER_CHART_FILES_H
#define BUILDER_CHART_FILES_H

#include <stddef.h>

#include "common/buf.h"

struct chart_file {
	char *path;         /* owned; relative, "/" between components */
	struct buf content; /* without a UTF-8 byte order mark, as Helm's loader leaves it */
};

struct chart_files {
	struct chart_file *items; /* owned; sorted by the bytes of their paths, unique */
	size_t count;
	size_t capacity;
};

/**
 * chart_files_read(out, directory_fd, err): reads all regular files below a directory.
 *
 * directory_fd  borrowed.
 * Nothing outside it is opened, no link is followed, and nothing but regular files is opened for
 * reading, so no FIFO or device can block. Left out, as in Helm: what begins with a dot directly
 * below templates/, and what begins with a dot or an underscore directly below charts/.
 * Returns 0 and out to be released (also after a failure), or -1 with err set, naming the file:
 * ERR_CHART for FIFOs, devices, sockets and loose files in charts/; ERR_LIMIT; ERR_UNSUPPORTED for
 * what this version does not handle: links, .helmignore, archives in charts/, requirements.yaml;
 * ERR_SYSTEM.
 */
int chart_files_read(struct chart_files *out, int directory_fd, struct error *err) MUST_CHECK;

/** chart_files_find(files, path): the file of this path, or NULL. Borrowed. */
struct chart_file *chart_files_find(const struct chart_files *files, const char *path);

/** chart_files_remove(files, path): forgets the file of this path, if there is one. */
void chart_files_remove(struct chart_files *files, const char *path);
void chart_files_release(struct chart_files *files);
#define auto_chart_files __attribute__((cleanup(chart_files_release)))

#endif
