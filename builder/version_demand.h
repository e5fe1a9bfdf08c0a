/*
 * Which versions of a chart a dependency admits: what its constraint says and, where it comes from
 * an OCI registry, what Helm makes of that.
 * Source: Helm 4.2.4 internal/resolver/resolver.go Resolve(), pkg/registry/client.go Tags().
 */
#ifndef BUILDER_VERSION_DEMAND_H
#define BUILDER_VERSION_DEMAND_H

#include <stdbool.h>

#include "builder/chart_metadata.h"
#include "builder/semver.h"
#include "builder/semver_constraint.h"
#include "common/error.h"

struct version_demand {
	struct semver_constraint constraint;
	const struct text *tag; /* the one that will do, where the version names a tag; else NULL */
	bool only_strict;       /* those that Helm finds in a list of tags: X.Y.Z, without a v */
};

#define VERSION_DEMAND_INIT                                                                        \
	{                                                                                          \
		.constraint = SEMVER_CONSTRAINT_INIT, .tag = NULL, .only_strict = false            \
	}

/**
 * version_demand_parse(out, dependency, err): "1.2" is a range in a chart repository, and the tag
 * "1.2" in an OCI registry.
 *
 * dependency  borrowed, as long as out.
 * Returns 0, or -1 as semver_constraint_parse(). Release with version_demand_release().
 */
int version_demand_parse(struct version_demand *out, const struct chart_dependency *dependency,
    struct error *err) MUST_CHECK;
void version_demand_release(struct version_demand *d);
#define auto_version_demand __attribute__((cleanup(version_demand_release)))

/** version_demand_admits(d, version, parsed): parsed is what semver_parse() made of version. */
bool version_demand_admits(
    const struct version_demand *d, const struct text *version, const struct semver *parsed);

#endif
