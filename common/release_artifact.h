/*
 * What carries release signatures in a layout and in a registry: the Sigstore bundle and its
 * referrer manifest; cosign's legacy manifest, whose layers are payloads, and its config.
 *
 * Written in the order of members that cosign's Go has, so that the bytes are those that cosign
 * would write. Source: reference signing.md 2.3 and 2.4; sigstore protobuf-specs
 * sigstore_bundle.proto; cosign specs/SIGNATURE_SPEC.md and BUNDLE_SPEC.md,
 * pkg/oci/remote/write.go.
 */
#ifndef COMMON_RELEASE_ARTIFACT_H
#define COMMON_RELEASE_ARTIFACT_H

#include "common/descriptor.h"
#include "common/limits.h"
#include "common/release_claim.h"

/** A blob by what a descriptor says of it. */
struct release_blob {
	struct digest digest;
	uint64_t size_bytes;
};

/** release_bundle_write(b, statement, len, signature, key): a bundle without a log entry, a
 * timestamp or a keyid; key only gives the hint, the base64 of the SHA-256 of its SPKI DER. */
void release_bundle_write(struct buf *b, const void *statement, size_t len,
    const uint8_t signature[ED25519_SIGNATURE_BYTES], const uint8_t key[ED25519_PUBLIC_BYTES]);

/** A bundle's envelope. */
struct release_bundle {
	struct buf statement; /* owned; the bytes that were signed, not parsed */
	uint8_t signature[ED25519_SIGNATURE_BYTES];
};
#define RELEASE_BUNDLE_INIT                                                                        \
	{                                                                                          \
		.statement = BUF_INIT(LIMIT_RELEASE_CONTENT_BYTES_MAX)                             \
	}

/**
 * release_bundle_parse(out, bytes, len, err): ERR_FORMAT unless it is a bundle v0.3 with a DSSE
 * envelope around an in-toto statement, one signature of 64 bytes, no keyid (sigstore-go passes
 * over a signature with another keyid than it computes). How the key is named is not looked at: the
 * caller knows which keys count. out must be initialised; release with release_bundle_release().
 */
int release_bundle_parse(
    struct release_bundle *out, const char *bytes, size_t len, struct error *err) MUST_CHECK;
void release_bundle_release(struct release_bundle *x);
#define auto_release_bundle __attribute__((cleanup(release_bundle_release)))

/** release_bundle_manifest_write(b, subject, bundle, created): the referrer that carries a bundle;
 * its config is RELEASE_EMPTY_CONFIG. created: RFC 3339, or NULL. */
void release_bundle_manifest_write(struct buf *b, const struct descriptor *subject,
    const struct release_blob *bundle, const char *created);

/** The two bytes of the empty config. */
#define RELEASE_EMPTY_CONFIG "{}"

/** A layer of a legacy manifest: a payload and a signature over it. */
struct release_layer {
	struct release_blob payload;
	uint8_t signature[ED25519_SIGNATURE_BYTES];
};

/**
 * release_legacy_open(bytes, len, err): the layers of a legacy manifest that is there already, as
 * the JSON array that it has; owned by the caller; NULL with ERR_FORMAT where it is no manifest.
 * json_array() is that of a new one.
 */
json_t *release_legacy_open(const char *bytes, size_t len, struct error *err) MUST_CHECK;

/** release_legacy_append(layers, layer): puts ours behind theirs, unless payload and signature are
 * there, as cosign does. */
void release_legacy_append(json_t *layers, const struct release_layer *layer);

/** release_legacy_config_write(b, layers), release_legacy_manifest_write(b, config, layers): the
 * config and the manifest with these layers, which release_legacy_open() has checked. */
void release_legacy_config_write(struct buf *b, const json_t *layers);
void release_legacy_manifest_write(
    struct buf *b, const struct release_blob *config, const json_t *layers);

/**
 * release_legacy_layers(out_layers, out_count, layers): those that hold a payload and an Ed25519
 * signature; what other makers and other keys left is passed over. *out_layers is owned by the
 * caller.
 */
void release_legacy_layers(
    struct release_layer **out_layers, size_t *out_count, const json_t *layers);

#endif
