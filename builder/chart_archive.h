/*
 * A chart archive taken apart: the files that are in it.
 * Source: Helm pkg/chart/loader/archive/archive.go; reference helm.md 5; design formats.md 9 (C6).
 */
#ifndef BUILDER_CHART_ARCHIVE_H
#define BUILDER_CHART_ARCHIVE_H

#include <stddef.h>

#include "builder/chart_files.h"

struct chart_archive {
	char *base;               /* owned; the directory that all files lie in */
	struct chart_files files; /* their paths below base, cleaned; in the archive's order; their
				   * contents are in the tar */
	size_t tar_bytes;         /* what the archive is unpacked */
};

/**
 * chart_archive_read(out, tgz, len, err): unpacks and checks a whole archive in memory.
 *
 * Directories and pax global headers are skipped, as in Helm. What Helm refuses is refused, and so
 * are: links, devices, FIFOs, sparse files; two entries of one path; two base directories; names as
 * in chart_path.h; whatever libarchive warns of; anything but zeros behind the last entry; all that
 * gunzip() refuses. What the files hold is not looked at: chart_tree_load().
 * Returns 0, or -1 with err set, naming the entry: ERR_CHART; ERR_LIMIT beyond Helm's 100 MiB and
 * 5 MiB and LIMIT_CHART_*.
 * Release with chart_archive_release(), also after a failure. LC_CTYPE must be a UTF-8 locale.
 */
int chart_archive_read(
    struct chart_archive *out, const char *tgz, size_t len, struct error *err) MUST_CHECK;

/**
 * chart_archive_read_tar(out, tar, len, err): the same for what gunzip() yields, which is borrowed
 * and must outlive out.
 */
int chart_archive_read_tar(
    struct chart_archive *out, const char *tar, size_t len, struct error *err) MUST_CHECK;
void chart_archive_init(struct chart_archive *a);
void chart_archive_release(struct chart_archive *a);
#define auto_chart_archive __attribute__((cleanup(chart_archive_release)))

#endif
