#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "pusher/refusal.h"

#define NO_CREDENTIALS                                                                             \
	"no credentials for it were found: say who you are with 'pusher login', or with "          \
	"--username and --password-stdin"
#define BODY(code, message) "{\"errors\":[{\"code\":\"" code "\",\"message\":\"" message "\"}]}"

static const struct {
	int status;
	const char *body;
	const char *challenge;
	const char *retry_after;
	const char *location;
	bool begins_upload;
	bool is_plain_http;
	bool has_token;
	const char *credentials;
	enum err_code code;
	const char *text;
} cases[] = {
    {.status = 401, .code = ERR_AUTH, .text = "status 401; " NO_CREDENTIALS},
    {.status = 401,
	.challenge = "Basic realm=\"x\"",
	.credentials = "auth.json",
	.body = BODY("UNAUTHORIZED", "authentication required"),
	.code = ERR_AUTH,
	.text =
	    "status 401 UNAUTHORIZED: authentication required; the user name or the password from "
	    "auth.json is wrong"},
    {.status = 401,
	.challenge = "bearer realm=\"https://auth.example/token\",service=\"x\"",
	.code = ERR_AUTH,
	.text = "status 401; " NO_CREDENTIALS},
    {.status = 401,
	.challenge = "Bearer realm=\"https://auth.example/token\", BASIC realm=\"x\"",
	.code = ERR_AUTH,
	.text = "status 401; " NO_CREDENTIALS},
    {.status = 401,
	.credentials = "auth.json",
	.has_token = true,
	.code = ERR_AUTH,
	.text = "status 401; the user of the credentials from auth.json may not do that"},
    {.status = 403,
	.body = BODY("DENIED", "no"),
	.credentials = "auth.json",
	.code = ERR_DENIED,
	.text = "status 403 DENIED: no; the user of the credentials from auth.json may not do "
		"that"},
    {.status = 404,
	.body = BODY("NAME_UNKNOWN", "repository name not known to registry"),
	.begins_upload = true,
	.code = ERR_REGISTRY,
	.text = "status 404 NAME_UNKNOWN: repository name not known to registry; create the "
		"repository first"},
    {.status = 404, .code = ERR_REGISTRY, .text = "status 404"},
    {.status = 400,
	.body = BODY("MANIFEST_BLOB_UNKNOWN", ""),
	.code = ERR_REGISTRY,
	.text = "status 400 MANIFEST_BLOB_UNKNOWN"},
    {.status = 400, .body = "<html>", .code = ERR_REGISTRY, .text = "status 400"},
    {.status = 412, .body = "<html>", .code = ERR_REGISTRY, .text = "status 412"},
    {.status = 407,
	.body = "<html>",
	.code = ERR_AUTH,
	.text = "status 407; the proxy wants a user name and a password: write its address as "
		"http://USER:PASSWORD@HOST:PORT"},
    {.status = 413,
	.body = "",
	.code = ERR_REGISTRY,
	.text = "status 413; raise the limit on bodies of what stands before the registry (nginx: "
		"client_max_body_size)"},
    {.status = 400,
	.body = "<html>400 No required SSL certificate was sent",
	.code = ERR_REGISTRY,
	.text = "status 400; it may want a client certificate: --cert-file"},
    {.status = 400,
	.body = "<html>",
	.is_plain_http = true,
	.code = ERR_REGISTRY,
	.text = "status 400; if it speaks TLS, leave out --plain-http"},
    {.status = 400,
	.body = BODY("TAG_INVALID", ""),
	.is_plain_http = true,
	.code = ERR_REGISTRY,
	.text = "status 400 TAG_INVALID"},
    {.status = 429,
	.retry_after = "120",
	.code = ERR_SERVER,
	.text = "status 429; it limits how much may be asked: try again later; it asks to wait: "
		"Retry-After 120"},
    {.status = 500, .body = "{\"errors\":[]}", .code = ERR_SERVER, .text = "status 500"},
    {.status = 503,
	.body = "{\"errors\":{}}",
	.code = ERR_SERVER,
	.text = "status 503; the registry is not ready, or what stands before it does not reach "
		"it"},
    {.status = 599,
	.body = "{\"errors\":[{\"code\":7}]}",
	.code = ERR_SERVER,
	.text = "status 599"},
    {.status = 200,
	.code = ERR_UNBELIEVED,
	.text = "status 200, which no registry answers to this"},
    {.status = 302,
	.location = "https://portal.example/login?token=secret",
	.code = ERR_UNBELIEVED,
	.text = "status 302: redirected to 'https://portal.example/login', and no redirect is "
		"followed; if that is the registry, push there"},
    {.status = 304,
	.code = ERR_UNBELIEVED,
	.text = "status 304: redirected to '', and no redirect is followed; if that is the "
		"registry, push there"},
};

static void check(size_t i)
{
	const struct refusal_context context = {.begins_upload = cases[i].begins_upload,
	    .is_plain_http = cases[i].is_plain_http,
	    .has_token = cases[i].has_token,
	    .credentials = cases[i].credentials};
	auto_http_response struct http_response response = HTTP_RESPONSE_INIT;
	struct error err = ERROR_INIT;

	response.status = cases[i].status;
	if (cases[i].body != NULL)
		buf_puts(&response.body, cases[i].body);
	if (cases[i].challenge != NULL)
		response.headers[HTTP_WWW_AUTHENTICATE] = mem_strdup(cases[i].challenge);
	if (cases[i].retry_after != NULL)
		response.headers[HTTP_RETRY_AFTER] = mem_strdup(cases[i].retry_after);
	if (cases[i].location != NULL)
		response.headers[HTTP_LOCATION] = mem_strdup(cases[i].location);
	assert_int_equal(refusal_set(&err, &context, &response), -1);
	assert_string_equal(err.text, cases[i].text);
	assert_int_equal(err.code, cases[i].code);
}

static void test_set(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(i);
}

static void test_cut(void **state)
{
	auto_buf struct buf body = BUF_INIT(1 << 20);
	struct refusal_text text;

	(void)state;
	buf_puts(&body, "{\"errors\":[{\"code\":\"");
	for (size_t i = 0; i < 1000; i++)
		buf_putc(&body, 'C');
	buf_puts(&body, "\",\"message\":\"");
	for (size_t i = 0; i < 1000; i++)
		buf_putc(&body, 'm');
	buf_puts(&body, "\"}]}");
	assert_true(refusal_text_parse(&text, body.data, body.len));
	assert_int_equal(strlen(text.code), REFUSAL_CODE_LEN_MAX);
	assert_int_equal(strlen(text.message), REFUSAL_MESSAGE_LEN_MAX);
}

static void test_malformed(void **state)
{
	static const char *const bodies[] = {"", "[]", "null", "{", "{\"errors\":null}",
	    "{\"errors\":[1]}", "{\"errors\":[{}]}", "{\"errors\":[{\"code\":null}]}",
	    "{\"errors\":[],\"errors\":[{\"code\":\"X\"}]}", "{\"errors\":[{\"code\":\"X\"}]} x"};
	struct refusal_text text;

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		assert_false(refusal_text_parse(&text, bodies[i], strlen(bodies[i])));
		assert_string_equal(text.code, "");
		assert_string_equal(text.message, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_set),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests_name("refusal", tests, NULL, NULL);
}
