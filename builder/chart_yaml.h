/*
 * Chart.yaml: read as Helm reads it, and written anew.
 * Source: sigs.k8s.io/yaml Unmarshal over encoding/json; reference helm.md 1.5 and 3.4.
 */
#ifndef BUILDER_CHART_YAML_H
#define BUILDER_CHART_YAML_H

#include <stddef.h>

#include "builder/chart_metadata.h"
#include "common/buf.h"

/**
 * chart_yaml_read(m, yaml, len, err): decodes Chart.yaml onto m, which keeps what the file does not
 * mention, as in Helm. An apiVersion that is still empty becomes "v1".
 *
 * yaml      the file without a UTF-8 byte order mark. Untrusted.
 * Returns 0, or -1 with err set and m half changed: ERR_CHART for bad YAML or a field of the wrong
 * type, with the line; ERR_LIMIT and ERR_UNSUPPORTED as yaml_value_parse().
 * Judges no content: chart_rules_apply().
 */
int chart_yaml_read(
    struct chart_metadata *m, const char *yaml, size_t len, struct error *err) MUST_CHECK;

/**
 * chart_yaml_write(out, m): Chart.yaml such that Helm, and chart_yaml_read(), load exactly m.
 *
 * Block style; text plain where it cannot be taken for anything else, double-quoted elsewhere.
 * m has passed chart_rules_apply(). Over out's cap: see buf_check().
 */
void chart_yaml_write(struct buf *out, const struct chart_metadata *m);

#endif
