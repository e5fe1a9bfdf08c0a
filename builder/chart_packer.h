/*
 * A chart archive made from files: the same files, the same bytes, on any machine.
 * Source: Helm pkg/chart/v2/util/save.go; reference helm.md 3.3; design formats.md 2.
 */
#ifndef BUILDER_CHART_PACKER_H
#define BUILDER_CHART_PACKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "builder/chart_archive.h"
#include "builder/chart_files.h"

/**
 * chart_packer_pack(out, files, base, mtime, err): the .tgz of files below the directory base.
 *
 * In the order of files: ustar, a pax header only where a name or a time from 2^31 on needs one;
 * mode 0644, owner 0 without a name, the one mtime (0 ..= 8^11 - 1); two zero blocks and no other
 * padding. libdeflate level 6, whose bytes depend on its release alone.
 *
 * What was made is read again, as a foreign archive would be, and must be what went into it.
 *
 * out       released or never used; holds the archive on success, and then has a cap of its own.
 * Returns 0, or -1 with err set: ERR_LIMIT beyond LIMIT_CHART_TAR_BYTES_MAX or
 * LIMIT_CHART_ARCHIVE_BYTES_MAX, ERR_CHART for a name that tar cannot hold, and for
 * all that chart_archive_read() refuses. LC_CTYPE must be a
 * UTF-8 locale.
 */
int chart_packer_pack(struct buf *out, const struct chart_files *files, const char *base,
    int64_t mtime, struct error *err) MUST_CHECK;

struct chart_packer {
	struct buf tar;            /* where is_aside, nobody writes to it */
	struct chart_archive made; /* what its readers will find in it; for the caller to look at */
	pthread_t thread;
	bool is_aside; /* the thread reads tar, and until it is joined it alone touches the rest */
	struct buf archive;
	int status;
	struct error err;
};

/**
 * chart_packer_start(p, files, base, mtime, err), chart_packer_finish(p, out, err): the same in two
 * steps; in between a thread may be compressing, while the caller does something else. Of files
 * nothing is needed any more once the first one has returned.
 *
 * p         does not move between chart_packer_init() and chart_packer_release(), which waits for
 *           the thread.
 */
void chart_packer_init(struct chart_packer *p);
int chart_packer_start(struct chart_packer *p, const struct chart_files *files, const char *base,
    int64_t mtime, struct error *err) MUST_CHECK;
int chart_packer_finish(struct chart_packer *p, struct buf *out, struct error *err) MUST_CHECK;
void chart_packer_release(struct chart_packer *p);
#define auto_chart_packer __attribute__((cleanup(chart_packer_release)))

#endif
