/*
 * values.yaml: may it be loaded? Its content travels as it is, and nothing here uses it.
 * Source: Helm 4.2.4 pkg/chart/v2/loader/load.go LoadValues(); Kubernetes apimachinery
 * pkg/util/yaml NewYAMLReader(); reference helm.md 4.4.
 */
#ifndef BUILDER_CHART_VALUES_H
#define BUILDER_CHART_VALUES_H

#include <stddef.h>

#include "common/error.h"

/**
 * chart_values_check(bytes, len, err): every document is YAML, and a map or null.
 *
 * bytes     the file without a UTF-8 byte order mark. Untrusted.
 * As in Helm 4, and unlike YAML, a line that begins with "---" always ends a document, and nothing
 * but a comment may stand behind the three. Helm 3 looks at the first document only.
 * Returns 0, or -1 with err set, with the line: ERR_CHART for what Helm 4 refuses; ERR_LIMIT beyond
 * LIMIT_YAML_* or LIMIT_VALUES_DOCUMENTS_MAX; ERR_UNSUPPORTED as yaml_value_parse().
 */
int chart_values_check(const char *bytes, size_t len, struct error *err) MUST_CHECK;

#endif
