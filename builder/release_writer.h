/*
 * Signatures that clusters check, for the named artifacts of a delivery: both forms, by every
 * release key, the same bytes each time. Source: design formats.md 1.1 and 3.
 */
#ifndef BUILDER_RELEASE_WRITER_H
#define BUILDER_RELEASE_WRITER_H

#include "builder/release_keys.h"
#include "common/index.h"
#include "common/layout.h"

/** A named artifact. Everything in it is borrowed, also by its copies. */
struct release_subject {
	struct descriptor manifest;
	const char *repository;
	const char *tag;
	const char *name;    /* a chart's own, else the repository */
	const char *version; /* a chart's own, else the tag */
};

/** Puts one blob into the layout; one that is there already is no error. */
typedef int release_store(
    void *context, const struct digest *digest, const void *bytes, size_t len, struct error *err);

/** The layout that is signed; borrowed. */
struct release_layout {
	struct index *index;        /* gets entries; its delivery says destination and creation */
	const struct layout *files; /* where signatures of others are read; NULL in a new layout */
	release_store *store;
	void *context; /* of store */
};

/**
 * release_writer_sign(l, subjects, count, keys, err): nothing without keys.
 *
 * Artifacts of one digest share one legacy manifest, with a layer for each name and key. One that
 * is in the index already is grown, and its entry then leads to the new manifest: nothing leads to
 * the old manifest and config any more. A bundle that is there already is not entered twice.
 * Entries are appended, l->index is to be settled afterwards (delivery_index_settle()). ERR_FORMAT
 * where the destination or a legacy manifest that is there cannot be read, ERR_LIMIT, and what
 * store gives.
 */
int release_writer_sign(const struct release_layout *l, const struct release_subject *subjects,
    size_t count, const struct release_keys *keys, struct error *err) MUST_CHECK;

#endif
