/*
 * The config blob of a chart: Go's json.Marshal of Helm's Metadata, byte for byte.
 * Source: Helm pkg/registry/client.go Push(); reference helm.md 1.4.
 */
#ifndef BUILDER_HELM_CONFIG_H
#define BUILDER_HELM_CONFIG_H

#include "builder/chart_metadata.h"
#include "common/buf.h"

/** helm_config_write(out, m): compact JSON, no final newline. m has passed chart_rules_apply(). */
void helm_config_write(struct buf *out, const struct chart_metadata *m);

/** helm_config_put_value(out, v): JSON for what passed yaml_value_check(); numbers as float64. */
void helm_config_put_value(struct buf *out, const struct yaml_value *v);

/**
 * helm_config_put_record(out, record, type): JSON for a record of that type, such as a dependency.
 * No item of a record list in it is NULL.
 */
void helm_config_put_record(struct buf *out, const void *record, const struct record_type *type);

#endif
