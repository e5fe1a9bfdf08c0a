#include <string.h>
#include <sys/stat.h>

#include "pusher/certificate_store.h"
#include "pusher/secret.h"
#include "tests/unit/expect.h"
#include "tests/unit/temp_dir.h"

#define PEM(name) "-----BEGIN CERTIFICATE-----\n" name "\n-----END CERTIFICATE-----\n"

struct world {
	struct temp_dir directory; /* HOME */
	struct environment environment;
	struct target target;
	struct certificate_options options;
	struct certificate_store store;
	struct buf notes;
	struct error err;
};

static void world_init(struct world *w, const char *where)
{
	*w = (struct world){.environment = ENVIRONMENT_INIT,
	    .target = TARGET_INIT,
	    .store = CERTIFICATE_STORE_INIT,
	    .notes = BUF_INIT(1 << 16),
	    .err = ERROR_INIT};
	temp_dir_open(&w->directory);
	w->environment.values[ENVIRONMENT_HOME] = secret_strdup(w->directory.path);
	w->options = (struct certificate_options){.environment = &w->environment,
	    .wish = {.authorities = true, .client = true},
	    .notes = &w->notes};
	expect_ok(target_parse(&w->target, where, false, &w->err), &w->err);
}

static void world_release(struct world *w)
{
	certificate_store_release(&w->store);
	environment_release(&w->environment);
	target_release(&w->target);
	buf_release(&w->notes);
	temp_dir_close(&w->directory);
}
#define auto_world __attribute__((cleanup(world_release)))

/* Below HOME; directories are made. */
static void put(struct world *w, const char *name, const char *text)
{
	for (const char *at = strchr(name, '/'); at != NULL; at = strchr(at + 1, '/')) {
		auto_free char *directory = mem_strndup(name, (size_t)(at - name));
		(void)mkdirat(w->directory.fd, directory, 0755);
	}
	temp_write(w->directory.fd, name, text, strlen(text));
}

static int open_store(struct world *w)
{
	certificate_store_release(&w->store);
	return certificate_store_open(&w->store, &w->options, &w->target, &w->err);
}

/* What counts for the registry; NULL: nothing. */
static void expect_registry(struct world *w, const char *text)
{
	expect_ok(open_store(w), &w->err);
	struct certificate_choice c = certificate_store_registry(&w->store);
	if (text == NULL)
		assert_null(c.authorities);
	else
		expect_contains(
		    c.authorities == NULL ? "nothing" : buf_text(&c.authorities->authorities),
		    text);
}

static void expect_foreign(
    struct world *w, const char *host, unsigned port, const char *authority, const char *client)
{
	struct certificate_choice c;

	expect_ok(certificate_store_foreign(&w->store, host, port, 443, &c, &w->err), &w->err);
	if (authority == NULL)
		assert_null(c.authorities);
	else
		expect_contains(
		    c.authorities == NULL ? "nothing" : buf_text(&c.authorities->authorities),
		    authority);
	if (client == NULL)
		assert_null(c.client);
	else
		expect_contains(c.client == NULL ? "nothing" : c.client->client, client);
}

static void test_the_places(void **state)
{
	struct environment e = ENVIRONMENT_INIT;
	char *places[CERTIFICATE_PLACES_MAX];
	static const char *const expected[] = {"/x/containers/certs.d", "/x/docker/certs.d",
	    "/h/.config/containers/certs.d", "/h/.config/docker/certs.d", "/etc/containers/certs.d",
	    "/etc/docker/certs.d"};

	(void)state;
	for (size_t set = 0; set < 3; set++) {
		if (set == 1)
			e.values[ENVIRONMENT_HOME] = secret_strdup("/h");
		if (set == 2)
			e.values[ENVIRONMENT_XDG_CONFIG_HOME] = secret_strdup("/x");
		size_t count = certificate_store_places(&e, places);
		assert_int_equal(count, 2 + 2 * set);
		for (size_t i = 0; i < count; i++) {
			expect_text(places[i], expected[i + 4 - 2 * set]);
			free(places[i]);
		}
	}
	environment_release(&e);
}

static void test_the_order_of_the_places(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w, "oci://r.example:5000/a");
	expect_registry(&w, NULL);
	put(&w, ".config/docker/certs.d/r.example:5000/ca.crt", PEM("docker"));
	expect_registry(&w, "docker");
	put(&w, ".config/containers/certs.d/r.example:5000/ca.crt", PEM("podman"));
	expect_registry(&w, "podman");
	assert_null(strstr(buf_text(&w.store.registry.authorities), "docker"));
}

static void test_row_k7_the_name_of_the_directory(void **state)
{
	static const struct {
		const char *where;
		const char *directory;
		bool counts;
	} cases[] = {
	    {"oci://r.example/a", "r.example", true},
	    {"oci://R.example/a", "r.example", true},
	    {"oci://r.example/a", "r.example:443", true},
	    {"oci://r.example:443/a", "r.example", true},
	    {"oci://r.example:443/a", "r.example:443", true},
	    {"oci://r.example:5000/a", "r.example:5000", true},
	    {"oci://r.example:5000/a", "r.example", false},
	    {"oci://r.example/a", "r.example:5000", false},
	    {"oci://r.example/a", "example", false},
	    {"oci://r.example/a", "r.example.evil", false},
	    {"oci://docker.io/a", "docker.io", true},
	    {"oci://index.docker.io/a", "docker.io", true},
	    {"oci://[::1]:5000/a", "[::1]:5000", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_world struct world w;
		world_init(&w, cases[i].where);
		auto_free char *name =
		    mem_printf(".config/containers/certs.d/%s/ca.crt", cases[i].directory);
		put(&w, name, PEM("one"));
		expect_registry(&w, cases[i].counts ? "one" : NULL);
	}
}

static void test_row_r9_other_hosts(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w, "oci://r.example/a");
	put(&w, ".config/containers/certs.d/r.example/ca.crt", PEM("registry"));
	put(&w, ".config/containers/certs.d/r.example/c.cert", PEM("client"));
	put(&w, ".config/containers/certs.d/r.example/c.key", "canary");
	put(&w, ".config/containers/certs.d/auth.example:8443/ca.crt", PEM("token"));
	put(&w, ".config/docker/certs.d/auth2.example/d.cert", PEM("client"));
	put(&w, ".config/docker/certs.d/auth2.example/d.key", "canary");
	expect_registry(&w, "registry");
	struct certificate_choice own = certificate_store_registry(&w.store);
	expect_contains(own.client->client, "/c.cert");

	expect_foreign(&w, "elsewhere.example", 443, "registry", NULL);
	expect_foreign(&w, "r.example", 8443, "registry", NULL);
	expect_foreign(&w, "AUTH.example", 8443, "token", NULL);
	expect_foreign(&w, "auth.example", 443, "registry", NULL);
	expect_foreign(&w, "auth2.example", 443, "registry", "/d.cert");
	expect_foreign(&w, "AUTH.example", 8443, "token", NULL);
	assert_int_equal(w.store.foreign_count, 5);
}

static void test_a_host_that_is_a_path(void **state)
{
	static const char *const hosts[] = {
	    "..", ".", "../containers/certs.d/r.example", "a/../r.example", "", "r.example/"};
	auto_world struct world w;

	(void)state;
	world_init(&w, "oci://other.example/a");
	put(&w, ".config/containers/certs.d/r.example/ca.crt", PEM("one"));
	put(&w, ".config/containers/ca.crt", PEM("two"));
	put(&w, ".config/containers/certs.d/ca.crt", PEM("three"));
	expect_registry(&w, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		expect_foreign(&w, hosts[i], 443, NULL, NULL);
}

static void test_more_hosts_than_anybody_has(void **state)
{
	auto_world struct world w;
	struct certificate_choice c;

	(void)state;
	world_init(&w, "oci://r.example/a");
	expect_registry(&w, NULL);
	for (unsigned port = 1; port <= LIMIT_CERTIFICATE_HOSTS_MAX; port++)
		expect_foreign(&w, "r.example", port, NULL, NULL);
	expect_refused(certificate_store_foreign(&w.store, "r.example", 99, 443, &c, &w.err),
	    &w.err, ERR_UNBELIEVED, "more than 16");
	expect_foreign(&w, "r.example", 1, NULL, NULL);
}

static void test_the_directory_of_an_option(void **state)
{
	auto_world struct world w;
	auto_free char *path = NULL;

	(void)state;
	world_init(&w, "oci://r.example/a");
	path = mem_printf("%s/mine", w.directory.path);
	put(&w, ".config/containers/certs.d/r.example/ca.crt", PEM("usual"));
	put(&w, ".config/containers/certs.d/auth.example/ca.crt", PEM("usual"));
	w.options.cert_dir = path;
	expect_refused(open_store(&w), &w.err, ERR_USAGE, "--cert-dir");
	put(&w, "mine/ca.crt", PEM("mine"));
	put(&w, "mine/c.cert", PEM("client"));
	put(&w, "mine/c.key", "canary");
	expect_registry(&w, "mine");
	expect_foreign(&w, "auth.example", 443, "mine", NULL);
	auto_free char *file = mem_printf("%s/ca.crt", path);
	w.options.cert_dir = file;
	expect_refused(open_store(&w), &w.err, ERR_USAGE, "--cert-dir");
}

static void test_what_options_have_given(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w, "oci://r.example/a");
	put(&w, ".config/containers/certs.d/r.example/broken.crt", "nothing");
	put(&w, ".config/containers/certs.d/r.example/broken.cert", PEM("client"));
	expect_refused(open_store(&w), &w.err, ERR_USAGE, "broken");
	w.options.wish = (struct host_certificates_wish){.authorities = false, .client = false};
	expect_registry(&w, NULL);
	expect_foreign(&w, "r.example", 8443, NULL, NULL);
}

static void test_roots_that_are_one_file(void **state)
{
	auto_world struct world w;
	auto_free char *roots = NULL;

	(void)state;
	world_init(&w, "oci://r.example/a");
	roots = mem_printf("%s/roots.pem", w.directory.path);
	w.options.roots_file = roots;
	put(&w, ".config/containers/certs.d/r.example/ca.crt", PEM("one"));
	expect_registry(&w, "one"); /* a system without roots */
	put(&w, "roots.pem", "-----BEGIN CERTIFICATE-----\nroot");
	expect_registry(&w, "root\n-----BEGIN CERTIFICATE-----\none\n");
	put(&w, ".config/containers/certs.d/auth.example/ca.crt", PEM("two"));
	expect_foreign(&w, "auth.example", 443, "root\n-----BEGIN CERTIFICATE-----\ntwo\n", NULL);
}

static void test_plain_http_has_no_certificates(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w, "oci://r.example/a");
	put(&w, ".config/containers/certs.d/r.example/ca.crt", "broken");
	w.target.plain_http = true;
	expect_registry(&w, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_places),
	    cmocka_unit_test(test_the_order_of_the_places),
	    cmocka_unit_test(test_row_k7_the_name_of_the_directory),
	    cmocka_unit_test(test_row_r9_other_hosts),
	    cmocka_unit_test(test_a_host_that_is_a_path),
	    cmocka_unit_test(test_more_hosts_than_anybody_has),
	    cmocka_unit_test(test_the_directory_of_an_option),
	    cmocka_unit_test(test_what_options_have_given),
	    cmocka_unit_test(test_roots_that_are_one_file),
	    cmocka_unit_test(test_plain_http_has_no_certificates),
	};

	return cmocka_run_group_tests_name("certificate_store", tests, NULL, NULL);
}
