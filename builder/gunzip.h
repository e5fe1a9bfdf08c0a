/*
 * One gzip member in memory, checked to its last byte.
 * libarchive would check neither CRC nor length, and would take what follows the member. libdeflate
 * would take broken codes that zlib and Helm's reader refuse.
 * Source: RFC 1952.
 */
#ifndef BUILDER_GUNZIP_H
#define BUILDER_GUNZIP_H

#include <stddef.h>

#include "common/buf.h"

/**
 * gunzip(out, bytes, len, err): appends the content of the one member that bytes hold.
 *
 * out       its cap bounds the content.
 * FEXTRA is skipped by its length: Helm's own does not follow the RFC's inner form. Time, name and
 * comment are ignored.
 * Returns 0, or -1 with err set: ERR_CHART (not gzip, cut off, broken data, wrong CRC or length,
 * anything after the member), ERR_LIMIT beyond out's cap.
 */
int gunzip(struct buf *out, const char *bytes, size_t len, struct error *err) MUST_CHECK;

#endif
