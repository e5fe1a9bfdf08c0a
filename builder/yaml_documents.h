/*
 * A stream of YAML documents taken apart at its lines, before any of it is parsed.
 * Source: k8s.io/apimachinery pkg/util/yaml YAMLReader, by which Helm 4 reads values.yaml and CRDs.
 */
#ifndef BUILDER_YAML_DOCUMENTS_H
#define BUILDER_YAML_DOCUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

struct yaml_documents {
	const char *bytes; /* borrowed */
	size_t len;
	size_t at;   /* of what was not given yet */
	size_t line; /* lines before that */
};

/** One document, borrowed from the stream. */
struct yaml_document {
	const char *bytes;
	size_t len;
	size_t lines_before;
};

/** yaml_documents_init(d, bytes, len): bytes is borrowed until the last document was used. */
void yaml_documents_init(struct yaml_documents *d, const char *bytes, size_t len);

/**
 * yaml_documents_next(d, out, err): the next document that has a line.
 *
 * A line that begins with "---" divides, wherever it stands, in a block of text too. Returns 1, 0
 * at the end, or -1 with ERR_CHART and the line where more than a comment follows on such a line.
 */
int yaml_documents_next(
    struct yaml_documents *d, struct yaml_document *out, struct error *err) MUST_CHECK;

#endif
