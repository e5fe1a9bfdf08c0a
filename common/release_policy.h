/*
 * Release signatures against the policy: whether every named artifact carries what clusters will
 * ask for. For verified_layout.c, and for builder's check of its work. Source: design formats.md
 * 3, 5.
 */
#ifndef COMMON_RELEASE_POLICY_H
#define COMMON_RELEASE_POLICY_H

#include "common/graph.h"
#include "common/layout.h"
#include "common/release_claim.h"
#include "common/trust.h"

/** A set of forms: RELEASE_FORM_BIT(RELEASE_BUNDLE) and so on. */
#define RELEASE_FORM_BIT(form) (1U << (form))

/**
 * release_judge(graph, layout, trust, out_forms, err): 0 where trust asks for no release signature,
 * or where every named artifact has, in each form that it asks for, one by one of its keys that
 * binds the artifact's digest, name and version: a chart's own, else repository and tag.
 *
 * A signature counts as a bundle where cosign and Kyverno find it: a manifest with the artifact as
 * its subject, the bundle's type and one layer; as legacy where an entry of index.json has the
 * ref.name of the artifact's signatures. Those of other makers and keys are passed over. out_forms
 * (NULL, or one for each of graph->names) gets the forms that hold, asked for or not; 0 where no
 * key is pinned. ERR_POLICY names artifact, form, keys and what was found; ERR_LIMIT over
 * LIMIT_RELEASE_CHECKS_MAX signatures; ERR_SEAL where a file changed meanwhile.
 */
int release_judge(const struct graph *graph, const struct layout *layout, const struct trust *trust,
    unsigned *out_forms, struct error *err) MUST_CHECK;

#endif
