/*
 * Staging directories: made beside the place of the result, locked while their maker lives, removed
 * with all that they hold.
 */
#ifndef COMMON_STAGING_H
#define COMMON_STAGING_H

#include "common/error.h"

/**
 * staging_make(parent_fd, name, out_staging, err): a new directory .NAME.tmp-<16 hex> of mode 0700,
 * locked; returns its descriptor, -1 with ERR_SYSTEM. *out_staging is its name, owned by the
 * caller.
 */
int staging_make(int parent_fd, const char *name, char **out_staging, struct error *err) MUST_CHECK;

/** staging_sweep(parent_fd, name): removes those of this user that nobody holds the lock of. Best
 * effort. */
void staging_sweep(int parent_fd, const char *name);

/**
 * staging_remove(parent_fd, staging, err): removes a directory of a layout's shape: files, and
 * files two levels down. Anything deeper stays and fails it: ERR_SYSTEM.
 */
int staging_remove(int parent_fd, const char *staging, struct error *err) MUST_CHECK;

#endif
