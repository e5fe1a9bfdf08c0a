/*
 * The sequence of a delivery against what was accepted before: replays, forks and jumps. Pure: what
 * was accepted before comes in as a value. Source: design formats.md 5 (sequence).
 */
#ifndef COMMON_SEQUENCE_POLICY_H
#define COMMON_SEQUENCE_POLICY_H

#include "common/digest.h"
#include "common/index.h"
#include "common/trust.h"

/** The last delivery that was accepted from an origin for a destination: the high-water mark. */
struct sequence_mark {
	bool exists;
	uint64_t sequence; /* 1 ..= INT64_MAX */
	struct digest seal_id;
};

/**
 * sequence_mark_raise(mark, other, err): the higher of two marks that are known from two places.
 * ERR_POLICY where they have one sequence and two seals.
 */
int sequence_mark_raise(
    struct sequence_mark *mark, const struct sequence_mark *other, struct error *err) MUST_CHECK;

/** Where marks are known from. find() is called once at most, after all else was found good. */
struct mark_source {
	int (*find)(
	    void *context, const char *origin, struct sequence_mark *out, struct error *err);
	void *context;
};

enum sequence_state {
	SEQUENCE_NONE,       /* the delivery has none, and nothing asks for one */
	SEQUENCE_NOT_JUDGED, /* it has one, and nothing is known to judge it by */
	SEQUENCE_JUDGED,
};

struct sequence_verdict {
	enum sequence_state state;
	bool previous_differs; /* `previous` is not the seal of the mark; a warning */
};

/** What a sequence is judged by; all borrowed. */
struct sequence_question {
	const struct delivery *delivery; /* as index_parse_delivery() checked it */
	const struct digest *seal_id;
	const struct trust *trust;
	struct sequence_mark mark; /* of the delivery's origin */
	bool needs_mark; /* a policy that requires a sequence wants one to compare it with */
};

/**
 * sequence_judge(out, q, err): ERR_POLICY naming the rule, what was found and what was expected.
 * minSequence may be equalled; the mark's sequence only with the mark's seal. Where either is known
 * of an origin, a delivery of it without a sequence is refused.
 */
int sequence_judge(
    struct sequence_verdict *out, const struct sequence_question *q, struct error *err) MUST_CHECK;

#endif
