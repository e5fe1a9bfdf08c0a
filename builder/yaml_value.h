/*
 * YAML as Helm understands it: go-yaml v2's resolution, aliases followed, merges done, keys made
 * text.
 * Source: go.yaml.in/yaml/v2 decode.go and resolve.go; sigs.k8s.io/yaml yaml.go; helm.md 1.5.
 */
#ifndef BUILDER_YAML_VALUE_H
#define BUILDER_YAML_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "builder/text.h"
#include "builder/yaml_node.h"
#include "common/error.h"

enum yaml_type {
	YAML_TYPE_NULL,
	YAML_TYPE_BOOL,
	YAML_TYPE_INT,   /* fits int64_t */
	YAML_TYPE_UINT,  /* does not, but fits uint64_t */
	YAML_TYPE_FLOAT, /* may be infinite or not a number */
	YAML_TYPE_TEXT,
	YAML_TYPE_LIST,
	YAML_TYPE_MAP,
};

struct yaml_value {
	enum yaml_type type;
	size_t line; /* from 1; of what an alias stands for, not of the alias */
	union {
		bool boolean;
		int64_t integer;
		uint64_t natural;
		double real;
		struct text text;
		struct {
			struct yaml_value *items; /* owned */
			size_t count;
		} list;
		struct {
			struct yaml_member *members; /* owned; sorted by key, each key once */
			size_t count;
			size_t bad_key_line; /* of a key that cannot be text; 0: none */
		} map;
	};
};

struct yaml_member {
	struct text key;
	size_t order; /* among the members as they were written */
	struct yaml_value value;
};

/**
 * yaml_value_parse(out, bytes, len, err): the first document of the stream; null if there is none.
 *
 * A key that occurs twice has the value that came last, merged ones included, as in go-yaml v2.
 * Keys that are numbers or booleans are text by Helm's rules. (Two keys that only so become the
 * same text have one of their two values in Helm, by chance; here the last.)
 * Returns 0 and out to be released with yaml_value_release(), or -1 with err set: ERR_CHART with
 * the line; ERR_UNSUPPORTED for the tag !!timestamp; ERR_LIMIT for the limits of yaml_node.h, also
 * with every alias followed, and for more than LIMIT_CONFIG_BYTES_MAX of text.
 */
int yaml_value_parse(
    struct yaml_value *out, const char *bytes, size_t len, struct error *err) MUST_CHECK;

/** yaml_value_expand(out, root, err): the same for what yaml_node_parse() gave, NULL included. */
int yaml_value_expand(struct yaml_value *out, struct yaml_node *root, struct error *err) MUST_CHECK;
void yaml_value_release(struct yaml_value *v);
#define auto_yaml_value __attribute__((cleanup(yaml_value_release)))

/**
 * yaml_value_check(v, err): refuses what JSON cannot hold, at any depth: infinity, NaN, keys that
 * cannot be text. Helm refuses them in every place that it does not read as text, unknown fields
 * included.
 * Returns 0, or -1 with ERR_CHART and the line.
 */
int yaml_value_check(const struct yaml_value *v, struct error *err) MUST_CHECK;

/** yaml_type_name(type): for messages: "a list". Static storage. */
const char *yaml_type_name(enum yaml_type type);

#endif
