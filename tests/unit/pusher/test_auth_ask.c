#include "tests/unit/pusher/auth_world.h"

static void test_a_token_for_each_repository(void **state)
{
	auto_world struct world w;
	struct auth_exchange a = {.repository = "a"};
	struct auth_exchange b = {.repository = "b"};
	struct auth_exchange again = {.repository = "a"};

	(void)state;
	world_init(&w, "r.example", false);
	give(&w, "", "a", "p", NULL, NULL);
	expect_again(&w, &a, BEARER ",scope=\"repository:a:pull\"", true);
	expect_ask(&w, &a,
	    "GET "
	    "https://r.example:443/token?service=r&scope=repository%3Aa%3Apull%2Cpush " BASIC_A_P
	    " ");
	assert_false(a.ask.is_foreign);
	give_token(&w, &a, "ta", 300);
	expect_send(&w, &a, "Bearer ta");
	expect_ask(&w, &b,
	    "GET "
	    "https://r.example:443/token?service=r&scope=repository%3Ab%3Apull%2Cpush " BASIC_A_P
	    " ");
	give_token(&w, &b, "tb", 300);
	expect_send(&w, &b, "Bearer tb");
	expect_send(&w, &again, "Bearer ta");
}

static void test_anonymous_tokens(void **state)
{
	auto_world struct world w;
	struct auth_exchange x = {.repository = NULL};

	(void)state;
	world_init(&w, "r.example", false);
	expect_again(&w, &x, "Basic realm=\"x\", Bearer realm=\"/t?x=y\"", true);
	expect_ask(&w, &x, "GET https://r.example:443/t?x=y - ");
	give_token(&w, &x, "t", 0);
	expect_send(&w, &x, "Bearer t");
}

static void test_more_scopes_where_the_registry_wants_them(void **state)
{
	auto_world struct world w;
	struct auth_exchange first = {.repository = "a"};
	struct auth_exchange x = {.repository = "a"};

	(void)state;
	world_init(&w, "r.example", false);
	take_token(&w, &first, "one");
	expect_send(&w, &x, "Bearer one");
	expect_again(&w, &x,
	    BEARER ",error=\"insufficient_scope\",scope=\"repository:a:delete repository:b:pull\"",
	    true);
	expect_ask(&w, &x,
	    "GET https://r.example:443/token?service=r&scope=repository%3Aa%3Apull%2Cpush%2Cdelete"
	    "&scope=repository%3Ab%3Apull - ");
	give_token(&w, &x, "two", 300);
	expect_send(&w, &x, "Bearer two");
}

static void test_a_mount_that_gets_no_token_is_dropped(void **state)
{
	auto_world struct world w;
	struct auth_exchange first = {.repository = "a"};
	struct auth_exchange x = {.repository = "a", .mount_from = "b"};
	struct auth_exchange later = {.repository = "a", .mount_from = "b"};
	struct error err = ERROR_INIT;

	(void)state;
	world_init(&w, "r.example", false);
	take_token(&w, &first, "one");
	expect_ask(&w, &x,
	    "GET https://r.example:443/token?service=r&scope=repository%3Aa%3Apull%2Cpush"
	    "&scope=repository%3Ab%3Apull - ");
	expect_ok(answer(&w, &x, 403, "", &err), &err);
	expect_send(&w, &x, "Bearer one");
	assert_true(x.mount_refused);
	expect_send(&w, &later, "Bearer one");
	assert_true(later.mount_refused);
}

static void test_identity_tokens_are_posted(void **state)
{
	auto_world struct world w;
	struct auth_exchange x = {.repository = "a"};

	(void)state;
	world_init(&w, "r.example", false);
	give(&w, "", NULL, NULL, "refresh+", NULL);
	expect_again(&w, &x, BEARER, true);
	expect_ask(&w, &x,
	    "POST https://r.example:443/token - grant_type=refresh_token&service=r&client_id="
	    "sallyport-pusher&scope=repository%3Aa%3Apull%2Cpush&refresh_token=refresh%2B");
	expect_text(x.ask.content_type, "application/x-www-form-urlencoded");
	give_token(&w, &x, "t", 300);
	expect_send(&w, &x, "Bearer t");
}

static void test_identity_tokens_where_no_post_is_taken(void **state)
{
	static const int statuses[] = {400, 401, 404, 405};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		auto_world struct world w;
		struct auth_exchange x = {.repository = "a"};
		struct error err = ERROR_INIT;

		world_init(&w, "r.example", false);
		give(&w, "", "a", NULL, "p", NULL);
		expect_again(&w, &x, BEARER, true);
		assert_int_equal(prepare(&w, &x), AUTH_ASK);
		assert_int_equal(x.ask.method, HTTP_POST);
		expect_ok(answer(&w, &x, statuses[i], "", &err), &err);
		expect_ask(&w, &x,
		    "GET https://r.example:443/token?service=r&scope=repository%3Aa%3Apull"
		    "%2Cpush " BASIC_A_P " ");
		expect_refused(answer(&w, &x, 401, "", &err), &err, ERR_AUTH,
		    "token server https://r.example:443: status 401");
	}
}

static void test_registry_tokens_go_as_they_are(void **state)
{
	auto_world struct world w;
	struct auth_exchange x = {.repository = "a"};

	(void)state;
	world_init(&w, "r.example", false);
	give(&w, "", NULL, NULL, NULL, "preset");
	expect_send(&w, &x, NULL);
	expect_again(&w, &x, "Bearer realm=\"https://evil.example/\"", true);
	expect_send(&w, &x, "Bearer preset");
	expect_again(&w, &x, BEARER, false);
}

static void test_row_r7_token_servers_that_refuse(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum err_code code;
		const char *text;
	} of[] = {
	    {401, "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"no\"}]}", ERR_AUTH,
		"token server https://r.example:443: status 401 UNAUTHORIZED: no"},
	    {403, "", ERR_DENIED, "status 403"},
	    {404, "", ERR_REGISTRY, "status 404"},
	    {429, "", ERR_SERVER, "status 429"},
	    {503, "", ERR_SERVER, "status 503"},
	    {302, "", ERR_UNBELIEVED, "no redirect is followed"},
	    {204, "", ERR_UNBELIEVED, "status 204"},
	    {200, "<html>", ERR_AUTH, "its answer: it is no JSON object"},
	    {200, "{\"token\":\"t\",\"expires_in\":-1}", ERR_AUTH, "'expires_in' is negative"},
	    {200, "", ERR_AUTH, "no JSON object"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(of); i++) {
		auto_world struct world w;
		struct auth_exchange x = {.repository = "a"};
		struct error err = ERROR_INIT;

		world_init(&w, "r.example", false);
		give(&w, "", "a", "canary", NULL, NULL);
		expect_again(&w, &x, BEARER, true);
		assert_int_equal(prepare(&w, &x), AUTH_ASK);
		expect_refused(
		    answer(&w, &x, of[i].status, of[i].body, &err), &err, of[i].code, of[i].text);
		assert_null(strstr(err.text, "canary"));
		assert_null(strstr(err.text, "scope"));
	}
}

static void test_an_auth_host(void **state)
{
	auto_world struct world w;
	struct auth_exchange x = {.repository = NULL};

	(void)state;
	world_init(&w, "r.example", false);
	w.hosts = (struct option_list){.items = {"auth.test"}, .count = 1};
	give(&w, "", "a", "p", NULL, NULL);
	expect_again(&w, &x, "Bearer realm=\"https://auth.test/t\"", true);
	expect_ask(&w, &x, "GET https://auth.test:443/t " BASIC_A_P " ");
	assert_true(x.ask.is_foreign);
	give_token(&w, &x, "t", 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_token_for_each_repository),
	    cmocka_unit_test(test_anonymous_tokens),
	    cmocka_unit_test(test_more_scopes_where_the_registry_wants_them),
	    cmocka_unit_test(test_a_mount_that_gets_no_token_is_dropped),
	    cmocka_unit_test(test_identity_tokens_are_posted),
	    cmocka_unit_test(test_identity_tokens_where_no_post_is_taken),
	    cmocka_unit_test(test_registry_tokens_go_as_they_are),
	    cmocka_unit_test(test_row_r7_token_servers_that_refuse),
	    cmocka_unit_test(test_an_auth_host),
	};

	return cmocka_run_group_tests_name("auth_ask", tests, NULL, NULL);
}
