#include "tests/unit/pusher/auth_world.h"

/* ---- Basic, and nothing ---- */

static void test_nothing_is_sent_unasked(void **state)
{
	auto_world struct world w;
	struct auth_exchange x = {.repository = "a"};

	(void)state;
	world_init(&w, "r.example", false);
	give(&w, "", "a", "p", NULL, NULL);
	expect_send(&w, &x, NULL);
	assert_string_equal(auth_credentials_from(w.auth, "a"), "the command line");
}

static void test_row_r8_basic_at_most_twice(void **state)
{
	auto_world struct world w;
	struct auth_exchange first = {.repository = "a"};
	struct auth_exchange second = {.repository = "b"};

	(void)state;
	world_init(&w, "r.example", false);
	give(&w, "", "a", "p", NULL, NULL);
	expect_send(&w, &first, NULL);
	expect_again(&w, &first, "BASIC realm=\"Sonatype Nexus Repository Manager\"", true);
	expect_send(&w, &first, BASIC_A_P);
	expect_again(&w, &first, "Basic realm=\"x\"", false);
	/* What was refused is not said twice for one request. */
	expect_send(&w, &second, BASIC_A_P);
	expect_again(&w, &second, "Basic realm=\"x\"", false);
}

static void test_without_credentials_a_challenge_is_final(void **state)
{
	auto_world struct world w;
	struct auth_exchange x = {.repository = "a"};

	(void)state;
	world_init(&w, "r.example", false);
	expect_send(&w, &x, NULL);
	expect_again(&w, &x, "Basic realm=\"x\"", false);
	assert_null(auth_credentials_from(w.auth, "a"));
	assert_false(auth_has_token(w.auth, "a"));
}

static void test_credentials_for_each_repository(void **state)
{
	auto_world struct world w;
	struct auth_exchange a = {.repository = "a/x"};
	struct auth_exchange b = {.repository = "b"};
	struct auth_exchange c = {.repository = "c"};

	(void)state;
	world_init(&w, "r.example", false);
	give(&w, "a", "a", "p", NULL, NULL);
	give(&w, "b", "b", "p", NULL, NULL);
	expect_again(&w, &a, "Basic realm=\"x\"", true);
	expect_send(&w, &a, BASIC_A_P);
	expect_send(&w, &b, "Basic Yjpw");
	expect_send(&w, &c, NULL);
	expect_send(&w, &a, BASIC_A_P);
}

static void test_row_r8_basic_asked_on_http(void **state)
{
	static const char *const asked[] = {"Basic realm=\"x\"",
	    "Bearer realm=\"https://r.example/token\"", "Bearer realm=\"http://r.example/token\""};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		auto_world struct world w;
		struct auth_exchange x = {.repository = "a"};
		struct error err = ERROR_INIT;
		enum auth_step step;
		bool again = false;

		world_init(&w, "r.example", true);
		give(&w, "", "a", "p", NULL, NULL);
		int result = challenge(&w, &x, asked[i], &again, &err);
		if (result == 0)
			result = auth_prepare(w.auth, &x, 0, &step, &err);
		expect_refused(result, &err, ERR_AUTH, "in the clear");
	}
}

/* ---- tokens ---- */

static void test_tokens_are_renewed_before_they_end(void **state)
{
	static const struct {
		uint64_t body_bytes;
		int64_t at_ms;
		bool is_renewed;
	} of[] = {
	    {0, 289999, false},
	    {0, 290001, true},
	    {0, 400000, true},
	    {300000, 224999, false}, /* a quarter of 300 s is 75 s */
	    {300000, 225001, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(of); i++) {
		auto_world struct world w;
		struct auth_exchange first = {.repository = "a"};
		struct auth_exchange later = {.repository = "a", .body_bytes = of[i].body_bytes};

		world_init(&w, "r.example", false);
		w.now_ms = 1000;
		take_token(&w, &first, "one");
		w.now_ms = 1000 + of[i].at_ms;
		if (of[i].is_renewed) {
			assert_int_equal(prepare(&w, &later), AUTH_ASK);
			give_token(&w, &later, "two", 300);
		}
		expect_send(&w, &later, of[i].is_renewed ? "Bearer two" : "Bearer one");
	}
}

static void test_the_shortest_token_is_enough_for_a_long_body(void **state)
{
	auto_world struct world w;
	struct auth_exchange x = {.repository = "a", .body_bytes = 1ULL << 40};

	(void)state;
	world_init(&w, "r.example", false);
	expect_again(&w, &x, BEARER, true);
	assert_int_equal(prepare(&w, &x), AUTH_ASK);
	give_token(&w, &x, "t", 1);
	expect_send(&w, &x, "Bearer t");
}

static void test_row_r8_a_refused_token_is_renewed_once(void **state)
{
	auto_world struct world w;
	struct auth_exchange first = {.repository = "a"};
	struct auth_exchange x = {.repository = "a"};

	(void)state;
	world_init(&w, "r.example", false);
	take_token(&w, &first, "one");
	expect_send(&w, &x, "Bearer one");
	expect_again(&w, &x, BEARER ",error=\"invalid_token\"", true);
	assert_int_equal(prepare(&w, &x), AUTH_ASK);
	give_token(&w, &x, "two", 300);
	expect_send(&w, &x, "Bearer two");
	expect_again(&w, &x, BEARER ",error=\"invalid_token\"", false);
}

static void test_a_token_that_another_request_renewed(void **state)
{
	auto_world struct world w;
	struct auth_exchange a = {.repository = "a"};
	struct auth_exchange b = {.repository = "a"};

	(void)state;
	world_init(&w, "r.example", false);
	expect_again(&w, &a, BEARER, true);
	assert_int_equal(prepare(&w, &a), AUTH_ASK);
	/* One request for a token at a time. */
	assert_int_equal(prepare(&w, &b), AUTH_WAIT);
	give_token(&w, &a, "one", 300);
	expect_send(&w, &b, "Bearer one");
	a = (struct auth_exchange){.repository = "a"};
	expect_send(&w, &a, "Bearer one");
	take_token(&w, &a, "two");
	expect_send(&w, &a, "Bearer two");
	expect_again(&w, &b, BEARER, true);
	expect_send(&w, &b, "Bearer two");
}

static void test_a_request_for_a_token_that_got_no_answer(void **state)
{
	auto_world struct world w;
	struct auth_exchange a = {.repository = "a"};
	struct auth_exchange b = {.repository = "a"};

	(void)state;
	world_init(&w, "r.example", false);
	auth_abandon(w.auth, &a);
	expect_again(&w, &a, BEARER, true);
	assert_int_equal(prepare(&w, &a), AUTH_ASK);
	auth_abandon(w.auth, &a);
	assert_null(a.ask.url);
	assert_int_equal(prepare(&w, &b), AUTH_ASK);
	give_token(&w, &b, "t", 300);
	expect_send(&w, &a, "Bearer t");
}

/* ---- challenges ---- */

static void test_row_r6_a_realm_elsewhere(void **state)
{
	auto_world struct world w;
	struct auth_exchange x = {.repository = "a"};
	struct error err = ERROR_INIT;
	bool again = true;

	(void)state;
	world_init(&w, "r.example", false);
	give(&w, "", "a", "p", NULL, NULL);
	expect_refused(challenge(&w, &x, "Bearer realm=\"https://evil.example/t\"", &again, &err),
	    &err, ERR_AUTH, "--auth-host evil.example");
	assert_false(again);
	/* Where the registry itself may see the password, that is enough. */
	x = (struct auth_exchange){.repository = "a"};
	expect_again(&w, &x, "Bearer realm=\"https://evil.example/t\", Basic realm=\"x\"", true);
	expect_send(&w, &x, BASIC_A_P);
}

static void test_a_401_without_a_challenge(void **state)
{
	auto_world struct world w;
	struct auth_exchange x = {.repository = "a"};
	auto_http_response struct http_response r;
	struct error err = ERROR_INIT;

	(void)state;
	world_init(&w, "r.example", false);
	give(&w, "", "a", "p", NULL, NULL);
	expect_send(&w, &x, NULL);
	expect_again(&w, &x, NULL, true);
	expect_ask(&w, &x, "GET https://r.example/v2/ - ");
	response_set(&r, 401, "Basic realm=\"x\"", "");
	expect_ok(auth_answer(w.auth, &x, &r, 0, &err), &err);
	expect_send(&w, &x, BASIC_A_P);
	expect_again(&w, &x, NULL, false);
}

static void test_row_r8_a_401_without_a_challenge_for_ever(void **state)
{
	auto_world struct world w;
	struct auth_exchange x = {.repository = "a"};
	struct auth_exchange later = {.repository = "a"};
	auto_http_response struct http_response r;
	struct error err = ERROR_INIT;

	(void)state;
	world_init(&w, "r.example", false);
	expect_again(&w, &x, "Negotiate", true);
	assert_int_equal(prepare(&w, &x), AUTH_ASK);
	response_set(&r, 401, NULL, "");
	expect_ok(auth_answer(w.auth, &x, &r, 0, &err), &err);
	expect_send(&w, &x, NULL);
	expect_again(&w, &x, NULL, false);
	expect_send(&w, &later, NULL);
	expect_again(&w, &later, NULL, false);
}

static void test_more_repositories_than_tokens_are_kept(void **state)
{
	auto_world struct world w;
	struct auth_exchange first = {.repository = "r"};

	(void)state;
	world_init(&w, "r.example", false);
	expect_again(&w, &first, BEARER, true);
	assert_int_equal(prepare(&w, &first), AUTH_ASK);
	for (unsigned i = 0; i < 2 * LIMIT_TOKENS_MAX; i++) {
		auto_free char *name = mem_printf("r%u", i);
		struct auth_exchange x = {.repository = name};

		assert_int_equal(prepare(&w, &x), AUTH_ASK);
		give_token(&w, &x, name, 300);
		auto_free char *bearer = mem_printf("Bearer %s", name);
		expect_send(&w, &x, bearer);
	}
	/* What waits for its answer keeps its place. */
	give_token(&w, &first, "first", 300);
	expect_send(&w, &first, "Bearer first");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing_is_sent_unasked),
	    cmocka_unit_test(test_row_r8_basic_at_most_twice),
	    cmocka_unit_test(test_without_credentials_a_challenge_is_final),
	    cmocka_unit_test(test_credentials_for_each_repository),
	    cmocka_unit_test(test_row_r8_basic_asked_on_http),
	    cmocka_unit_test(test_tokens_are_renewed_before_they_end),
	    cmocka_unit_test(test_the_shortest_token_is_enough_for_a_long_body),
	    cmocka_unit_test(test_row_r8_a_refused_token_is_renewed_once),
	    cmocka_unit_test(test_a_token_that_another_request_renewed),
	    cmocka_unit_test(test_a_request_for_a_token_that_got_no_answer),
	    cmocka_unit_test(test_row_r6_a_realm_elsewhere),
	    cmocka_unit_test(test_a_401_without_a_challenge),
	    cmocka_unit_test(test_row_r8_a_401_without_a_challenge_for_ever),
	    cmocka_unit_test(test_more_repositories_than_tokens_are_kept),
	};

	return cmocka_run_group_tests_name("auth", tests, NULL, NULL);
}
