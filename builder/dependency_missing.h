/*
 * What a chart depends on and nobody has: the list of what must be brought into the enclave.
 */
#ifndef BUILDER_DEPENDENCY_MISSING_H
#define BUILDER_DEPENDENCY_MISSING_H

#include <stddef.h>

#include "builder/chart_metadata.h"
#include "common/buf.h"
#include "common/error.h"

/** Versions that were looked at and did not do. */
struct versions_seen {
	struct buf text;
	size_t count;
};

struct dependency_missing {
	struct buf text; /* as many as an error has room for */
	size_t count;
	size_t shown;
};

void versions_seen_init(struct versions_seen *s);
void versions_seen_release(struct versions_seen *s);
#define auto_versions_seen __attribute__((cleanup(versions_seen_release)))

/** versions_seen_add(s, version): the first ones are shown, all are counted. */
void versions_seen_add(struct versions_seen *s, const struct text *version);

void dependency_missing_init(struct dependency_missing *m);
void dependency_missing_release(struct dependency_missing *m);
#define auto_dependency_missing __attribute__((cleanup(dependency_missing_release)))

/** dependency_missing_add(m, d, seen): d is not to be had; each part is cut to what fits. */
void dependency_missing_add(struct dependency_missing *m, const struct chart_dependency *d,
    const struct versions_seen *seen);

/** dependency_missing_check(m, err): 0 if nothing was added, or -1 with ERR_CHART, naming each with
 * its constraint, its repository and the versions seen; those without room are counted. */
int dependency_missing_check(const struct dependency_missing *m, struct error *err) MUST_CHECK;

#endif
