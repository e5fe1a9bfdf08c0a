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

#endif
