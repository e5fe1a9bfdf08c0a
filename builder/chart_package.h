/*
 * The files of the archive that `helm package` makes of a chart, and their order.
 * Source: Helm 4.2.4 pkg/chart/v2/util/save.go writeTarContents(), pkg/action/package.go; reference
 * helm.md 3.3 and 3.4.
 */
#ifndef BUILDER_CHART_PACKAGE_H
#define BUILDER_CHART_PACKAGE_H

#include "builder/chart_tree.h"

/**
 * chart_package_check(tree, err): what Helm wants of a chart only when it packs it: the apiVersion
 * v1 or v2, and for each dependency a chart of its name in charts/.
 * Returns 0, or -1 with ERR_CHART, naming all dependencies that are missing.
 */
int chart_package_check(const struct chart_tree *tree, struct error *err) MUST_CHECK;

/**
 * chart_package_list(out, tree, err): Chart.yaml, Chart.lock, values, schema, templates, other
 * files, then the same for each chart in charts/, by name.
 *
 * out       empty; contents are borrowed from tree, but for Chart.yaml and Chart.lock, which are
 *           written anew. Release with chart_files_release(), also after a failure.
 * tree      changed: a v1 chart loses its dependencies, which its requirements.yaml holds.
 * Returns 0, or -1 with err set: ERR_CHART for a schema that is not JSON, metadata or a lock that
 * Helm cannot write, and where two files would have one path (two charts of one name in charts/),
 * which Helm packs; ERR_LIMIT.
 */
int chart_package_list(
    struct chart_files *out, struct chart_tree *tree, struct error *err) MUST_CHECK;

#endif
