/*
 * A stream of YAML documents taken apart at its lines, before any of it is parsed.
 * Source: k8s.io/apimachinery pkg/util/yaml YAMLReader, by which Helm 4 reads values.yaml and CRDs.
 */
#ifndef BUILDER_YAML_DOCUMENTS_H
#define BUILDER_YAML_DOCUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/error.h"

struct yaml_documents {
	const char *bytes; /* borrowed */
	size_t len;
	size_t at;       /* of what was not given yet */
	size_t line;     /* lines before that */
	struct buf text; /* owned: the last document */
};

/** One document, borrowed from the stream until the next one is asked for. */
struct yaml_document {
	const char *bytes;
	size_t len;
	size_t lines_before;
};

/**
 * yaml_documents_init(d, bytes, len): bytes is borrowed until the last document was used. Release
 * with yaml_documents_release().
 */
void yaml_documents_init(struct yaml_documents *d, const char *bytes, size_t len);
void yaml_documents_release(struct yaml_documents *d);
#define auto_yaml_documents __attribute__((cleanup(yaml_documents_release)))

/**
 * yaml_documents_next(d, out, err): the next document that has a line.
 *
 * A line that begins with "---" divides, wherever it stands, in a block of text too; the first of
 * several is a line of the document behind it. Every line ends in LF alone, the last one too,
 * whatever it ended in: that decides over UTF-16, and over a character that is cut off. Returns 1,
 * 0 at the end, or -1 with ERR_CHART and the line where more than a comment follows on a line that
 * divides.
 */
int yaml_documents_next(
    struct yaml_documents *d, struct yaml_document *out, struct error *err) MUST_CHECK;

#endif
