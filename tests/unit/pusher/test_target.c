#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "pusher/target.h"

static const struct {
	const char *text;
	bool plain_http;
	const char *label; /* NULL: refused */
	const char *origin;
	const char *prefix;
	bool is_loopback;
} cases[] = {
    {"oci://registry.example/charts", false, "registry.example", "https://registry.example",
	"charts", false},
    {"oci://registry.example", false, "registry.example", "https://registry.example", "", false},
    {"oci://Registry.Example:5000/a/b", false, "registry.example:5000",
	"https://registry.example:5000", "a/b", false},
    {"oci://registry.example:443/a", false, "registry.example:443", "https://registry.example:443",
	"a", false},
    {"oci://docker.io/team", false, "docker.io", "https://registry-1.docker.io", "team", false},
    {"oci://index.docker.io/team", false, "docker.io", "https://registry-1.docker.io", "team",
	false},
    {"oci://localhost:5000/a", true, "localhost:5000", "http://localhost:5000", "a", true},
    {"oci://127.0.0.1:5000/a", true, "127.0.0.1:5000", "http://127.0.0.1:5000", "a", true},
    {"oci://127.255.0.9/a", true, "127.255.0.9", "http://127.255.0.9", "a", true},
    {"oci://[::1]:5000/a", true, "[::1]:5000", "http://[::1]:5000", "a", true},
    {"oci://127.0.0.1.example/a", true, "127.0.0.1.example", "http://127.0.0.1.example", "a",
	false},
    {"oci://127.256.0.1/a", true, "127.256.0.1", "http://127.256.0.1", "a", false},
    {"oci://127.1/a", true, "127.1", "http://127.1", "a", false},
    {"oci://128.0.0.1/a", true, "128.0.0.1", "http://128.0.0.1", "a", false},
    {"oci://localhost.example/a", true, "localhost.example", "http://localhost.example", "a",
	false},
    {"registry.example/charts", false, NULL, NULL, NULL, false},
    {"https://registry.example/charts", false, NULL, NULL, NULL, false},
    {"docker://registry.example/charts", false, NULL, NULL, NULL, false},
    {"oci://", false, NULL, NULL, NULL, false},
    {"oci://registry.example/charts:1.0", false, NULL, NULL, NULL, false},
    {"oci://registry.example/charts@sha256:00", false, NULL, NULL, NULL, false},
    {"oci://user@registry.example/charts", false, NULL, NULL, NULL, false},
    {"oci://user:secret@registry.example/charts", false, NULL, NULL, NULL, false},
    {"oci://secret@registry.example", false, NULL, NULL, NULL, false},
    {"https://user:secret@registry.example/charts", false, NULL, NULL, NULL, false},
    {"user:secret@registry.example", false, NULL, NULL, NULL, false},
    {"oci://registry.example/charts?x", false, NULL, NULL, NULL, false},
    {"oci://registry.example/Charts", false, NULL, NULL, NULL, false},
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_target struct target target = TARGET_INIT;
		struct error err = ERROR_INIT;
		int result = target_parse(&target, cases[i].text, cases[i].plain_http, &err);

		if (cases[i].label == NULL) {
			assert_int_equal(result, -1);
			assert_int_equal(err.code, ERR_USAGE);
			assert_non_null(strstr(err.text, "oci://REGISTRY"));
			assert_null(strstr(err.text, "secret"));
			continue;
		}
		assert_int_equal(result, 0);
		assert_string_equal(target.label, cases[i].label);
		assert_string_equal(target.origin, cases[i].origin);
		assert_string_equal(target.destination.prefix, cases[i].prefix);
		assert_int_equal(target.default_port, cases[i].plain_http ? 80 : 443);
		assert_int_equal(target_is_loopback(&target), cases[i].is_loopback);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse)};

	return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
