/*
 * Image manifests: OCI, and Docker schema 2, which has the same members.
 * Source: OCI image-spec, manifest.md; reference registry.md 1.4.
 */
#ifndef COMMON_MANIFEST_H
#define COMMON_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/descriptor.h"

struct manifest {
	struct descriptor config;
	struct descriptor *layers; /* owned; in file order */
	size_t layer_count;        /* 0 ..= LIMIT_MANIFEST_LAYERS_MAX */
	bool has_subject;
	struct descriptor subject; /* only where has_subject */
	char *artifact_type;       /* owned; NULL where absent */
};

#define MANIFEST_INIT                                                                              \
	{                                                                                          \
		.config = DESCRIPTOR_INIT, .layers = NULL, .layer_count = 0, .has_subject = false, \
		.subject = DESCRIPTOR_INIT, .artifact_type = NULL                                  \
	}

/**
 * manifest_parse(out, bytes, len, media_type, err): reads one image manifest.
 *
 * bytes       untrusted; borrowed for the call; len 1 ..= LIMIT_MANIFEST_BYTES_MAX, else ERR_LIMIT.
 * media_type  of the descriptor that leads here; a "mediaType" in the content must equal it.
 * out         release with manifest_release(), also after a failure.
 * Returns 0, or -1: ERR_FORMAT (not JSON, wrong type, missing or duplicate member, a member in
 * another letter case, index and manifest at once), ERR_LIMIT. Unknown members pass. Does not check
 * that blobs exist.
 */
int manifest_parse(struct manifest *out, const char *bytes, size_t len, const char *media_type,
    struct error *err) MUST_CHECK;
void manifest_release(struct manifest *m);
#define auto_manifest __attribute__((cleanup(manifest_release)))

/** media_type_is_manifest(t), media_type_is_index(t): OCI's or Docker schema 2's. */
bool media_type_is_manifest(const char *media_type);
bool media_type_is_index(const char *media_type);

#endif
