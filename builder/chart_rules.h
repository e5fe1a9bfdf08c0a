/*
 * Helm's rules for the content of Chart.yaml: what is cleaned up and what is refused at load time.
 * Source: Helm pkg/chart/v2/metadata.go Validate() and dependency.go; reference helm.md 4.1 to 4.3.
 */
#ifndef BUILDER_CHART_RULES_H
#define BUILDER_CHART_RULES_H

#include <stdbool.h>

#include "builder/chart_metadata.h"

/**
 * chart_rules_apply(m, err): sanitises the text of m and checks it, in Helm's order.
 *
 * Afterwards name is not empty and has no path in it, version is a version by Helm's loose rules of
 * at most LIMIT_VERSION_BYTES_MAX bytes, and no item of a record list is NULL.
 * Returns 0, or -1 with ERR_CHART, with the line where one is known. Does not check that a registry
 * can hold the chart: helm_manifest_make().
 */
int chart_rules_apply(struct chart_metadata *m, struct error *err) MUST_CHECK;

/**
 * chart_version_check(version): true for what Masterminds' semver.NewVersion takes: "1", "v1.2",
 * "01.2.3+x".
 */
bool chart_version_check(const struct text *version);

#endif
