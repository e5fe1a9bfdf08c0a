/*
 * The raw headers of one tar entry, beside libarchive's reading of them: what it forgives without a
 * word.
 * Source: POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
 */
#ifndef BUILDER_TAR_HEADER_H
#define BUILDER_TAR_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

#define TAR_BLOCK_BYTES 512U

struct tar_header {
	size_t content; /* offset of the entry's content */
	size_t size_bytes;
	char type; /* '0', '7': a file; '5': a directory; NUL: either, by the name */
};

/**
 * tar_header_check(out, tar, len, offset, err): looks at the headers that begin at offset: pax and
 * GNU extension headers, if any, then the entry's own.
 *
 * Returns 0, or -1 with ERR_CHART, naming no entry: a link, device, FIFO or unknown type; a sparse
 * file; a size that is not plain octal or is set by a pax record; a number that Helm would refuse;
 * a kind of header that readers understand differently; a mode that speaks of another file type; a
 * NUL inside a name, where readers differ in what the name is; two extended headers for one;
 * headers cut off. Does not verify header sums nor read names: libarchive does.
 */
int tar_header_check(struct tar_header *out, const char *tar, size_t len, size_t offset,
    struct error *err) MUST_CHECK;

/** tar_content_end(header): the offset of what follows the content, padding included. */
size_t tar_content_end(const struct tar_header *header);

#endif
