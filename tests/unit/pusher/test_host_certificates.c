#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "pusher/host_certificates.h"
#include "tests/unit/expect.h"
#include "tests/unit/temp_dir.h"

#define PEM(name) "-----BEGIN CERTIFICATE-----\n" name "\n-----END CERTIFICATE-----\n"
#define CANARY "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n"

struct world {
	struct temp_dir directory;
	struct host_certificates found;
	struct host_certificates_wish wish;
	struct buf notes;
	struct error err;
};

static void world_init(struct world *w)
{
	*w = (struct world){.found = HOST_CERTIFICATES_INIT,
	    .wish = {.authorities = true, .client = true},
	    .notes = BUF_INIT(1 << 16),
	    .err = ERROR_INIT};
	temp_dir_open(&w->directory);
}

static void world_release(struct world *w)
{
	host_certificates_release(&w->found);
	buf_release(&w->notes);
	temp_dir_close(&w->directory);
}
#define auto_world __attribute__((cleanup(world_release)))

static void put(struct world *w, const char *name, const char *text)
{
	temp_write(w->directory.fd, name, text, strlen(text));
}

static int load(struct world *w)
{
	host_certificates_release(&w->found);
	buf_release(&w->notes);
	return host_certificates_load(&w->found, w->directory.path, &w->wish, &w->notes, &w->err);
}

static void expect_no(struct world *w, enum err_code code, const char *text)
{
	expect_refused(load(w), &w->err, code, text);
	expect_contains(w->err.text, w->directory.path);
	assert_null(strstr(w->err.text, "canary"));
}

static void test_an_empty_directory(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w);
	put(&w, "README", "not looked at");
	put(&w, "a.pem", PEM("neither"));
	expect_ok(load(&w), &w.err);
	assert_int_equal(w.found.authorities.len, 0);
	assert_null(w.found.client);
	expect_contains(buf_text(&w.notes), ": 0 *.crt, no client certificate\n");
}

static void test_no_directory(void **state)
{
	auto_world struct world w;
	auto_free char *path = NULL;

	(void)state;
	world_init(&w);
	path = mem_printf("%s/none", w.directory.path);
	expect_refused(host_certificates_load(&w.found, path, &w.wish, &w.notes, &w.err), &w.err,
	    ERR_SYSTEM, path);
	assert_int_equal(w.err.sys_errno, ENOENT);
	assert_null(w.found.path);
}

static void test_all_that_there_may_be(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w);
	put(&w, "a.crt", PEM("one"));
	put(&w, "b.crt", "-----BEGIN TRUSTED CERTIFICATE-----\ntwo"); /* no line end */
	put(&w, "client.cert", PEM("three"));
	put(&w, "client.key", CANARY);
	assert_int_equal(fchmodat(w.directory.fd, "client.key", 0600, 0), 0);
	expect_ok(load(&w), &w.err);
	expect_contains(buf_text(&w.found.authorities), "one\n-----END");
	expect_contains(buf_text(&w.found.authorities), "two\n");
	assert_null(strstr(buf_text(&w.found.authorities), "three"));
	expect_contains(buf_text(&w.found.certificate), "three");
	expect_contains(buf_text(&w.found.key), "canary");
	expect_contains(w.found.client, "/client.cert");
	expect_contains(buf_text(&w.notes), ": 2 *.crt, one client certificate\n");
	assert_null(strstr(buf_text(&w.notes), "chmod"));

	assert_int_equal(fchmodat(w.directory.fd, "client.key", 0644, 0), 0);
	expect_ok(load(&w), &w.err);
	expect_contains(buf_text(&w.notes), "/client.key: others than its owner");
	assert_null(strstr(buf_text(&w.notes), "canary"));
}

static void test_halves_of_a_pair(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w);
	put(&w, "ours.key", CANARY);
	expect_no(&w, ERR_USAGE, "'ours.key' is there, and 'ours.cert'");
	put(&w, "ours.cert", PEM("one"));
	expect_ok(load(&w), &w.err);
	assert_int_equal(unlinkat(w.directory.fd, "ours.key", 0), 0);
	expect_no(&w, ERR_USAGE, "'ours.cert' is there, and 'ours.key'");
	expect_contains(w.err.text, "*.crt");
	w.wish.client = false;
	expect_ok(load(&w), &w.err);
	assert_null(w.found.client);
}

static void test_two_pairs(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w);
	put(&w, "a.cert", PEM("one"));
	put(&w, "a.key", CANARY);
	put(&w, "b.cert", PEM("two"));
	put(&w, "b.key", CANARY);
	expect_no(&w, ERR_USAGE, "two client certificates");
	expect_contains(w.err.text, "a.cert");
	expect_contains(w.err.text, "b.cert");
}

static void test_what_is_no_certificate(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w);
	put(&w, "der.crt", "\x30\x82\x01\x00");
	expect_no(&w, ERR_USAGE, "'der.crt': no certificate in PEM");
	w.wish.authorities = false;
	expect_ok(load(&w), &w.err);
	assert_int_equal(w.found.authorities.len, 0);
}

/* What the one before held must not speak for the next. */
static void test_each_file_holds_one(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w);
	for (int i = 0; i < 10; i++) {
		auto_free char *name = mem_printf("%d.crt", i);
		put(&w, name, i == 5 ? "nothing" : PEM("one"));
	}
	expect_no(&w, ERR_USAGE, "'5.crt'");
}

static void test_hostile_files(void **state)
{
	auto_world struct world w;
	auto_free char *large = mem_zalloc(LIMIT_AUTHORITIES_BYTES_MAX + 2, 1);

	(void)state;
	world_init(&w);
	assert_int_equal(mkfifoat(w.directory.fd, "pipe.crt", 0600), 0);
	expect_no(&w, ERR_USAGE, "'pipe.crt': not a regular file");
	assert_int_equal(unlinkat(w.directory.fd, "pipe.crt", 0), 0);

	assert_int_equal(mkdirat(w.directory.fd, "a.crt", 0700), 0);
	expect_no(&w, ERR_USAGE, "'a.crt': not a regular file");
	assert_int_equal(unlinkat(w.directory.fd, "a.crt", AT_REMOVEDIR), 0);

	memset(large, '\n', LIMIT_AUTHORITIES_BYTES_MAX + 1);
	memcpy(large, PEM("x"), strlen(PEM("x")));
	put(&w, "large.crt", large);
	expect_no(&w, ERR_USAGE, "large.crt");
	assert_int_equal(unlinkat(w.directory.fd, "large.crt", 0), 0);

	large[LIMIT_CERTIFICATE_BYTES_MAX + 1] = '\0';
	put(&w, "large.cert", large);
	put(&w, "large.key", CANARY);
	expect_no(&w, ERR_USAGE, "large.cert");
	large[LIMIT_CERTIFICATE_BYTES_MAX] = '\0';
	put(&w, "large.cert", large);
	expect_ok(load(&w), &w.err);
}

static void test_a_link_that_leads_nowhere(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(symlinkat("/nonexistent/ca.pem", w.directory.fd, "other.crt"), 0);
	put(&w, "a.crt", PEM("one"));
	expect_ok(load(&w), &w.err);
	expect_contains(buf_text(&w.notes), "/other.crt: leads nowhere");
	expect_contains(buf_text(&w.notes), ": 1 *.crt");
	assert_int_equal(symlinkat("a.crt", w.directory.fd, "b.crt"), 0);
	expect_ok(load(&w), &w.err);
	expect_contains(buf_text(&w.notes), ": 2 *.crt");
}

static void test_too_many_files(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w);
	for (unsigned i = 0; i <= LIMIT_CERTIFICATE_FILES_MAX; i++) {
		auto_free char *name = mem_printf("%u.crt", i);
		put(&w, name, PEM("x"));
	}
	expect_no(&w, ERR_USAGE, "more than 256");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_empty_directory),
	    cmocka_unit_test(test_no_directory),
	    cmocka_unit_test(test_all_that_there_may_be),
	    cmocka_unit_test(test_halves_of_a_pair),
	    cmocka_unit_test(test_two_pairs),
	    cmocka_unit_test(test_what_is_no_certificate),
	    cmocka_unit_test(test_each_file_holds_one),
	    cmocka_unit_test(test_hostile_files),
	    cmocka_unit_test(test_a_link_that_leads_nowhere),
	    cmocka_unit_test(test_too_many_files),
	};

	return cmocka_run_group_tests_name("host_certificates", tests, NULL, NULL);
}
