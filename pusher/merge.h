/*
 * The two things that are merged into what a registry has, never put in its place: the manifest of
 * legacy cosign signatures under "sha256-<hex>.sig", and the list of referrers under "sha256-<hex>"
 * where there is no referrers API. Pure. Sources: cosign specs/SIGNATURE_SPEC.md; OCI
 * distribution-spec, "Pushing Manifests with Subject"; design formats.md 3.
 */
#ifndef PUSHER_MERGE_H
#define PUSHER_MERGE_H

#include <stdbool.h>

#include <jansson.h>

#include "common/buf.h"
#include "common/descriptor.h"

/**
 * merge_signatures(out, out_same, found, ours, err): found with those layers of ours behind its own
 * that it has not: with the same digest and the same signature. Both are whole manifests; found is
 * hostile. *out_same: nothing was missing, and out is left alone. ERR_REGISTRY where found is no
 * manifest, or the result would be over a limit.
 */
int merge_signatures(struct buf *out, bool *out_same, const struct buf *found,
    const struct buf *ours, struct error *err) MUST_CHECK;

/**
 * merge_referrers(out, out_same, found, entries, err): found, an index, or NULL for a new one, with
 * those entries behind its own whose digest it has not. *out_same as above; hostile as above.
 */
int merge_referrers(struct buf *out, bool *out_same, const struct buf *found, const json_t *entries,
    struct error *err) MUST_CHECK;

/** merge_unlisted(page, entries): takes out the entries whose digest the index page, hostile, has.
 * How many are left. */
size_t merge_unlisted(const struct buf *page, json_t *entries);

/**
 * merge_entry(bytes, descriptor, err): the entry in a list of referrers for a manifest or index of
 * the delivery: with its artifact type and all its annotations. NULL with ERR_FORMAT.
 */
json_t *merge_entry(const struct buf *bytes, const char *media_type, const struct digest *digest,
    uint64_t size_bytes, struct error *err) MUST_CHECK;

#endif
