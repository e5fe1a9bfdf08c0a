/*
 * Descriptors: what a manifest or an index says about a blob.
 * Source: OCI image-spec, descriptor.md.
 */
#ifndef COMMON_DESCRIPTOR_H
#define COMMON_DESCRIPTOR_H

#include <stdint.h>

#include <jansson.h>

#include "common/digest.h"
#include "common/error.h"

struct descriptor {
	char *media_type; /* owned; RFC 6838 grammar */
	struct digest digest;
	uint64_t size_bytes; /* 0 ..= INT64_MAX */
	char *artifact_type; /* owned; NULL where absent */
};

#define DESCRIPTOR_INIT                                                                            \
	{                                                                                          \
		.media_type = NULL, .artifact_type = NULL                                          \
	}

/**
 * descriptor_parse(out, object, err): reads one descriptor; release with descriptor_release(), also
 * after a failure. ERR_FORMAT for a missing or ill-typed member, a media type or digest against its
 * grammar, a non-empty "urls" (we never fetch from where content says), "data" that is not what
 * digest and size say. Does not look at annotations: the caller knows which have a meaning where it
 * stands.
 */
int descriptor_parse(struct descriptor *out, const json_t *object, struct error *err) MUST_CHECK;
void descriptor_release(struct descriptor *d);
#define auto_descriptor __attribute__((cleanup(descriptor_release)))

#endif
