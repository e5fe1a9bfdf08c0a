#include <string.h>

#include "pusher/token.h"
#include "tests/unit/expect.h"

static const struct {
	const char *json;
	const char *authorization;
	uint32_t life_s;
} good[] = {
    {"{\"token\":\"t0\"}", "Bearer t0", 60},
    {"{\"access_token\":\"a0\",\"expires_in\":300,\"issued_at\":\"2026-01-01T00:00:00Z\"}",
	"Bearer a0", 300},
    {"{\"token\":\"t1\",\"access_token\":\"a1\",\"expires_in\":3600}", "Bearer t1", 3600},
    {"{\"token\":\"\",\"access_token\":\"a2\"}", "Bearer a2", 60},
    {"{\"token\":\"t3\",\"expires_in\":0}", "Bearer t3", 60},
    {"{\"token\":\"t4\",\"expires_in\":59}", "Bearer t4", 60},
    {"{\"token\":\"t5\",\"expires_in\":61}", "Bearer t5", 61},
    {"{\"token\":\"t6\",\"expires_in\":9223372036854775807}", "Bearer t6", LIMIT_TOKEN_LIFE_S},
    {"{\"token\":\"eyJ.a-b_c~d+e/f==\",\"refresh_token\":\"r\",\"scope\":\"x\"}",
	"Bearer eyJ.a-b_c~d+e/f==", 60},
};

static const struct {
	const char *json;
	size_t len; /* 0: strlen() */
	const char *text;
} bad[] = {
    {"", 0, "no JSON object"},
    {"[]", 0, "no JSON object"},
    {"\"canary\"", 0, "no JSON object"},
    {"{}", 0, "neither 'token' nor 'access_token'"},
    {"{\"token\":\"\"}", 0, "neither"},
    {"{\"token\":null}", 0, "'token' is not a string"},
    {"{\"token\":1}", 0, "'token' is not a string"},
    {"{\"token\":\"canary\",\"token\":\"canary\"}", 0, "no JSON object"},
    {"{\"token\":\"canary\\r\\nX: y\"}", 0, "byte 6"},
    {"{\"token\":\"canary\\u0000\"}", 0, "no JSON object"},
    {"{\"token\":\"canary\"}\0", 19, "no JSON object"},
    {"{\"token\":\"canary x\"}", 0, "byte 6"},
    {"{\"token\":\"canary\\u00e9\"}", 0, "byte 6"},
    {"{\"token\":\"canary\",\"expires_in\":-1}", 0, "'expires_in' is negative"},
    {"{\"token\":\"canary\",\"expires_in\":9223372036854775808}", 0, "no JSON object"},
    {"{\"token\":\"canary\",\"expires_in\":\"300\"}", 0, "'expires_in' is not an integer"},
    {"{\"token\":\"canary\",\"expires_in\":300.0}", 0, "'expires_in' is not an integer"},
    {"{\"token\":\"canary\",\"expires_in\":null}", 0, "'expires_in' is not an integer"},
};

static void test_answers_of_token_servers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		auto_token struct token t = TOKEN_INIT;
		struct error err = ERROR_INIT;

		expect_ok(token_parse(&t, good[i].json, strlen(good[i].json), &err), &err);
		expect_text(t.authorization, good[i].authorization);
		assert_int_equal(t.life_s, good[i].life_s);
	}
}

static void test_row_r7_hostile_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_token struct token t = TOKEN_INIT;
		struct error err = ERROR_INIT;
		size_t len = bad[i].len != 0 ? bad[i].len : strlen(bad[i].json);

		expect_refused(
		    token_parse(&t, bad[i].json, len, &err), &err, ERR_AUTH, bad[i].text);
		assert_null(t.authorization);
		assert_null(strstr(err.text, "canary"));
	}
}

/* A token of len bytes in an answer of answer_len. */
static char *answer_of(size_t len, size_t answer_len)
{
	auto_free char *token = mem_alloc(len + 1);

	memset(token, 't', len);
	token[len] = '\0';
	char *plain = mem_printf("{\"token\":\"%s\"", token);
	size_t used = strlen(plain);
	if (answer_len < used + 1)
		answer_len = used + 1;
	plain = mem_realloc(plain, answer_len + 1, 1);
	memset(plain + used, ' ', answer_len - used - 1);
	plain[answer_len - 1] = '}';
	plain[answer_len] = '\0';
	return plain;
}

static void limit_case(size_t len, size_t answer_len, const char *refused)
{
	auto_token struct token t = TOKEN_INIT;
	struct error err = ERROR_INIT;
	auto_free char *json = answer_of(len, answer_len);
	int result = token_parse(&t, json, strlen(json), &err);

	if (refused == NULL)
		expect_ok(result, &err);
	else
		expect_refused(result, &err, ERR_AUTH, refused);
}

static void test_row_r7_lengths(void **state)
{
	(void)state;
	limit_case(LIMIT_TOKEN_BYTES_MAX, 0, NULL);
	limit_case(LIMIT_TOKEN_BYTES_MAX + 1, 0, "longer than 65536 bytes");
	limit_case(1, LIMIT_TOKEN_ANSWER_BYTES_MAX, NULL);
	limit_case(1, LIMIT_TOKEN_ANSWER_BYTES_MAX + 1, "larger than 1048576 bytes");
}

static void scopes_case(const char *first, const char *second, const char *query)
{
	auto_token_scopes struct token_scopes s = TOKEN_SCOPES_INIT;
	auto_buf struct buf b = BUF_INIT(4096);

	token_scopes_add_all(&s, first);
	token_scopes_add_all(&s, second);
	token_put_query(&b, NULL, &s);
	expect_text(buf_text(&b), query);
}

static void test_scopes_of_one_repository_are_one(void **state)
{
	(void)state;
	scopes_case("", "", "");
	scopes_case("repository:a:pull,push", "", "scope=repository%3Aa%3Apull%2Cpush");
	scopes_case("repository:a:pull,push", "repository:a:pull,delete",
	    "scope=repository%3Aa%3Apull%2Cpush%2Cdelete");
	scopes_case("repository:a:pull,push", "repository:a:pull  repository:ab:pull",
	    "scope=repository%3Aa%3Apull%2Cpush&scope=repository%3Aab%3Apull");
	scopes_case("repository:host:5000/a:pull", "repository:host:5000/a:push",
	    "scope=repository%3Ahost%3A5000%2Fa%3Apull%2Cpush");
	scopes_case("repository:a:pull", "repository:a:", "scope=repository%3Aa%3Apull");
	/* What is no scope is no part of a request. */
	scopes_case("aws", "repository: :x:y registry:catalog:* x\ny:z:a",
	    "scope=registry%3Acatalog%3A%2A");
	scopes_case("a:1:p a:2:p a:3:p a:4:p a:5:p", "a:6:p a:7:p a:8:p a:9:p",
	    "scope=a%3A1%3Ap&scope=a%3A2%3Ap&scope=a%3A3%3Ap&scope=a%3A4%3Ap&scope=a%3A5%3Ap"
	    "&scope=a%3A6%3Ap&scope=a%3A7%3Ap&scope=a%3A8%3Ap");
}

static void test_requests(void **state)
{
	auto_token_scopes struct token_scopes s = TOKEN_SCOPES_INIT;
	auto_buf struct buf query = BUF_INIT(4096);
	auto_buf struct buf form = BUF_SECRET_INIT(4096);

	(void)state;
	token_scopes_add_all(&s, "repository:a:pull,push repository:b:pull");
	token_put_query(&query, "harbour & registry\r\n", &s);
	expect_text(buf_text(&query), "service=harbour%20%26%20registry%0D%0A"
				      "&scope=repository%3Aa%3Apull%2Cpush"
				      "&scope=repository%3Ab%3Apull");
	token_put_form(&form, NULL, &s, "a+b/c=");
	expect_text(buf_text(&form), "grant_type=refresh_token&service=&client_id=sallyport-pusher"
				     "&scope=repository%3Aa%3Apull%2Cpush%20repository%3Ab%3Apull"
				     "&refresh_token=a%2Bb%2Fc%3D");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_answers_of_token_servers),
	    cmocka_unit_test(test_row_r7_hostile_answers),
	    cmocka_unit_test(test_row_r7_lengths),
	    cmocka_unit_test(test_scopes_of_one_repository_are_one),
	    cmocka_unit_test(test_requests),
	};

	return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
