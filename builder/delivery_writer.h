/*
 * What `build` puts into a layout: charts, index.json and SEAL.
 * Source: design formats.md 1 and 2.
 */
#ifndef BUILDER_DELIVERY_WRITER_H
#define BUILDER_DELIVERY_WRITER_H

#include "builder/chart.h"
#include "builder/helm_manifest.h"
#include "builder/layout_writer.h"
#include "builder/release_keys.h"
#include "common/index.h"
#include "common/seal.h"

/** A delivery in the making. Everything in it is owned. */
struct delivery_writer {
	struct index index; /* its delivery annotations are the caller's to set */
	size_t entry_capacity;
	char **versions; /* the charts' own, in the order in which they were added */
	size_t version_capacity;
	size_t chart_count;
	struct digest *blobs; /* unsorted, perhaps repeated, until it is sealed */
	size_t blob_count;
	size_t blob_capacity;
	struct digest seal_id; /* once sealed */
};

#define DELIVERY_WRITER_INIT                                                                       \
	{                                                                                          \
		.index = INDEX_INIT, .entry_capacity = 0, .versions = NULL, .version_capacity = 0, \
		.chart_count = 0, .blobs = NULL, .blob_count = 0, .blob_capacity = 0               \
	}

void delivery_writer_release(struct delivery_writer *d);
#define auto_delivery_writer __attribute__((cleanup(delivery_writer_release)))

/**
 * delivery_writer_chart(d, w, chart, manifest, err): writes the blobs of a chart and its entry.
 * ERR_USAGE where its repository and tag are there already.
 */
int delivery_writer_chart(struct delivery_writer *d, struct layout_writer *w,
    const struct chart *chart, const struct helm_manifest *manifest, struct error *err) MUST_CHECK;

/**
 * delivery_writer_sign(d, w, keys, err): release signatures for every chart, once all are there;
 * see release_writer_sign().
 */
int delivery_writer_sign(struct delivery_writer *d, struct layout_writer *w,
    const struct release_keys *keys, struct error *err) MUST_CHECK;

/**
 * delivery_writer_seal(d, w, out_list, err): orders and names the entries, writes all that is not a
 * blob but the signature. out_list, empty, with a cap of LIMIT_SEAL_BYTES_MAX, gets the bytes of
 * SEAL, to be signed.
 */
int delivery_writer_seal(struct delivery_writer *d, struct layout_writer *w, struct buf *out_list,
    struct error *err) MUST_CHECK;

#endif
