#include <inttypes.h>

#include "common/sequence_policy.h"
#include "tests/unit/expect.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

/* Everything that a judgement looks at. The delivery's seal is A, the mark's B unless told. */
struct case_of_sequence {
	const char *sequence; /* of the delivery; NULL: none */
	const char *previous;
	uint64_t mark; /* 0: none */
	const char *mark_seal;
	uint64_t min;  /* of the policy; 0: none */
	uint64_t jump; /* of the policy; 0: none */
	bool require_sequence;
	bool require_previous;
	bool needs_mark;
	const char *error; /* NULL: accepted */
	enum sequence_state state;
	bool previous_differs;
};

static const struct case_of_sequence cases[] = {
    {.state = SEQUENCE_NONE},
    {.sequence = "41", .state = SEQUENCE_NOT_JUDGED},
    {.sequence = "41", .needs_mark = true, .state = SEQUENCE_NOT_JUDGED},
    {.sequence = "41", .require_sequence = true, .state = SEQUENCE_NOT_JUDGED},
    {.sequence = "41",
	.require_sequence = true,
	.needs_mark = true,
	.error = "requireSequence: no sequence of 'plant-a' is known here to compare 41 with"},
    /* the mark */
    {.sequence = "42", .mark = 41, .state = SEQUENCE_JUDGED},
    {.sequence = "9223372036854775807", .mark = 41, .state = SEQUENCE_JUDGED},
    {.sequence = "41", .mark = 41, .mark_seal = A, .state = SEQUENCE_JUDGED},
    {.sequence = "41",
	.mark = 41,
	.error =
	    "sequence: 41 from 'plant-a' was accepted with the seal " B ", and this is another"},
    {.sequence = "40",
	.mark = 41,
	.error =
	    "sequence: 40 from 'plant-a' is older than 41, the last that was accepted (seal " B},
    {.sequence = "40", .mark = 41, .mark_seal = A, .error = "is older than 41"},
    {.sequence = "1", .mark = INT64_MAX, .error = "is older than 9223372036854775807"},
    {.sequence = "9", .mark = 10, .error = "9 from 'plant-a' is older than 10"},
    {.mark = 41,
	.error = "sequence: the delivery has none, and those from 'plant-a' have come to 41"},
    /* minSequence: may be equalled, by any seal */
    {.sequence = "40", .min = 40, .state = SEQUENCE_JUDGED},
    {.sequence = "39", .min = 40, .error = "minSequence: 39 from 'plant-a' is less than 40"},
    {.sequence = "41",
	.min = 40,
	.require_sequence = true,
	.needs_mark = true,
	.state = SEQUENCE_JUDGED},
    {.sequence = "42", .mark = 41, .min = 50, .error = "minSequence: 42 from 'plant-a' is less"},
    {.sequence = "50", .mark = 41, .min = 50, .state = SEQUENCE_JUDGED},
    {.sequence = "50", .mark = 60, .min = 50, .error = "is older than 60"},
    {.min = 40, .error = "those from 'plant-a' have come to 40"},
    {.mark = 41, .min = 50, .error = "have come to 50"},
    /* maxSequenceJump: from the highest that is known */
    {.sequence = "51", .mark = 41, .jump = 10, .state = SEQUENCE_JUDGED},
    {.sequence = "52",
	.mark = 41,
	.jump = 10,
	.error = "maxSequenceJump: 52 from 'plant-a' is more than 10 beyond 41, the highest"},
    {.sequence = "9223372036854775807", .mark = 41, .jump = 1000, .error = "maxSequenceJump"},
    {.sequence = "60", .mark = 41, .min = 50, .jump = 10, .state = SEQUENCE_JUDGED},
    {.sequence = "61", .mark = 41, .min = 50, .jump = 10, .error = "beyond 50, the highest"},
    {.sequence = "1000", .jump = 1, .state = SEQUENCE_NOT_JUDGED},
    /* previous */
    {.sequence = "42", .previous = B, .mark = 41, .state = SEQUENCE_JUDGED},
    {.sequence = "42",
	.previous = B,
	.mark = 41,
	.require_previous = true,
	.state = SEQUENCE_JUDGED},
    {.sequence = "42",
	.previous = C,
	.mark = 41,
	.state = SEQUENCE_JUDGED,
	.previous_differs = true},
    {.sequence = "42",
	.previous = C,
	.mark = 41,
	.require_previous = true,
	.error =
	    "requirePrevious: the delivery follows the seal " C ", and the last that was accepted "
	    "is " B},
    {.sequence = "42", .previous = C, .require_previous = true, .state = SEQUENCE_NOT_JUDGED},
    {.sequence = "42",
	.previous = C,
	.require_previous = true,
	.needs_mark = true,
	.error = "requirePrevious: no delivery before this one is known here"},
    {.sequence = "42",
	.previous = C,
	.min = 40,
	.require_previous = true,
	.needs_mark = true,
	.error = "requirePrevious: no delivery before"},
    {.previous = C, .state = SEQUENCE_NONE},
    /* the same delivery again */
    {.sequence = "41",
	.previous = C,
	.mark = 41,
	.mark_seal = A,
	.require_previous = true,
	.needs_mark = true,
	.require_sequence = true,
	.state = SEQUENCE_JUDGED},
};

static struct digest digest_from(const char *hex)
{
	struct digest d;

	assert_true(digest_parse_hex(&d, hex, strlen(hex)));
	return d;
}

static int judge(const struct case_of_sequence *c, struct sequence_verdict *out, struct error *err)
{
	char origin[] = "plant-a";
	const struct delivery delivery = {.origin = origin,
	    .sequence = (char *)(uintptr_t)c->sequence,
	    .previous = (char *)(uintptr_t)c->previous};
	struct trust_min_sequence min = {.origin = origin, .sequence = c->min};
	const struct trust trust = {.min_sequences = &min,
	    .min_sequence_count = c->min > 0 ? 1 : 0,
	    .max_sequence_jump = c->jump > 0 ? c->jump : INT64_MAX,
	    .require_sequence = c->require_sequence,
	    .require_previous = c->require_previous};
	const struct digest seal_id = digest_from(A);
	const struct sequence_question q = {.delivery = &delivery,
	    .seal_id = &seal_id,
	    .trust = &trust,
	    .mark = {.exists = c->mark > 0,
		.sequence = c->mark,
		.seal_id = digest_from(c->mark_seal != NULL ? c->mark_seal : B)},
	    .needs_mark = c->needs_mark};

	return sequence_judge(out, &q, err);
}

static void row_s12_and_row_s13_judges_every_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sequence_verdict verdict;
		struct error err = ERROR_INIT;
		int result = judge(&cases[i], &verdict, &err);

		if (cases[i].error != NULL) {
			expect_refused(result, &err, ERR_POLICY, cases[i].error);
			continue;
		}
		expect_ok(result, &err);
		assert_int_equal(verdict.state, cases[i].state);
		assert_int_equal(verdict.previous_differs, cases[i].previous_differs);
	}
}

/*
 * What must hold whatever the policy says, over all small numbers: with a mark nothing older is
 * taken, nor another seal under its number; what is taken can be taken again; and a policy that
 * asks for more never takes more.
 */
static void check_laws(const struct case_of_sequence *c, uint64_t sequence)
{
	struct sequence_verdict verdict;
	struct error err = ERROR_INIT;
	bool is_same_seal = c->mark_seal != NULL;
	bool accepted = judge(c, &verdict, &err) == 0;
	struct case_of_sequence again = *c;
	struct case_of_sequence laxer = *c;

	if (!accepted)
		assert_int_equal(err.code, ERR_POLICY);
	if (c->mark > 0)
		assert_true(
		    !accepted || sequence > c->mark || (sequence == c->mark && is_same_seal));
	assert_true(!accepted || sequence >= c->min);
	assert_true(!accepted || verdict.state != SEQUENCE_JUDGED || c->mark + c->min > 0);
	if (!accepted)
		return;
	again.mark = sequence;
	again.mark_seal = A;
	again.needs_mark = true;
	expect_ok(judge(&again, &verdict, &err), &err);
	assert_int_equal(verdict.state, SEQUENCE_JUDGED);
	laxer.require_sequence = laxer.require_previous = laxer.needs_mark = false;
	laxer.jump = laxer.min = 0;
	expect_ok(judge(&laxer, &verdict, &err), &err);
}

static void row_s12_the_laws_hold_for_every_small_number(void **state)
{
	static const char *const previous[] = {NULL, B, C};

	(void)state;
	for (unsigned bits = 0; bits < 16; bits++) {
		for (uint64_t n = 1; n <= 4; n++) {
			for (uint64_t i = 0; i < 4 * 5 * 4 * 3; i++) {
				auto_free char *text = mem_printf("%" PRIu64, n);
				const struct case_of_sequence c = {.sequence = text,
				    .mark = i % 5,
				    .min = i / 5 % 4,
				    .jump = i / 20 % 4,
				    .previous = previous[i / 80],
				    .mark_seal = (bits & 1) != 0 ? A : NULL,
				    .require_sequence = (bits & 2) != 0,
				    .require_previous = (bits & 4) != 0,
				    .needs_mark = (bits & 8) != 0};

				check_laws(&c, n);
			}
		}
	}
}

static void raises_marks(void **state)
{
	struct sequence_mark none = {.exists = false};
	struct sequence_mark five = {.exists = true, .sequence = 5, .seal_id = digest_from(A)};
	struct sequence_mark six = {.exists = true, .sequence = 6, .seal_id = digest_from(B)};
	struct sequence_mark other = {.exists = true, .sequence = 6, .seal_id = digest_from(C)};
	struct sequence_mark mark = none;
	struct error err = ERROR_INIT;

	(void)state;
	expect_ok(sequence_mark_raise(&mark, &none, &err), &err);
	assert_false(mark.exists);
	expect_ok(sequence_mark_raise(&mark, &five, &err), &err);
	assert_int_equal(mark.sequence, 5);
	expect_ok(sequence_mark_raise(&mark, &six, &err), &err);
	expect_ok(sequence_mark_raise(&mark, &five, &err), &err);
	expect_ok(sequence_mark_raise(&mark, &none, &err), &err);
	expect_ok(sequence_mark_raise(&mark, &six, &err), &err);
	assert_int_equal(mark.sequence, 6);
	expect_refused(sequence_mark_raise(&mark, &other, &err), &err, ERR_POLICY,
	    "two deliveries with the number 6 were accepted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(row_s12_and_row_s13_judges_every_case),
	    cmocka_unit_test(row_s12_the_laws_hold_for_every_small_number),
	    cmocka_unit_test(raises_marks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
