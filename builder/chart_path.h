/*
 * The names of files in a chart: Helm's rules for archives, and some stricter ones.
 * Source: Helm pkg/chart/loader/archive/archive.go LoadArchiveFiles(); reference helm.md 5.
 */
#ifndef BUILDER_CHART_PATH_H
#define BUILDER_CHART_PATH_H

#include "common/error.h"

struct chart_path {
	char *base;   /* owned; the first component, the directory that a chart is packed in */
	char *inside; /* owned; the rest: relative, "/" between components, no ".", ".." or empty
			 component */
};

/**
 * chart_path_parse(out, name, err): takes the name of an archive entry apart.
 *
 * A name with a backslash comes from Windows: backslashes alone divide it then, as in Helm. "." and
 * empty components are cleaned away where Helm does so.
 * Returns 0 and out to be released, or -1 with err set, naming the entry: ERR_CHART for what Helm
 * refuses (no directory, absolute, outside, a drive letter), and for control, invisible or
 * non-UTF-8 characters, any ".." component, and an empty first one; ERR_LIMIT beyond
 * LIMIT_CHART_PATH_*.
 */
int chart_path_parse(struct chart_path *out, const char *name, struct error *err) MUST_CHECK;
void chart_path_release(struct chart_path *p);
#define auto_chart_path __attribute__((cleanup(chart_path_release)))

#endif
