#include "pusher/connection_environment.h"
#include "pusher/secret.h"
#include "tests/unit/expect.h"

static const struct {
	const char *row;
	bool plain_http;
	const char *given_ca_file;
	const char *set[ENVIRONMENT_COUNT];
	const char *proxy, *no_proxy, *ca_file; /* NULL: none */
} cases[] = {
    {"row_k8_nothing", false, NULL, {NULL}, NULL, NULL, NULL},
    {"row_k8_https", false, NULL,
	{[ENVIRONMENT_HTTPS_PROXY_LOWER] = "http://a:canary@p:1",
	    [ENVIRONMENT_HTTPS_PROXY] = "P",
	    [ENVIRONMENT_HTTP_PROXY_LOWER] = "h",
	    [ENVIRONMENT_NO_PROXY] = "N"},
	"http://a:canary@p:1", "N", NULL},
    {"row_k8_capitals", false, NULL,
	{[ENVIRONMENT_HTTPS_PROXY] = "P",
	    [ENVIRONMENT_NO_PROXY_LOWER] = "n",
	    [ENVIRONMENT_NO_PROXY] = "N"},
	"P", "n", NULL},
    {"row_k8_http", true, NULL,
	{[ENVIRONMENT_HTTPS_PROXY] = "P",
	    [ENVIRONMENT_HTTP_PROXY_LOWER] = "h",
	    [ENVIRONMENT_SSL_CERT_FILE] = "c"},
	"h", NULL, NULL},
    {"row_k8_https for http", true, NULL, {[ENVIRONMENT_HTTPS_PROXY] = "P"}, NULL, NULL, NULL},
    {"row_k8_no proxy without a proxy", false, NULL, {[ENVIRONMENT_NO_PROXY] = "N"}, NULL, NULL,
	NULL},
    {"row_k8_authorities", false, NULL, {[ENVIRONMENT_SSL_CERT_FILE] = "c"}, NULL, NULL, "c"},
    {"row_k8_an option wins", false, "o", {[ENVIRONMENT_SSL_CERT_FILE] = "c"}, NULL, NULL, "o"},
};

static void expect_same(const char *found, const char *expected)
{
	if (expected == NULL)
		assert_null(found);
	else
		expect_text(found, expected);
}

static void test_row_k8_variables_that_count(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_environment struct environment e = ENVIRONMENT_INIT;
		auto_buf struct buf notes = BUF_INIT(4096);
		struct http_curl_options o = {
		    .plain_http = cases[i].plain_http, .ca_file = cases[i].given_ca_file};

		for (size_t v = 0; v < ENVIRONMENT_COUNT; v++) {
			if (cases[i].set[v] != NULL)
				e.values[v] = secret_strdup(cases[i].set[v]);
		}
		connection_environment_apply(&o, &e, &notes);
		expect_same(o.proxy, cases[i].proxy);
		expect_same(o.no_proxy, cases[i].no_proxy);
		expect_same(o.ca_file, cases[i].ca_file);
		assert_null(strstr(buf_text(&notes), "canary"));
		if (o.proxy != NULL)
			expect_contains(buf_text(&notes), "_proxy\n" + (o.proxy[0] == 'P' ? 6 : 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_row_k8_variables_that_count)};

	return cmocka_run_group_tests_name("connection_environment", tests, NULL, NULL);
}
