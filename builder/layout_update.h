/*
 * Changing a layout where it stands: what sign and seal do.
 *
 * Every file is written whole and synced in a staging directory beside the layout, never in it, and
 * takes its name in one step. The lock on the layout's directory keeps other builders away from it.
 * Source: design formats.md 1.4; reference security.md 4.6.
 */
#ifndef BUILDER_LAYOUT_UPDATE_H
#define BUILDER_LAYOUT_UPDATE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/digest.h"
#include "common/error.h"
#include "common/layout.h"

struct layout_update;

/**
 * layout_update_new(path, err): locks the directory, removes what a dead builder left beside it and
 * prepares the staging directory. NULL with err set: ERR_BUSY while another builder is at it,
 * what layout_open() gives, ERR_USAGE for the
 * root directory, which has nothing beside it. Signals must be held
 * (common/interrupt.h).
 */
struct layout_update *layout_update_new(const char *path, struct error *err) MUST_CHECK;

/** layout_update_free(u): removes the staging directory and lets go of the lock. */
void layout_update_free(struct layout_update *u);
static inline void cleanup_layout_update(struct layout_update **slot)
{
	layout_update_free(*slot);
}
#define auto_layout_update __attribute__((cleanup(cleanup_layout_update)))

/** layout_update_layout(u): the layout, opened once; borrowed. */
const struct layout *layout_update_layout(const struct layout_update *u);

/**
 * layout_update_replace(u, name, bytes, len, err), layout_update_add(...): a file of the root, in
 * the place of any other, or only where there is none: ERR_EXISTS. name is a constant or a
 * signature's. Durable when it returns.
 */
int layout_update_replace(struct layout_update *u, const char *name, const void *bytes, size_t len,
    struct error *err) MUST_CHECK;
int layout_update_add(struct layout_update *u, const char *name, const void *bytes, size_t len,
    struct error *err) MUST_CHECK;

/** layout_update_blob(u, digest, bytes, len, err): a blob; one that is there is kept. Durable after
 * layout_update_sync(). */
int layout_update_blob(struct layout_update *u, const struct digest *digest, const void *bytes,
    size_t len, struct error *err) MUST_CHECK;

/**
 * layout_update_remove(u, path, err): a file, whatever kind, or an empty directory; path as in
 * SEAL: below the root, blobs/ or blobs/sha256/. None there is fine. Not followed if a link.
 */
int layout_update_remove(struct layout_update *u, const char *path, struct error *err) MUST_CHECK;

/** layout_update_sync(u, err): the three directories on the disk, and with whole_disk every file of
 * the file system: what other tools wrote into the layout may still be in memory alone. */
int layout_update_sync(struct layout_update *u, bool whole_disk, struct error *err) MUST_CHECK;

#endif
