/*
 * Writing trust updates: a directory that appears whole, and one more signature in it.
 * Source: design formats.md 5, "Update".
 */
#ifndef BUILDER_TRUST_WRITER_H
#define BUILDER_TRUST_WRITER_H

#include "builder/seal_signature.h"
#include "common/trust_update.h"

/**
 * trust_writer_make(path, files, list, signature, err): the update, under a name that must not
 * exist: ERR_EXISTS. All is on the disk before it has the name. Signals must be held.
 */
int trust_writer_make(const char *path, const struct trust_files *files, const struct buf *list,
    const struct seal_signature *signature, struct error *err) MUST_CHECK;

/** trust_writer_add(path, signature, err): adds it; one of this key that is there is ERR_EXISTS. */
int trust_writer_add(
    const char *path, const struct seal_signature *signature, struct error *err) MUST_CHECK;

#endif
