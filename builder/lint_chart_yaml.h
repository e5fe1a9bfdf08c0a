/*
 * The rules of `helm lint` for Chart.yaml, and a few of our own.
 * Source: Helm 4.2.4 pkg/chart/v2/lint/rules/chartfile.go; reference helm.md 6; design
 * formats.md 9.
 */
#ifndef BUILDER_LINT_CHART_YAML_H
#define BUILDER_LINT_CHART_YAML_H

#include <stddef.h>

#include "builder/chart_metadata.h"
#include "builder/lint.h"
#include "builder/yaml_node.h"

/**
 * lint_chart_yaml(out, yaml, len): judges the file as it was written, not sanitised. What cannot be
 * read as Chart.yaml at all is one finding, and no other rule is asked then.
 *
 * Our own rules: a number or truth value where text is meant that does not mean what is written;
 * two keys that are one field to Helm; a name or version that no registry takes; a name that Helm
 * changes. Pure.
 */
void lint_chart_yaml(struct lint_findings *out, const char *yaml, size_t len);

/**
 * lint_chart_keys(out, root): the part of it that goes by the keys and scalars as they stand in the
 * file: Helm's strict reading (unknown fields, keys set twice), key variants, misread text.
 *
 * root      of a file that yaml_value_parse() takes and that is a map or null; that bounds the
 * work.
 */
void lint_chart_keys(struct lint_findings *out, const struct yaml_node *root);

/**
 * lint_misleading(out, yaml, len): of these, what means something else to Helm than to whoever
 * reads the file: all but unknown fields, and version and appVersion too. Warnings.
 *
 * yaml      a file that chart_yaml_read() took.
 */
void lint_misleading(struct lint_findings *out, const char *yaml, size_t len);

/** lint_scalar_text(value): what Helm makes of a scalar where it wants text; owned by the caller.
 */
char *lint_scalar_text(const struct yaml_value *value);

#endif
