/*
 * The delivery record: what a registry keeps of the last delivery that was accepted from an origin,
 * so that a pusher that keeps nothing knows the mark. It is the seal, its signatures and
 * index.json, and so is judged by local trust as a delivery is. Pure. Source: design formats.md 5;
 * sallyport-layout(5), Delivery record.
 */
#ifndef COMMON_DELIVERY_RECORD_H
#define COMMON_DELIVERY_RECORD_H

#include "common/layout.h"
#include "common/limits.h"
#include "common/manifest.h"
#include "common/sequence_policy.h"

#define MEDIA_TYPE_RECORD "application/vnd.dev.sallyport.record.v1"
#define MEDIA_TYPE_RECORD_SEAL "application/vnd.dev.sallyport.seal.v1"
#define MEDIA_TYPE_RECORD_INDEX "application/vnd.dev.sallyport.index.v1+json"
#define MEDIA_TYPE_RECORD_SIGNATURE "application/vnd.dev.sallyport.seal.signature.v1"

/** The layers of a record, in their order. */
enum { RECORD_SEAL, RECORD_INDEX, RECORD_SIGNATURES };
#define RECORD_LAYERS_MAX (RECORD_SIGNATURES + LIMIT_SIGNATURES_MAX)
#define RECORD_CONFIG "{}"

struct delivery_record {
	struct buf layers[RECORD_LAYERS_MAX]; /* owned; unverified until judged */
	size_t layer_count;                   /* 0, or RECORD_SIGNATURES + 1 and more */
};

/** delivery_record_init(r): each layer with its cap. Release with delivery_record_release(). */
void delivery_record_init(struct delivery_record *r);
void delivery_record_release(struct delivery_record *r);
#define auto_delivery_record __attribute__((cleanup(delivery_record_release)))

/** delivery_record_write(b, r): the manifest. */
void delivery_record_write(struct buf *b, const struct delivery_record *r);

/**
 * delivery_record_check(m, err): whether a manifest from a registry is one of a record: its type,
 * its layers, each no larger than it may be. ERR_FORMAT.
 */
int delivery_record_check(const struct manifest *m, struct error *err) MUST_CHECK;

/** By what a record is judged; all borrowed. */
struct record_question {
	const struct trust *trust;
	const char *origin;
	const struct destination *target; /* REGISTRY/PREFIX of the push */
	unsigned default_port;
};

/**
 * delivery_record_judge(out, r, q, err): the mark that it proves. In this order: the signatures
 * over the seal, the seal, that index.json is the one that it lists, and then that this is a
 * delivery of q's origin for q's target with a sequence. A key that is revoked counts for nothing,
 * one whose window has closed does: the record was made while it was open. ERR_SEAL, ERR_POLICY,
 * ERR_FORMAT, ERR_LIMIT.
 */
int delivery_record_judge(struct sequence_mark *out, const struct delivery_record *r,
    const struct record_question *q, struct error *err) MUST_CHECK;

#endif
