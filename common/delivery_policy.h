/*
 * The delivery annotations against the policy and the place of the push. For verified_layout.c.
 * Source: design formats.md 5.
 */
#ifndef COMMON_DELIVERY_POLICY_H
#define COMMON_DELIVERY_POLICY_H

#include "common/graph.h"
#include "common/verified_layout.h"

/**
 * delivery_judge(graph, signers, signer_count, judgement, err): origin, destination, not-after, and
 * what the policy requires to be there. ERR_POLICY names the rule, what was found and what was
 * expected. The sequence is judged by sequence_judge().
 */
int delivery_judge(const struct graph *graph, const struct trust_signer *signers,
    size_t signer_count, const struct judgement *judgement, struct error *err) MUST_CHECK;

/** delivery_judge_origin(d, signers, signer_count, t, err): that part of it: the policy lists the
 * origin, and one of the signers may seal for it. */
int delivery_judge_origin(const struct delivery *d, const struct trust_signer *signers,
    size_t signer_count, const struct trust *t, struct error *err) MUST_CHECK;

/**
 * delivery_judge_landing(d, path, judgement, err): the same for one repository, by its whole path
 * in the registry of judgement->target, which is not NULL: for names that are not the signed ones.
 * ERR_POLICY where it is not below the destinations of the delivery and of the policy.
 */
int delivery_judge_landing(const struct delivery *d, const char *path,
    const struct judgement *judgement, struct error *err) MUST_CHECK;

#endif
