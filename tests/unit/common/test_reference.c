#include "common/limits.h"
#include "common/reference.h"
#include "tests/unit/expect.h"

static char *repeat(char c, size_t count)
{
	char *text = mem_zalloc(count + 1, 1);

	memset(text, c, count);
	return text;
}

static void checks_repositories(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
	    {"a", true},
	    {"0", true},
	    {"demo", true},
	    {"charts/demo", true},
	    {"a.b", true},
	    {"a_b", true},
	    {"a__b", true},
	    {"a-b", true},
	    {"a---b", true},
	    {"a/b/c/d", true},
	    {"a.b_c__d-e/1", true},
	    {"", false},
	    {"/", false},
	    {"a/", false},
	    {"/a", false},
	    {"a//b", false},
	    {".", false},
	    {"..", false},
	    {"a/../b", false},
	    {"a/.", false},
	    {"a..b", false},
	    {"a___b", false},
	    {"a._b", false},
	    {"a-.b", false},
	    {"a.", false},
	    {"a-", false},
	    {"a_", false},
	    {"_a", false},
	    {"-a", false},
	    {"A", false},
	    {"a/B", false},
	    {"a b", false},
	    {"a:b", false},
	    {"a@b", false},
	    {"a\nb", false},
	    {"grüß", false},
	    {"a?b", false},
	    {"a%2fb", false},
	    {"a\\b", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		int result = repository_check(cases[i].text, &err);

		if (cases[i].good)
			expect_ok(result, &err);
		else
			expect_refused(result, &err, ERR_FORMAT, "lower-case letters, digits");
	}
}

static void checks_tags(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
	    {"1.42.0", true},
	    {"_", true},
	    {"A", true},
	    {"1.0.0_build.5", true},
	    {"a-.b", true},
	    {"", false},
	    {".a", false},
	    {"-a", false},
	    {"1.0.0+b", false},
	    {"a/b", false},
	    {"a:b", false},
	    {"../x", false},
	    {"a b", false},
	    {"a\r\n", false},
	    {"ü", false},
	    {"@sha256:0", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		int result = tag_check(cases[i].text, &err);

		if (cases[i].good)
			expect_ok(result, &err);
		else
			expect_refused(
			    result, &err, ERR_FORMAT, "a registry takes 1 to 128 letters");
	}
}

static void holds_to_the_lengths(void **state)
{
	struct error err = ERROR_INIT;
	auto_free char *repository = repeat('a', LIMIT_REPOSITORY_BYTES_MAX);
	auto_free char *long_repository = repeat('a', LIMIT_REPOSITORY_BYTES_MAX + 1);
	auto_free char *tag = repeat('a', LIMIT_TAG_BYTES_MAX);
	auto_free char *long_tag = repeat('a', LIMIT_TAG_BYTES_MAX + 1);

	(void)state;
	expect_ok(repository_check(repository, &err), &err);
	expect_refused(repository_check(long_repository, &err), &err, ERR_FORMAT,
	    "repository name is longer than 255 bytes");
	expect_ok(tag_check(tag, &err), &err);
	expect_refused(tag_check(long_tag, &err), &err, ERR_FORMAT, "1 to 128");
}

static void makes_tags_of_versions(void **state)
{
	auto_free char *plain = tag_of_version("1.42.0");
	auto_free char *build = tag_of_version("1.0.0-rc.1+a+b");
	auto_free char *empty = tag_of_version("");

	(void)state;
	expect_text(plain, "1.42.0");
	expect_text(build, "1.0.0-rc.1_a_b");
	expect_text(empty, "");
}

static void reads_destinations(void **state)
{
	static const struct {
		const char *text;
		const char *again; /* as destination_text() writes it */
	} cases[] = {
	    {"registry.example", "registry.example"},
	    {"registry.example/", "registry.example"},
	    {"registry.example/charts", "registry.example/charts"},
	    {"registry.example/charts/", "registry.example/charts"},
	    {"REGISTRY.Example:5000/a/b", "registry.example:5000/a/b"},
	    {"localhost:1", "localhost:1"},
	    {"localhost:65535/x", "localhost:65535/x"},
	    {"127.0.0.1:5000", "127.0.0.1:5000"},
	    {"[::1]", "[::1]"},
	    {"[::1]:5000/x", "[::1]:5000/x"},
	    {"[2001:DB8::1]/x", "[2001:db8::1]/x"},
	    {"index.docker.io/library", "docker.io/library"},
	    {"Registry-1.Docker.IO", "docker.io"},
	    {"docker.io", "docker.io"},
	    {"my_host/x", "my_host/x"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		auto_destination struct destination d = {NULL, 0, NULL};

		expect_ok(destination_parse(&d, cases[i].text, &err), &err);
		auto_free char *again = destination_text(&d);
		expect_text(again, cases[i].again);
	}
}

static void refuses_other_destinations(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} cases[] = {
	    {"", "is not a host name or address"},
	    {"/charts", "is not a host name or address"},
	    {"-a/charts", "is not a host name"},
	    {"a-/x", "is not a host name"},
	    {"a..b", "is not a host name"},
	    {".a", "is not a host name"},
	    {"a.", "is not a host name"},
	    {"a.-b.c", "is not a host name"},
	    {"user@registry.example/x", "is not a host name"},
	    {"user:word@registry.example/x", "the port is not 1 to 65535"},
	    {"registry example", "is not a host name"},
	    {"registry.example\\x", "is not a host name"},
	    {"registry.example%2f", "is not a host name"},
	    {"grüß.example", "is not a host name"},
	    {"oci://registry.example/x", "without the scheme"},
	    {"https://registry.example", "without the scheme"},
	    {"registry.example:", "the port is not"},
	    {"registry.example:0", "the port is not"},
	    {"registry.example:080", "the port is not"},
	    {"registry.example:65536", "the port is not"},
	    {"registry.example:99999", "the port is not"},
	    {"registry.example:4294967297", "the port is not"},
	    {"registry.example:+1", "the port is not"},
	    {"registry.example:1:2", "is not a host name"},
	    {"::1", "is not a host name"},
	    {"[::1", "is not a host name"},
	    {"[]", "is not a host name"},
	    {"[::1]x", "is not a host name"},
	    {"[::1%eth0]", "is not a host name"},
	    {"[::g]", "is not a host name"},
	    {"registry.example//", "lower-case letters"},
	    {"registry.example//x", "lower-case letters"},
	    {"registry.example/x//", "lower-case letters"},
	    {"registry.example/X", "lower-case letters"},
	    {"registry.example/../x", "lower-case letters"},
	    {"registry.example/x:tag", "lower-case letters"},
	    {"registry.example/x@sha256:0", "lower-case letters"},
	    {"registry.example/x?y", "lower-case letters"},
	    {"registry.example?x", "is not a host name"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		auto_destination struct destination d = {NULL, 0, NULL};

		expect_refused(
		    destination_parse(&d, cases[i].text, &err), &err, ERR_FORMAT, cases[i].error);
		expect_contains(err.text, cases[i].text);
	}
	auto_destination struct destination d = {NULL, 0, NULL};
	struct error err = ERROR_INIT;
	auto_free char *host = repeat('a', 253);
	auto_free char *long_host = repeat('a', 254);
	expect_ok(destination_parse(&d, host, &err), &err);
	destination_release(&d);
	expect_refused(
	    destination_parse(&d, long_host, &err), &err, ERR_FORMAT, "is not a host name");
}

static void knows_what_lies_below(void **state)
{
	static const struct {
		const char *outer;
		const char *inner;
		unsigned default_port;
		bool covers;
	} cases[] = {
	    {"r.example", "r.example", 443, true},
	    {"r.example", "r.example/x/y", 443, true},
	    {"r.example/x", "r.example/x", 443, true},
	    {"r.example/x", "r.example/x/y", 443, true},
	    {"r.example/x", "r.example/xy", 443, false},
	    {"r.example/x", "r.example/x-y", 443, false},
	    {"r.example/x", "r.example", 443, false},
	    {"r.example/x/y", "r.example/x", 443, false},
	    {"r.example", "other.example/r.example", 443, false},
	    {"r.example", "r.example.evil", 443, false},
	    {"r.example:443", "r.example/x", 443, true},
	    {"r.example", "r.example:443/x", 443, true},
	    {"r.example", "r.example:443", 80, false},
	    {"r.example:80", "r.example", 80, true},
	    {"r.example:5000", "r.example", 443, false},
	    {"r.example:5000", "r.example:5000/x", 443, true},
	    {"r.example:5000", "r.example:5001/x", 443, false},
	    {"R.example", "r.EXAMPLE/x", 443, true},
	    {"docker.io/x", "index.docker.io/x/y", 443, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		auto_destination struct destination outer = {NULL, 0, NULL};
		auto_destination struct destination inner = {NULL, 0, NULL};

		expect_ok(destination_parse(&outer, cases[i].outer, &err), &err);
		expect_ok(destination_parse(&inner, cases[i].inner, &err), &err);
		if (destination_covers(&outer, &inner, cases[i].default_port) != cases[i].covers)
			fail_msg("'%s' and '%s'", cases[i].outer, cases[i].inner);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(checks_repositories),
	    cmocka_unit_test(checks_tags),
	    cmocka_unit_test(holds_to_the_lengths),
	    cmocka_unit_test(makes_tags_of_versions),
	    cmocka_unit_test(reads_destinations),
	    cmocka_unit_test(refuses_other_destinations),
	    cmocka_unit_test(knows_what_lies_below),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
