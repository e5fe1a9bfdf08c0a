/*
 * What lint found in a chart.
 */
#ifndef BUILDER_LINT_H
#define BUILDER_LINT_H

#include <stddef.h>

#include "common/error.h"

/** How bad a finding is, as `helm lint` grades them. */
enum lint_severity {
	LINT_INFO,
	LINT_WARNING, /* breaks a convention, or misleads */
	LINT_ERROR,   /* will not work */
	LINT_SEVERITY_COUNT,
};

/** Findings that are kept for one chart; more are only counted. */
#define LINT_FINDINGS_MAX 1000U

struct lint_finding {
	enum lint_severity severity;
	size_t line;   /* from 1; 0 where none can be named */
	char *path;    /* owned; in the chart, "/" at the end of a directory; "" for all of it */
	char *message; /* owned; one sentence; may quote hostile bytes */
};

struct lint_findings {
	struct lint_finding *items; /* owned; in the order of the rules */
	size_t count;
	size_t capacity;
	size_t totals[LINT_SEVERITY_COUNT]; /* those not kept included */
};

#define LINT_FINDINGS_INIT                                                                         \
	{                                                                                          \
		.items = NULL, .count = 0, .capacity = 0, .totals = { 0 }                          \
	}

/**
 * lint_add(out, severity, path, line, format, ...): records a finding; path is copied. A finding
 * that is there already, word for word, is not recorded again.
 */
void lint_add(struct lint_findings *out, enum lint_severity severity, const char *path, size_t line,
    const char *format, ...) PRINTF_LIKE(5, 6);

/**
 * lint_add_error(out, severity, path, lines_before, what, err): records "<what>: <err>" as a
 * finding. A "line N: " that err begins with becomes its line, lines_before added.
 */
void lint_add_error(struct lint_findings *out, enum lint_severity severity, const char *path,
    size_t lines_before, const char *what, const struct error *err);

void lint_findings_release(struct lint_findings *f);
#define auto_lint_findings __attribute__((cleanup(lint_findings_release)))

/** lint_severity_name(severity): "info", "warning", "error". Static storage. */
const char *lint_severity_name(enum lint_severity severity);

#endif
