/*
 * The first document of a YAML stream as a tree of nodes, nothing resolved yet.
 *
 * libyaml reads the events; its document API is not used, because nesting costs it quadratic time.
 * What becomes of scalars, aliases and merges is decided in yaml_value.
 */
#ifndef BUILDER_YAML_NODE_H
#define BUILDER_YAML_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

enum yaml_node_kind { YAML_KIND_SCALAR, YAML_KIND_LIST, YAML_KIND_MAP, YAML_KIND_ALIAS };

struct yaml_node {
	enum yaml_node_kind kind;
	size_t line; /* from 1 */

	/* A scalar. */
	char *bytes; /* owned, NUL-terminated */
	size_t len;
	char *tag;     /* owned; NULL: none was given */
	bool implicit; /* plain, so its content decides its type */

	/* A list; or a map, whose children are key, value, key, value ... */
	struct yaml_node **children; /* owned */
	size_t count;
	size_t capacity;

	/* An alias. */
	struct yaml_node *target; /* borrowed from the same tree */
	bool expanding;           /* scratch of whoever follows aliases */
};

/**
 * yaml_node_parse(out, bytes, len, err): reads one document; what follows it is not looked at.
 *
 * *out      the root, to be released with yaml_node_free(); NULL for a stream without a document.
 * Returns 0, or -1 with err set, with the line: ERR_CHART for what is not YAML 1.1 in UTF-8 or
 * UTF-16, names an unknown anchor, or is refused by yaml_source_check(); ERR_LIMIT beyond
 * LIMIT_YAML_BYTES_MAX, LIMIT_YAML_DEPTH_MAX or LIMIT_YAML_NODES_MAX (aliases not followed).
 * An alias may stand inside its own target.
 */
int yaml_node_parse(
    struct yaml_node **out, const char *bytes, size_t len, struct error *err) MUST_CHECK;
void yaml_node_free(struct yaml_node *node);

static inline void cleanup_yaml_node(struct yaml_node **slot)
{
	yaml_node_free(*slot);
}
#define auto_yaml_node __attribute__((cleanup(cleanup_yaml_node)))

#endif
