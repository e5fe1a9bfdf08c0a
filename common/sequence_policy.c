#include "common/sequence_policy.h"

#include <inttypes.h>
#include <string.h>

int sequence_mark_raise(
    struct sequence_mark *mark, const struct sequence_mark *other, struct error *err)
{
	if (!other->exists)
		return 0;
	if (mark->exists && mark->sequence == other->sequence &&
	    !digest_equal(&mark->seal_id, &other->seal_id))
		return error_set(err, ERR_POLICY,
		    "sequence: two deliveries with the number %" PRIu64
		    " were accepted: find out who sealed which",
		    mark->sequence);
	if (!mark->exists || mark->sequence < other->sequence)
		*mark = *other;
	return 0;
}

/* The highest sequence that is known of the origin; 0 where nothing is. */
static uint64_t known_sequence(const struct sequence_question *q, uint64_t min)
{
	uint64_t mark = q->mark.exists ? q->mark.sequence : 0;

	return mark > min ? mark : min;
}

static int refuse_absent(const struct sequence_question *q, uint64_t known, struct error *err)
{
	return error_set(err, ERR_POLICY,
	    "sequence: the delivery has none, and those from '%s' have come to %" PRIu64,
	    q->delivery->origin, known);
}

static int judge_mark(const struct sequence_question *q, uint64_t sequence, struct error *err)
{
	char expected[DIGEST_HEX_LEN + 1];

	if (!q->mark.exists || sequence > q->mark.sequence)
		return 0;
	digest_hex(expected, &q->mark.seal_id);
	if (sequence < q->mark.sequence)
		return error_set(err, ERR_POLICY,
		    "sequence: %" PRIu64 " from '%s' is older than %" PRIu64
		    ", the last that was accepted (seal %s)",
		    sequence, q->delivery->origin, q->mark.sequence, expected);
	if (!digest_equal(&q->mark.seal_id, q->seal_id))
		return error_set(err, ERR_POLICY,
		    "sequence: %" PRIu64
		    " from '%s' was accepted with the seal %s, and this is another delivery with "
		    "the same number",
		    sequence, q->delivery->origin, expected);
	return 0;
}

static int judge_bounds(
    const struct sequence_question *q, uint64_t sequence, uint64_t min, struct error *err)
{
	const uint64_t known = known_sequence(q, min);

	if (sequence < min)
		return error_set(err, ERR_POLICY,
		    "minSequence: %" PRIu64 " from '%s' is less than %" PRIu64, sequence,
		    q->delivery->origin, min);
	if (known > 0 && sequence > known && sequence - known > q->trust->max_sequence_jump)
		return error_set(err, ERR_POLICY,
		    "maxSequenceJump: %" PRIu64 " from '%s' is more than %" PRIu64
		    " beyond %" PRIu64 ", the highest that is known",
		    sequence, q->delivery->origin, q->trust->max_sequence_jump, known);
	return 0;
}

static int judge_previous(
    struct sequence_verdict *out, const struct sequence_question *q, struct error *err)
{
	const char *previous = q->delivery->previous;
	char last[DIGEST_HEX_LEN + 1];

	if (!q->mark.exists) {
		if (!q->trust->require_previous || !q->needs_mark)
			return 0;
		return error_set(err, ERR_POLICY,
		    "requirePrevious: no delivery before this one is known here (see --state; for "
		    "the very first, --first-use)");
	}
	/* The delivery itself, pushed again: what it follows was compared the first time. */
	if (previous == NULL || digest_equal(&q->mark.seal_id, q->seal_id))
		return 0;
	digest_hex(last, &q->mark.seal_id);
	if (strcmp(previous, last) == 0)
		return 0;
	if (q->trust->require_previous)
		return error_set(err, ERR_POLICY,
		    "requirePrevious: the delivery follows the seal %s, and the last that was "
		    "accepted is %s",
		    previous, last);
	out->previous_differs = true;
	return 0;
}

int sequence_judge(
    struct sequence_verdict *out, const struct sequence_question *q, struct error *err)
{
	const struct delivery *d = q->delivery;
	const uint64_t min = d->origin != NULL ? trust_min_sequence_of(q->trust, d->origin) : 0;
	const uint64_t known = known_sequence(q, min);
	int64_t sequence = 0;

	*out = (struct sequence_verdict){.state = SEQUENCE_NONE, .previous_differs = false};
	if (d->sequence != NULL && sequence_parse(&sequence, d->sequence, err) != 0)
		return -1;
	if (d->sequence == NULL && known > 0)
		return refuse_absent(q, known, err);
	if (d->sequence != NULL && known == 0 && q->trust->require_sequence && q->needs_mark)
		return error_set(err, ERR_POLICY,
		    "requireSequence: no sequence of '%s' is known here to compare %s with (see "
		    "--state; for the very first delivery, --first-use)",
		    d->origin, d->sequence);
	if (d->sequence != NULL && (judge_mark(q, (uint64_t)sequence, err) != 0 ||
				       judge_bounds(q, (uint64_t)sequence, min, err) != 0))
		return -1;
	if (d->sequence != NULL)
		out->state = known > 0 ? SEQUENCE_JUDGED : SEQUENCE_NOT_JUDGED;
	return judge_previous(out, q, err);
}
