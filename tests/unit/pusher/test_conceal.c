#include "pusher/conceal.h"
#include "pusher/secret.h"
#include "tests/unit/expect.h"

#define PASSWORD "kanarienvogel-4711="
#define BASIC "aGFmZW46a2FuYXJpZW52b2dlbC00NzExPQ" /* of hafen:PASSWORD, unpadded */

struct world {
	struct target target;
	struct credentials credentials;
	struct auth *auth;
};

static void world_init(struct world *w)
{
	struct credential c = CREDENTIAL_INIT;
	struct error err = ERROR_INIT;

	*w = (struct world){.target = TARGET_INIT, .credentials = CREDENTIALS_INIT};
	expect_ok(target_parse(&w->target, "oci://r.example/a", false, &err), &err);
	expect_ok(credential_set_password(&c, "hafen", PASSWORD, &err), &err);
	credentials_add(&w->credentials, &c);
	c.identity_token = secret_strdup("identity.token");
	c.registry_token = secret_strdup("registry.token");
	c.path = mem_strdup("b");
	credentials_add(&w->credentials, &c);
	const struct auth_options options = {
	    .target = &w->target, .credentials = &w->credentials, .auth_hosts = NULL};
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

static const struct {
	const char *text;
	bool is_revealed;
} texts[] = {
    {"", false},
    {"hafen", false},
    {"status 400", false},
    {PASSWORD, true},
    {"a" PASSWORD "b", true},
    {"kanarienvogel-4711", true}, /* as of base64, without what may be padding */
    {"kanarienvogel-471", false},
    {"Basic " BASIC "==", true},
    {"Basic " BASIC, true},
    {"aGFmZW46", false},
    {"x identity.token", true},
    {"x registry.token", true},
    {"%6Banarienvogel%2d4711%3D", true},
    {"%256Banarienvogel-4711", false},
    {"%", false},
    {"%6", false},
    {"%zz%6Banarienvogel-4711%", true},
};

static void test_row_k3_what_is_a_secret(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w);
	assert_false(auth_is_revealed(w.auth, NULL, ""));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (auth_is_revealed(w.auth, texts[i].text, "r.example/a") != texts[i].is_revealed)
			fail_msg("%s", texts[i].text);
	}
	assert_false(auth_is_revealed(w.auth, "x " PASSWORD, "r.example/" PASSWORD));
	assert_true(auth_is_revealed(w.auth, "x " PASSWORD BASIC, "r.example/" PASSWORD));
}

static void put(struct http_response *r, enum http_header which, const char *value)
{
	free(r->headers[which]);
	r->headers[which] = mem_strdup(value);
}

static void test_row_k3_answers(void **state)
{
	auto_world struct world w;
	auto_http_response struct http_response r = HTTP_RESPONSE_INIT;
	static const char said[] = "{\"errors\":[{\"code\":\"A\",\"message\":\"" PASSWORD "\"}]}";

	(void)state;
	world_init(&w);
	put(&r, HTTP_WARNING, "299 - " BASIC);
	put(&r, HTTP_RETRY_AFTER, "5");
	r.status = 429;
	conceal_answer(w.auth, "", &r);
	assert_null(r.headers[HTTP_WARNING]);
	assert_false(r.is_revealing);

	/* What is done with an answer does not depend on it: a password may be a common word. */
	buf_puts(&r.body, said);
	conceal_answer(w.auth, "", &r);
	assert_true(r.is_revealing);
	assert_string_equal(r.headers[HTTP_RETRY_AFTER], "5");
	assert_string_equal(buf_text(&r.body), said);

	r.body.len = 0;
	buf_puts(&r.body, "<html>" PASSWORD); /* which is not shown in any case */
	conceal_answer(w.auth, "", &r);
	assert_false(r.is_revealing);

	put(&r, HTTP_LOCATION, "/" PASSWORD);
	conceal_answer(w.auth, "", &r);
	assert_true(r.is_revealing);
	conceal_answer(w.auth, "r.example/" PASSWORD, &r);
	assert_false(r.is_revealing);
}

static void test_row_k3_errors(void **state)
{
	auto_world struct world w;
	auto_http_response struct http_response r = HTTP_RESPONSE_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	world_init(&w);
	assert_int_equal(error_set(&err, ERR_DENIED, "no"), conceal_error(w.auth, "", &r, &err));
	expect_error(&err, ERR_DENIED, "no");

	r.status = 202;
	put(&r, HTTP_LOCATION, "https://" PASSWORD ".example/");
	conceal_answer(w.auth, "", &r);
	assert_non_null(r.headers[HTTP_LOCATION]); /* it may be needed */
	assert_int_equal(conceal_error(w.auth, "", &r, &err), -1);
	expect_error(&err, ERR_DENIED, "repeats our credentials");

	(void)error_set(&err, ERR_AUTH, "it is " PASSWORD);
	assert_int_equal(conceal_error(w.auth, "", NULL, &err), -1);
	expect_error(&err, ERR_AUTH, "repeats our credentials");
	assert_null(strstr(err.text, "kanarien"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_row_k3_what_is_a_secret),
	    cmocka_unit_test(test_row_k3_answers),
	    cmocka_unit_test(test_row_k3_errors),
	};

	return cmocka_run_group_tests_name("conceal", tests, NULL, NULL);
}
