/*
 * What `helm package` refuses in the Chart.yaml of a directory, though `helm push` takes it in an
 * archive. Source: Helm 4 pkg/chart/loader/load.go LoadDir(); sigs.k8s.io/yaml Marshal(), which
 * goes through JSON and go-yaml once more; reference helm.md 3.4.
 */
#ifndef BUILDER_CHART_PACKABLE_H
#define BUILDER_CHART_PACKABLE_H

#include <stddef.h>

#include "builder/chart_metadata.h"

/**
 * chart_packable_source(yaml, len, err): refuses infinity and NaN at any place. Helm 4 looks for
 * the apiVersion first, and on that way has no use for the other fields as text. Returns 0, or -1
 * with err set: ERR_CHART with the line; else as yaml_value_parse().
 */
int chart_packable_source(const char *yaml, size_t len, struct error *err) MUST_CHECK;

/**
 * chart_packable_check(m, err): refuses what Helm cannot write into Chart.yaml anew: in apiVersion,
 * annotations and import-values, which are not sanitised, control characters from U+007F on and
 * U+FFFE and U+FFFF, keys longer than YAML takes on one line, and the key "<<", which would be a
 * merge. Of U+0085 Helm would make a blank.
 * m has passed chart_rules_apply(). Returns 0, or -1 with ERR_CHART and the line where one is
 * known.
 */
int chart_packable_check(const struct chart_metadata *m, struct error *err) MUST_CHECK;

#endif
