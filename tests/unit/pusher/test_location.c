#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "pusher/location.h"

static char *location_join(const struct target *target, const char *request_url,
    const char *location, const struct digest *digest, struct error *err)
{
	struct location where = LOCATION_INIT;
	char *url = NULL;

	if (location_resolve(&where, target, NULL, request_url, location, err) == 0)
		url = location_closing(where.url, digest);
	location_release(&where);
	return url;
}

#define HEX "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae" /* of "foo" */
#define PUT_QUERY "digest=sha256%3A" HEX

static const struct {
	const char *target;
	bool plain_http;
	const char *location;
	const char *url; /* NULL: refused */
} cases[] = {
    /* where it may lead */
    {"registry.example", false, "/v2/a/blobs/uploads/1",
	"https://registry.example/v2/a/blobs/uploads/1?" PUT_QUERY},
    {"registry.example", false, "https://registry.example/v2/\377", NULL},
    {"registry.example", false, "https://registry.example/v2/a?\303\274", NULL},
    {"registry.example", false, "https://registry.ex\377ample/", NULL},
    {"registry.example", false, "1", "https://registry.example/v2/a/blobs/uploads/1?" PUT_QUERY},
    {"registry.example", false, "https://registry.example/u/1",
	"https://registry.example/u/1?" PUT_QUERY},
    {"registry.example", false, "https://REGISTRY.example:443/u/1",
	"https://registry.example/u/1?" PUT_QUERY},
    {"registry.example", false, "http://registry.example/u/1",
	"https://registry.example/u/1?" PUT_QUERY},
    {"registry.example", false, "http://registry.example:80/u/1",
	"https://registry.example/u/1?" PUT_QUERY},
    {"registry.example:5000", false, "http://registry.example:5000/u/1",
	"https://registry.example:5000/u/1?" PUT_QUERY},
    {"registry.example:443", false, "https://registry.example/u/1",
	"https://registry.example:443/u/1?" PUT_QUERY},
    {"registry.example", true, "http://registry.example/u/1",
	"http://registry.example/u/1?" PUT_QUERY},
    {"[::1]:5000", true, "http://[::1]:5000/u/1", "http://[::1]:5000/u/1?" PUT_QUERY},
    {"docker.io", false, "https://registry-1.docker.io/u/1",
	"https://registry-1.docker.io/u/1?" PUT_QUERY},
    /* the query stays as it is */
    {"registry.example", false, "/u/1?_state=a%2Fb%3D+c&x",
	"https://registry.example/u/1?_state=a%2Fb%3D+c&x&" PUT_QUERY},
    {"registry.example", false, "/u/1?b=2&a=1#fragment",
	"https://registry.example/u/1?b=2&a=1&" PUT_QUERY},
    {"registry.example", false, "?x=1",
	"https://registry.example/v2/a/blobs/uploads/?x=1&" PUT_QUERY},
    {"registry.example", false, "/u/%2e%2E%2f/1",
	"https://registry.example/u/%2e%2E%2f/1?" PUT_QUERY},
    /* where it may not */
    {"registry.example", false, "https://other.example/u/1", NULL},
    {"registry.example", false, "//other.example/u/1", NULL},
    {"registry.example", false, "https://registry.example.other/u/1", NULL},
    {"registry.example", false, "https://registry.example:444/u/1", NULL},
    {"registry.example:5000", false, "http://registry.example/u/1", NULL},
    {"registry.example:5000", false, "http://registry.example:80/u/1", NULL},
    {"registry.example", true, "https://registry.example/u/1", NULL},
    {"registry.example", false, "https://registry.example@other.example/u/1", NULL},
    {"registry.example", false, "https://user:word@registry.example/u/1", NULL},
    {"registry.example", false, "https://user@registry.example/u/1", NULL},
    {"registry.example", false, "https://registry.example%2Fu.other.example/1", NULL},
    {"registry.example", false, "https://169.254.169.254/latest", NULL},
    {"registry.example", false, "https://0x7f.1/u/1", NULL},
    {"registry.example", false, "https://[::1]/u/1", NULL},
    {"registry.example", false, "file:///etc/passwd", NULL},
    {"registry.example", false, "ftp://registry.example/u/1", NULL},
    {"registry.example", false, "https://", NULL},
    {"registry.example", false, "https://registry.example:70000/u/1", NULL},
    {"registry.example", false, "/u/1\r\nHost: other.example", NULL},
    {"registry.example", false, "https:/\\other.example/u", NULL},
};

static void check(size_t i)
{
	auto_target struct target target = TARGET_INIT;
	auto_free char *text = mem_printf("oci://%s/charts", cases[i].target);
	struct error err = ERROR_INIT;
	struct digest digest;

	assert_int_equal(target_parse(&target, text, cases[i].plain_http, &err), 0);
	digest_of(&digest, "foo", 3);
	auto_free char *request = mem_printf("%s/v2/a/blobs/uploads/", target.origin);
	auto_free char *url = location_join(&target, request, cases[i].location, &digest, &err);
	if (cases[i].url == NULL && url != NULL)
		fail_msg("'%s' became '%s'", cases[i].location, url);
	if (cases[i].url == NULL) {
		assert_int_equal(err.code, ERR_UNBELIEVED);
		return;
	}
	if (url == NULL)
		fail_msg("'%s': %s", cases[i].location, err.text);
	assert_string_equal(url, cases[i].url);
}

static void test_join(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(i);
}

static void test_row_r22_links(void **state)
{
	static const struct {
		const char *header, *next;
	} links[] = {
	    {"<a>; rel=\"next\"", "a"},
	    {"<a?b=1,2>; title=x; REL=Next", "a?b=1,2"},
	    {"<a>; rel=\"first\", <b>; rel=\"next\"", "b"},
	    {"<a>;rel=next;x", "a"},
	    {"<a>; rel=\"nextest\"", NULL},
	    {"<a>; rel=\"prev\"", NULL},
	    {"<a>; xrel=next", NULL},
	    {"<a>", NULL},
	    {"<a; rel=next", NULL},
	    {"a; rel=next", NULL},
	    {"<>; rel=next", ""},
	    {"<a>; rel=", NULL},
	    {"<a>; rel=\"", NULL},
	    {"<", NULL},
	    {"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		auto_free char *next = location_next(links[i].header);
		if ((next == NULL) != (links[i].next == NULL) ||
		    (next != NULL && strcmp(next, links[i].next) != 0))
			fail_msg("%s: %s", links[i].header, next == NULL ? "none" : next);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_row_r22_links), cmocka_unit_test(test_join)};

	return cmocka_run_group_tests_name("location", tests, NULL, NULL);
}
