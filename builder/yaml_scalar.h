/*
 * What a YAML scalar means: go-yaml v2's resolve().
 * Source: go.yaml.in/yaml/v2 resolve.go and strconv.ParseInt with base 0; reference helm.md 1.5.
 */
#ifndef BUILDER_YAML_SCALAR_H
#define BUILDER_YAML_SCALAR_H

#include "builder/yaml_node.h"
#include "builder/yaml_value.h"

/**
 * yaml_scalar_resolve(out, node, err): the value of a scalar node, its line set.
 * out was released or never used. Returns 0, or -1 with err set: ERR_CHART where the content
 * contradicts its tag, ERR_UNSUPPORTED for the tag !!timestamp.
 */
int yaml_scalar_resolve(
    struct yaml_value *out, const struct yaml_node *node, struct error *err) MUST_CHECK;

/** yaml_scalar_is_text(bytes, len): true if these bytes, plain and without a tag, would be text. */
bool yaml_scalar_is_text(const char *bytes, size_t len);

#endif
