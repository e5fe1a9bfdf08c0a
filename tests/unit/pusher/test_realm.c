#include <string.h>

#include "pusher/realm.h"
#include "tests/unit/expect.h"

enum { ANONYMOUS, SECRET };

static const struct {
	const char *registry;
	bool plain_http;
	const char *realm;
	bool with_secret;
	const char *url; /* what is asked; NULL: refused */
	const char *why;
} cases[] = {
    /* The registry's own host, on any port. */
    {"r.example", false, "https://r.example/token", SECRET, "https://r.example:443/token", NULL},
    {"r.example:5000", false, "https://R.example:8443/t?a=b", SECRET,
	"https://R.example:8443/t?a=b", NULL},
    {"r.example:5000", false, "/token", SECRET, "https://r.example:5000/token", NULL},
    {"r.example", false, "//r.example/t#part", SECRET, "https://r.example:443/t", NULL},
    {"10.0.0.1:5000", false, "https://10.0.0.1/t", SECRET, "https://10.0.0.1:443/t", NULL},
    /* Its parent, and its child. */
    {"docker.io", false, "https://auth.docker.io/token", SECRET, "https://auth.docker.io:443/token",
	NULL},
    {"registry.gitlab.example", false, "https://gitlab.example/jwt/auth", SECRET,
	"https://gitlab.example:443/jwt/auth", NULL},
    /* A country's second level is nobody's parent. */
    {"registry.x.co.uk", false, "https://x.co.uk/t", SECRET, "https://x.co.uk:443/t", NULL},
    {"x.co.uk", false, "https://auth.x.co.uk/t", SECRET, "https://auth.x.co.uk:443/t", NULL},
    {"registry.x.co.uk", false, "https://co.uk/t", SECRET, NULL, "--auth-host co.uk"},
    {"registry.x.co.uk", false, "https://CO.UK/t", ANONYMOUS, NULL, "--auth-host"},
    {"registry.com.au", false, "https://com.au/t", SECRET, NULL, "--auth-host com.au"},
    {"registry.x.co.uk", false, "https://auth.co.uk/t", SECRET, NULL, "--auth-host auth.co.uk"},
    {"registry.ibm.com", false, "https://ibm.com/t", SECRET, "https://ibm.com:443/t", NULL},
    {"registry.quay.io", false, "https://quay.io/t", SECRET, "https://quay.io:443/t", NULL},
    {"r.example", false, "https://notr.example/t", SECRET, NULL, "--auth-host notr.example"},
    {"r.example", false, "https://example/t", SECRET, NULL, "--auth-host example"},
    {"a.b.example", false, "https://c.b.example/t", SECRET, NULL, "--auth-host c.b.example"},
    {"r.example", false, "https://r.example.evil/t", SECRET, NULL, "another host"},
    {"r.example", false, "https://evil/r.example", SECRET, NULL, "another host"},
    {"127.0.0.1:5000", true, "http://0.0.1/t", SECRET, NULL, "another host"},
    {"r.example", false, "https://10.0.0.1/t", SECRET, NULL, "another host"},
    {"10.0.0.1", false, "https://0.0.1.10/t", SECRET, NULL, "another host"},
    /* An anonymous request is one that a server sends somewhere, too. */
    {"r.example", false, "https://evil.example/t", ANONYMOUS, NULL, "another host"},
    {"r.example", false, "https://169.254.169.254/latest", ANONYMOUS, NULL, "another host"},
    /* TLS. */
    {"r.example", false, "http://r.example/token", SECRET, NULL, "without TLS"},
    {"r.example", false, "http://r.example/token", ANONYMOUS, NULL, "without TLS"},
    {"r.example", true, "http://r.example/token", ANONYMOUS, "http://r.example:80/token", NULL},
    {"r.example", true, "http://r.example/token", SECRET, NULL, "in the clear"},
    {"r.example", true, "https://r.example/token", SECRET, "https://r.example:443/token", NULL},
    {"127.0.0.1:5000", true, "http://127.0.0.1:5001/t", SECRET, "http://127.0.0.1:5001/t", NULL},
    {"127.0.0.1:5000", true, "http://0x7f.1:5001/t", SECRET, "http://127.0.0.1:5001/t", NULL},
    {"localhost:5000", true, "http://localhost/t", SECRET, "http://localhost:80/t", NULL},
    {"127.0.0.1:5000", true, "http://localhost:5000/t", SECRET, NULL, "another host"},
    /* No URL that anybody may follow. */
    {"r.example", false, "https://user:canary@r.example/t", SECRET, NULL, "user name"},
    {"r.example", false, "https://user@r.example/t", SECRET, NULL, "user name"},
    {"r.example", false, "file:///etc/passwd", SECRET, NULL, "not an http or https URL"},
    {"r.example", false, "https://r.example\r\nX: y/", SECRET, NULL, "token server"},
    {"r.example", false, "https://r.example/\r\nX: y", SECRET, NULL, "token server"},
    {"r.example", false, "https://r.example%2F.evil/t", SECRET, NULL, "token server"},
    {"r.example", false, "https://r.example:99999/t", SECRET, NULL, "token server"},
    /* It stays where it is, and leads nowhere. */
    {"r.example", false, "Sonatype Nexus", SECRET, "https://r.example:443/v2/Sonatype%20Nexus",
	NULL},
};

static void test_row_r6_where_a_token_server_may_be(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_target struct target target = TARGET_INIT;
		struct error err = ERROR_INIT;
		bool is_foreign;
		auto_free char *where = mem_printf("oci://%s", cases[i].registry);

		expect_ok(target_parse(&target, where, cases[i].plain_http, &err), &err);
		auto_free char *url = realm_url(
		    &target, NULL, cases[i].realm, cases[i].with_secret, &is_foreign, &err);
		if (cases[i].url != NULL) {
			expect_text(url == NULL ? err.text : url, cases[i].url);
			continue;
		}
		expect_refused(url == NULL ? -1 : 0, &err, ERR_AUTH, cases[i].why);
		assert_null(strstr(err.text, "canary"));
	}
}

static void host_case(const char *auth_host, const char *realm, bool allowed)
{
	auto_target struct target target = TARGET_INIT;
	struct error err = ERROR_INIT;
	struct option_list hosts = {.items = {"other.example", auth_host}, .count = 2};
	bool is_foreign;

	expect_ok(target_parse(&target, "oci://r.example", false, &err), &err);
	expect_ok(realm_check_hosts(&hosts, "--auth-host", &err), &err);
	auto_free char *url = realm_url(&target, &hosts, realm, true, &is_foreign, &err);
	if (allowed)
		assert_true(url != NULL && is_foreign);
	else
		expect_refused(url == NULL ? -1 : 0, &err, ERR_AUTH, "another host");
}

static void test_hosts_that_the_operator_names(void **state)
{
	(void)state;
	host_case("auth.test", "https://auth.test/t", true);
	host_case("auth.test", "https://AUTH.test:8443/t", true);
	host_case("auth.test:8443", "https://auth.test:8443/t", true);
	host_case("auth.test:8443", "https://auth.test/t", false);
	host_case("auth.test", "https://sub.auth.test/t", false);
	host_case("10.1.2.3", "https://10.1.2.3/t", true);
	host_case("[::1]:5000", "https://[::1]:5000/t", true);
}

static void test_hosts_that_are_none(void **state)
{
	static const char *const bad[] = {
	    "", "https://a.example", "a.example/path", "a b", "a:x", "user@a.example"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct option_list hosts = {.items = {bad[i]}, .count = 1};
		struct error err = ERROR_INIT;

		expect_refused(
		    realm_check_hosts(&hosts, "--auth-host", &err), &err, ERR_USAGE, "--auth-host");
	}
}

static void test_what_is_foreign(void **state)
{
	static const struct {
		const char *realm;
		bool is_foreign;
	} of[] = {
	    {"https://r.example/t", false},
	    {"https://r.example:443/t", false},
	    {"/t", false},
	    {"https://r.example:444/t", true},
	    {"https://auth.r.example/t", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(of); i++) {
		auto_target struct target target = TARGET_INIT;
		struct error err = ERROR_INIT;
		bool is_foreign = !of[i].is_foreign;

		expect_ok(target_parse(&target, "oci://r.example", false, &err), &err);
		auto_free char *url =
		    realm_url(&target, NULL, of[i].realm, true, &is_foreign, &err);
		assert_non_null(url);
		assert_int_equal(is_foreign, of[i].is_foreign);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_row_r6_where_a_token_server_may_be),
	    cmocka_unit_test(test_hosts_that_the_operator_names),
	    cmocka_unit_test(test_hosts_that_are_none),
	    cmocka_unit_test(test_what_is_foreign),
	};

	return cmocka_run_group_tests_name("realm", tests, NULL, NULL);
}
