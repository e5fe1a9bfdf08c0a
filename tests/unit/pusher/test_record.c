#include "pusher/record.h"
#include "tests/unit/expect.h"
#include "tests/unit/pusher/registry_world.h"

#define LOOK "GET https://registry.example/v2/charts/sallyport/manifests/sallyport-plant-a"

static int find(
    struct world *w, struct record *record, int status, const char *body, struct error *err)
{
	struct fake_answer answers[] = {{LOOK, .status = status, .body = body}};

	world_script(w, answers, 1);
	return record_find(record, &w->registry, w->fixture.trust, "plant-a", err);
}

static void test_no_record_is_no_mark(void **state)
{
	struct world *w = *state;
	auto_record struct record record = RECORD_INIT;
	struct error err = ERROR_INIT;

	record.exists = true;
	record.mark = (struct sequence_mark){.exists = true, .sequence = 7};
	assert_int_equal(find(w, &record, 404, NULL, &err), 0);
	assert_false(record.exists);
	assert_false(record.mark.exists);
	expect_text(record.repository, "charts/sallyport");
	expect_text(record.tag, "sallyport-plant-a");
}

static void test_what_was_judged_is_not_fetched_again(void **state)
{
	struct world *w = *state;
	auto_record struct record record = RECORD_INIT;
	struct error err = ERROR_INIT;

	record.exists = true;
	record.mark = (struct sequence_mark){.exists = true, .sequence = 7};
	digest_of(&record.digest, "{}", 2);
	assert_int_equal(find(w, &record, 200, "{}", &err), 0);
	assert_int_equal(record.mark.sequence, 7);
	assert_int_equal(find(w, &record, 200, "{ }", &err), -1);
	assert_int_equal(err.code, ERR_STATE);
	expect_contains(err.text, "delivery record 'registry.example/charts/sallyport:");
	expect_contains(err.text, "minSequence");
	assert_false(record.mark.exists);
}

static void test_row_s12_what_is_no_record_is_not_none(void **state)
{
	static const char *const bodies[] = {"", "{", "{}", "<html>", "[]"};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		auto_record struct record record = RECORD_INIT;
		struct error err = ERROR_INIT;

		assert_int_equal(find(w, &record, 200, bodies[i], &err), -1);
		assert_int_equal(err.code, ERR_STATE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_WORLD(test_no_record_is_no_mark),
	    WITH_WORLD(test_what_was_judged_is_not_fetched_again),
	    WITH_WORLD(test_row_s12_what_is_no_record_is_not_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
