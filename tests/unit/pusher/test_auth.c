/*
 * The dance, without a network: the test plays the registry and the token server.
 */
#include <string.h>

#include "pusher/auth.h"
#include "pusher/secret.h"
#include "tests/unit/expect.h"

#define BEARER "Bearer realm=\"https://r.example/token\",service=\"r\""
#define BASIC_A_P "Basic YTpw"

struct world {
	struct target target;
	struct credentials credentials;
	struct option_list hosts;
	struct auth *auth;
	int64_t now_ms;
};

static void world_init(struct world *w, const char *registry, bool plain_http)
{
	struct error err = ERROR_INIT;
	auto_free char *where = mem_printf("oci://%s", registry);

	*w = (struct world){.target = TARGET_INIT, .credentials = CREDENTIALS_INIT};
	expect_ok(target_parse(&w->target, where, plain_http, &err), &err);
	const struct auth_options options = {
	    .target = &w->target, .credentials = &w->credentials, .auth_hosts = &w->hosts};
	w->auth = auth_new(&options, &err);
	assert_non_null(w->auth);
}

static void world_release(struct world *w)
{
	auth_free(w->auth);
	credentials_release(&w->credentials);
	target_release(&w->target);
}
#define auto_world __attribute__((cleanup(world_release)))

static void give(struct world *w, const char *path, const char *username, const char *password,
    const char *identity_token, const char *registry_token)
{
	auto_credential struct credential c = CREDENTIAL_INIT;

	c.path = mem_strdup(path);
	c.username = username == NULL ? NULL : secret_strdup(username);
	c.password = password == NULL ? NULL : secret_strdup(password);
	c.identity_token = identity_token == NULL ? NULL : secret_strdup(identity_token);
	c.registry_token = registry_token == NULL ? NULL : secret_strdup(registry_token);
	credentials_add(&w->credentials, &c);
}

static enum auth_step prepare(struct world *w, struct auth_exchange *x)
{
	struct error err = ERROR_INIT;
	enum auth_step step;

	expect_ok(auth_prepare(w->auth, x, w->now_ms, &step, &err), &err);
	return step;
}

/* The request goes, with this Authorization; NULL: without. */
static void expect_send(struct world *w, struct auth_exchange *x, const char *authorization)
{
	assert_int_equal(prepare(w, x), AUTH_SEND);
	if (authorization == NULL)
		assert_null(x->authorization);
	else
		expect_text(x->authorization, authorization);
}

/* "METHOD URL AUTHORIZATION BODY" is to be sent first. */
static void expect_ask(struct world *w, struct auth_exchange *x, const char *expected)
{
	char body[512] = "";
	struct error err = ERROR_INIT;

	assert_int_equal(prepare(w, x), AUTH_ASK);
	if (x->ask.body != NULL) {
		ssize_t len = x->ask.body->read(x->ask.body->context, body, sizeof(body) - 1, &err);
		assert_int_equal(len, x->ask.body->size_bytes);
		assert_int_equal(x->ask.body->read(x->ask.body->context, body + len, 1, &err), 0);
	}
	auto_free char *found = mem_printf("%s %s %s %s", http_method_name(x->ask.method),
	    x->ask.url, x->ask.authorization == NULL ? "-" : x->ask.authorization, body);
	expect_text(found, expected);
}

static void response_set(
    struct http_response *r, int status, const char *challenge, const char *body)
{
	*r = (struct http_response)HTTP_RESPONSE_INIT;
	r->status = status;
	r->headers[HTTP_WWW_AUTHENTICATE] = challenge == NULL ? NULL : mem_strdup(challenge);
	buf_puts(&r->body, body);
}

static int answer(
    struct world *w, struct auth_exchange *x, int status, const char *body, struct error *err)
{
	auto_http_response struct http_response r;

	response_set(&r, status, NULL, body);
	int result = auth_answer(w->auth, x, &r, w->now_ms, err);
	assert_int_equal(r.body.len, 0);
	if (body[0] != '\0')
		assert_int_equal(r.body.data[0], 0);
	assert_null(x->asked);
	return result;
}

static void give_token(struct world *w, struct auth_exchange *x, const char *token, int life_s)
{
	struct error err = ERROR_INIT;
	auto_free char *body = mem_printf("{\"token\":\"%s\",\"expires_in\":%d}", token, life_s);

	expect_ok(answer(w, x, 200, body, &err), &err);
}

static int challenge(struct world *w, struct auth_exchange *x, const char *header, bool *out_again,
    struct error *err)
{
	auto_http_response struct http_response r;

	response_set(&r, 401, header, "");
	return auth_challenged(w->auth, x, &r, out_again, err);
}

static void expect_again(
    struct world *w, struct auth_exchange *x, const char *header, bool expected)
{
	struct error err = ERROR_INIT;
	bool again = !expected;

	expect_ok(challenge(w, x, header, &again, &err), &err);
	assert_int_equal(again, expected);
}

/* ---- Basic, and nothing ---- */

static void test_nothing_is_sent_unasked(void **state)
{
	auto_world struct world w;
	struct auth_exchange x = {.repository = "a"};

	(void)state;
	world_init(&w, "r.example", false);
	give(&w, "", "a", "p", NULL, NULL);
	expect_send(&w, &x, NULL);
	assert_true(auth_has_credentials(w.auth, "a"));
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
	assert_false(auth_has_credentials(w.auth, "a"));
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
		expect_again(&w, &first, BEARER, true);
		assert_int_equal(prepare(&w, &first), AUTH_ASK);
		give_token(&w, &first, "one", 300);
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
	expect_again(&w, &first, BEARER, true);
	assert_int_equal(prepare(&w, &first), AUTH_ASK);
	give_token(&w, &first, "one", 300);
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
	expect_again(&w, &a, BEARER, true);
	assert_int_equal(prepare(&w, &a), AUTH_ASK);
	give_token(&w, &a, "two", 300);
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

static void test_more_scopes_where_the_registry_wants_them(void **state)
{
	auto_world struct world w;
	struct auth_exchange first = {.repository = "a"};
	struct auth_exchange x = {.repository = "a"};

	(void)state;
	world_init(&w, "r.example", false);
	expect_again(&w, &first, BEARER, true);
	assert_int_equal(prepare(&w, &first), AUTH_ASK);
	give_token(&w, &first, "one", 300);
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
	expect_again(&w, &first, BEARER, true);
	assert_int_equal(prepare(&w, &first), AUTH_ASK);
	give_token(&w, &first, "one", 300);
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
	    cmocka_unit_test(test_a_token_for_each_repository),
	    cmocka_unit_test(test_anonymous_tokens),
	    cmocka_unit_test(test_tokens_are_renewed_before_they_end),
	    cmocka_unit_test(test_the_shortest_token_is_enough_for_a_long_body),
	    cmocka_unit_test(test_row_r8_a_refused_token_is_renewed_once),
	    cmocka_unit_test(test_a_token_that_another_request_renewed),
	    cmocka_unit_test(test_a_request_for_a_token_that_got_no_answer),
	    cmocka_unit_test(test_more_scopes_where_the_registry_wants_them),
	    cmocka_unit_test(test_a_mount_that_gets_no_token_is_dropped),
	    cmocka_unit_test(test_identity_tokens_are_posted),
	    cmocka_unit_test(test_identity_tokens_where_no_post_is_taken),
	    cmocka_unit_test(test_registry_tokens_go_as_they_are),
	    cmocka_unit_test(test_row_r7_token_servers_that_refuse),
	    cmocka_unit_test(test_row_r6_a_realm_elsewhere),
	    cmocka_unit_test(test_an_auth_host),
	    cmocka_unit_test(test_a_401_without_a_challenge),
	    cmocka_unit_test(test_row_r8_a_401_without_a_challenge_for_ever),
	    cmocka_unit_test(test_more_repositories_than_tokens_are_kept),
	};

	return cmocka_run_group_tests_name("auth", tests, NULL, NULL);
}
