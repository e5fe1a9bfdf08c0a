/*
 * The files of a chart, in memory, in the order in which Helm loads them.
 * Source: Helm pkg/chart/loader/archive/archive.go BufferedFile.
 */
#ifndef BUILDER_CHART_FILES_H
#define BUILDER_CHART_FILES_H

#include <stddef.h>

#include "common/buf.h"

struct chart_file {
	char *path;        /* owned; relative, "/" between components */
	const char *bytes; /* the content without a UTF-8 byte order mark; "" when empty */
	size_t len;
	char *store; /* owned; what bytes points into; NULL: borrowed from where it was taken */
};

struct chart_files {
	struct chart_file *items; /* owned; in no order but that in which they were put */
	size_t count;
	size_t capacity;
	char *store; /* owned; what contents of many files may point into; or NULL */
};

#define CHART_FILES_INIT                                                                           \
	{                                                                                          \
		.items = NULL, .count = 0, .capacity = 0, .store = NULL                            \
	}

/**
 * chart_files_take(files, path, content): puts a file behind the others. Takes *path and the
 * content, without the byte order mark that Helm's loader removes from every file.
 */
void chart_files_take(struct chart_files *files, char **path, struct buf *content);

/** chart_files_refer(files, path, bytes, len): the same for bytes that stay where they are. */
void chart_files_refer(struct chart_files *files, char **path, const char *bytes, size_t len);

/**
 * chart_files_borrow(files, path, bytes, len): puts a copy of path and borrowed bytes behind the
 * others; a byte order mark is not looked for.
 */
void chart_files_borrow(struct chart_files *files, const char *path, const char *bytes, size_t len);

/**
 * chart_files_put(files, path, content): the same as chart_files_take(), but in the place of the
 * file of that path, or else where Helm's walk through a directory would have found it: files are
 * in the order of such a walk.
 */
void chart_files_put(struct chart_files *files, char **path, struct buf *content);

/** chart_files_remove(files, path): takes the file of that path out, where there is one. */
void chart_files_remove(struct chart_files *files, const char *path);

/** chart_files_twice(files): a path that two of the files have, or NULL. Borrowed. */
const char *chart_files_twice(const struct chart_files *files);

/** chart_files_find(files, path): the first file of this path, or NULL. Borrowed. */
const struct chart_file *chart_files_find(const struct chart_files *files, const char *path);

/** chart_files_sort(files): by the bytes of their paths. */
void chart_files_sort(struct chart_files *files);

void chart_files_release(struct chart_files *files);
#define auto_chart_files __attribute__((cleanup(chart_files_release)))

#endif
