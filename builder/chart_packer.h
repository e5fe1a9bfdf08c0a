/*
 * A chart archive made from files: the same files, the same bytes, on any machine.
 * Source: Helm pkg/chart/v2/util/save.go; reference helm.md 3.3; design formats.md 2.
 */
#ifndef BUILDER_CHART_PACKER_H
#define BUILDER_CHART_PACKER_H

#include <stdint.h>

#include "builder/chart_files.h"

/**
 * chart_packer_pack(out, files, base, mtime, err): the .tgz of files below the directory base.
 *
 * In the order of files: ustar, a pax header only where a name or a time from 2^31 on needs one;
 * mode 0644, owner 0 without a name, the one mtime (0 ..= 8^11 - 1); two zero blocks and no other
 * padding. libdeflate level 6, whose bytes depend on its release alone.
 *
 * out       released or never used; holds the archive on success, and then has a cap of its own.
 * Returns 0, or -1 with err set: ERR_LIMIT beyond LIMIT_CHART_TAR_BYTES_MAX or
 * LIMIT_CHART_ARCHIVE_BYTES_MAX, ERR_CHART for a name that tar cannot hold. LC_CTYPE must be a
 * UTF-8 locale.
 */
int chart_packer_pack(struct buf *out, const struct chart_files *files, const char *base,
    int64_t mtime, struct error *err) MUST_CHECK;

#endif
