/*
 * A chart as Helm loads it: its metadata, its lock, its files by kind, and the charts below it.
 * Source: Helm 4.2.4 pkg/chart/v2/loader/load.go LoadFiles(); reference helm.md 1.5, 3.2, 4.
 */
#ifndef BUILDER_CHART_TREE_H
#define BUILDER_CHART_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "builder/chart_files.h"
#include "builder/chart_lock.h"
#include "builder/chart_metadata.h"

struct chart_tree {
	char *place; /* owned; its name in charts/ of the chart above; NULL at the top */
	struct chart_metadata metadata; /* of Chart.yaml and requirements.yaml; obeys chart_rules */
	bool is_v1_or_v2; /* so says Chart.yaml alone: helm package looks at nothing else */
	bool has_lock;
	struct chart_lock lock;
	const struct chart_file *values; /* borrowed from the files given, as is schema; or NULL */
	const struct chart_file *schema;
	struct chart_files templates; /* contents borrowed from the files given, as of others */
	struct chart_files others;
	struct chart_tree **subcharts; /* owned; sorted by the names of their places in charts/ */
	size_t subchart_count;
	size_t subchart_capacity;
	struct chart_files unpacked; /* where this chart was an archive in charts/: its files */
};

/** Where files come from: Helm loses a schema without content from archives alone. */
enum chart_source { CHART_SOURCE_DIRECTORY, CHART_SOURCE_ARCHIVE };

/**
 * chart_tree_load(out, files, source, err): the chart that files are, each in the place of its
 * name.
 *
 * files     borrowed, and must outlive out. Untrusted; names clean, each there once.
 * requirements.yaml is decoded onto the metadata of Chart.yaml, whatever the apiVersion; it and
 * requirements.lock are kept as files in v1 only. The later one of Chart.lock and requirements.lock
 * counts. Charts in charts/ are directories or archives, these in turn with such; what begins
 * there with a dot or an underscore is passed over, and provenance files are the chart's own.
 * Returns 0 and out to be released (also after a failure), or -1 with err set, naming subchart and
 * file: ERR_CHART for what Helm refuses as it loads a chart at any level: no Chart.yaml, a broken
 * YAML file, what breaks chart_rules, a loose file in charts/; and for archives in charts/, what
 * chart_archive_read() refuses. ERR_LIMIT beyond LIMIT_SUBCHART_* and as those who read YAML.
 * Not checked, as in Helm: that dependencies are there, what a lock holds, the schema, templates.
 * LC_CTYPE must be a UTF-8 locale.
 */
int chart_tree_load(struct chart_tree *out, const struct chart_files *files,
    enum chart_source source, struct error *err) MUST_CHECK;

/**
 * chart_tree_load_unchecked(out, files, source, err), chart_tree_check_values(tree, err): the same
 * in two steps, of which the second one reads each values.yaml: the greater part of the work, and
 * of no influence on the tree.
 */
int chart_tree_load_unchecked(struct chart_tree *out, const struct chart_files *files,
    enum chart_source source, struct error *err) MUST_CHECK;
int chart_tree_check_values(const struct chart_tree *tree, struct error *err) MUST_CHECK;

/**
 * chart_tree_metadata(out, files, err): only the metadata that chart_tree_load() would give for the
 * files of an archive.
 */
int chart_tree_metadata(
    struct chart_metadata *out, const struct chart_files *files, struct error *err) MUST_CHECK;
void chart_tree_init(struct chart_tree *t);
void chart_tree_release(struct chart_tree *t);
#define auto_chart_tree __attribute__((cleanup(chart_tree_release)))

#endif
