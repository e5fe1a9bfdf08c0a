/*
 * A chart's files as Helm's loader takes them: what it would refuse, and what the rules of lint
 * need to know of the charts inside. Source: Helm 4.2.4 pkg/chart/v2/loader/load.go LoadFiles();
 * reference helm.md 4.
 */
#ifndef BUILDER_LINT_LOAD_H
#define BUILDER_LINT_LOAD_H

#include "builder/chart_files.h"
#include "builder/chart_metadata.h"
#include "builder/lint.h"

struct lint_load {
	struct chart_metadata metadata; /* sanitised, requirements.yaml folded in */
	struct text_list subcharts;     /* the names of the charts in charts/, from within them */
	struct lint_findings crds;      /* in the CRDs of the chart and of all charts in it */
	size_t archive_bytes;           /* of charts in archives, unpacked; bounds the work */
};

/**
 * lint_load(out, files, err): loads the chart of these files, and all charts in it.
 *
 * Returns 0, or -1 with what Helm would refuse: ERR_CHART, ERR_LIMIT, naming the file. Release with
 * lint_load_release(), also after a failure. Not checked: values.yaml beyond the limits of
 * yaml_node.h, which Helm does not have.
 */
int lint_load(struct lint_load *out, const struct chart_files *files, struct error *err) MUST_CHECK;
void lint_load_init(struct lint_load *l);
void lint_load_release(struct lint_load *l);
#define auto_lint_load __attribute__((cleanup(lint_load_release)))

#endif
