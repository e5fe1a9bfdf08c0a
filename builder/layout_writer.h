/*
 * Writing a layout that appears under its name whole or not at all.
 *
 * It grows in a staging directory beside its place, .NAME.tmp-<16 hex>, whose flock says that its
 * maker lives; what a dead one left is removed by the next. Every file is synced before the one
 * rename. Source: reference security.md 4.6; design architecture.md 4.
 */
#ifndef BUILDER_LAYOUT_WRITER_H
#define BUILDER_LAYOUT_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/digest.h"
#include "common/error.h"

struct layout_writer;

/**
 * layout_writer_new(path, replace, err): prepares the staging directory; NULL with err set:
 * ERR_EXISTS where path exists and either replace is false or what is there is no layout, ERR_USAGE
 * for a path without a last component, ERR_SYSTEM. Signals must be held (common/interrupt.h).
 */
struct layout_writer *layout_writer_new(
    const char *path, bool replace, struct error *err) MUST_CHECK;

/** layout_writer_free(w): removes the staging directory unless it was published. */
void layout_writer_free(struct layout_writer *w);
static inline void cleanup_layout_writer(struct layout_writer **slot)
{
	layout_writer_free(*slot);
}
#define auto_layout_writer __attribute__((cleanup(cleanup_layout_writer)))

/**
 * layout_writer_check_outside(w, path, err): ERR_USAGE where path is a directory and the layout
 * grows somewhere below it: what is packed there would hold pieces of the layout itself. A path
 * that is not there passes; reading it will tell.
 */
int layout_writer_check_outside(
    const struct layout_writer *w, const char *path, struct error *err) MUST_CHECK;

/** layout_writer_blob(w, digest, bytes, len, err): a blob under its digest; one that is there
 * already is kept. */
int layout_writer_blob(struct layout_writer *w, const struct digest *digest, const void *bytes,
    size_t len, struct error *err) MUST_CHECK;

/** layout_writer_file(w, name, bytes, len, err): a file of the root; name is a constant or a
 * signature's. */
int layout_writer_file(struct layout_writer *w, const char *name, const void *bytes, size_t len,
    struct error *err) MUST_CHECK;

/** layout_writer_staging(w): where it grows, for checking it before it is published; borrowed. */
const char *layout_writer_staging(const struct layout_writer *w);

/**
 * layout_writer_publish(w, err): gives it its modes and its name. ERR_EXISTS where another process
 * was faster. With replace and something there, that is looked at once more, the two are exchanged
 * in one step and the old one is removed after it; ERR_BUSY while another builder is at it.
 */
int layout_writer_publish(struct layout_writer *w, struct error *err) MUST_CHECK;

#endif
