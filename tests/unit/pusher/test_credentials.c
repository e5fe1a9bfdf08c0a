#include <string.h>
#include <sys/mman.h>

#include "common/limits.h"
#include "pusher/credentials.h"
#include "pusher/secret.h"
#include "tests/unit/expect.h"

/* A descriptor from which len bytes can be read, and then the end. */
static int reader_of(const char *bytes, size_t len)
{
	int fd = memfd_create("password", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static const struct {
	const char *username;
	const char *input;
	size_t input_len;          /* 0: strlen() */
	const char *authorization; /* NULL: refused */
} cases[] = {
    {"robot", "secret", 0, "Basic cm9ib3Q6c2VjcmV0"},
    {"robot", "secret\n", 0, "Basic cm9ib3Q6c2VjcmV0"},
    {"robot", "secret\r\n", 0, "Basic cm9ib3Q6c2VjcmV0"},
    {"robot", "secret\n\n", 0, "Basic cm9ib3Q6c2VjcmV0Cg=="},
    {"robot", "a:b", 0, "Basic cm9ib3Q6YTpi"},
    {"robot$x", " p ", 0, "Basic cm9ib3QkeDogcCA="},
    {"grüß", "ß", 0, "Basic Z3LDvMOfOsOf"},
    {"robot", "", 0, NULL},
    {"robot", "\n", 0, NULL},
    {"robot", "\r\n", 0, NULL},
    {"robot", "sec\0ret", 7, NULL},
    {"", "secret", 0, NULL},
    {"ro:bot", "secret", 0, NULL},
    {"ro\nbot", "secret", 0, NULL},
};

static void test_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_credential struct credential c = CREDENTIAL_INIT;
		struct error err = ERROR_INIT;
		size_t len = cases[i].input_len != 0 ? cases[i].input_len : strlen(cases[i].input);
		auto_fd int fd = reader_of(cases[i].input, len);
		int result = credential_read_password(&c, cases[i].username, fd, &err);

		if (cases[i].authorization == NULL) {
			assert_int_equal(result, -1);
			assert_int_equal(err.code, ERR_USAGE);
			assert_null(strstr(err.text, "secret"));
			continue;
		}
		expect_ok(result, &err);
		auto_secret char *basic = credential_basic(c.username, c.password);
		expect_text(basic, cases[i].authorization);
	}
}

static void test_longest_password(void **state)
{
	(void)state;
	for (size_t over = 0; over <= 1; over++) {
		size_t len = LIMIT_PASSWORD_BYTES_MAX + over;
		auto_credential struct credential c = CREDENTIAL_INIT;
		struct error err = ERROR_INIT;
		auto_free char *password = mem_alloc(len + 2);

		memset(password, 'p', len);
		password[len] = '\r';
		password[len + 1] = '\n';
		auto_fd int fd = reader_of(password, len + 2);
		int result = credential_read_password(&c, "robot", fd, &err);
		if (over != 0) {
			expect_refused(result, &err, ERR_USAGE, "longer than 65536 bytes");
			continue;
		}
		expect_ok(result, &err);
		assert_int_equal(strlen(c.password), len);
	}
}

static void test_read_error(void **state)
{
	auto_credential struct credential c = CREDENTIAL_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	expect_refused(
	    credential_read_password(&c, "robot", -1, &err), &err, ERR_SYSTEM, "password");
}

static void add(struct credentials *all, size_t rank, const char *path, const char *username)
{
	auto_credential struct credential c = CREDENTIAL_INIT;
	struct error err = ERROR_INIT;

	expect_ok(credential_set_password(&c, username, "p", &err), &err);
	c.rank = rank;
	c.path = mem_strdup(path);
	credentials_add(all, &c);
	assert_null(c.username);
}

static void test_row_k7_the_longest_path_of_the_first_source(void **state)
{
	static const struct {
		const char *repository;
		const char *username;
	} wanted[] = {
	    {"a", "a"},
	    {"a/b", "a/b"},
	    {"a/b/c", "a/b"},
	    {"a/bc", "a"},
	    {"ab", "late"},
	    {"x", "late"},
	    {NULL, "late"},
	};
	auto_credentials struct credentials all = CREDENTIALS_INIT;

	(void)state;
	assert_null(credentials_find(NULL, "a"));
	assert_null(credentials_find(&all, "a"));
	add(&all, 7, "", "late");
	add(&all, 7, "a/b/c", "late and longer");
	add(&all, 2, "a", "a");
	add(&all, 2, "a/b", "a/b");
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		const struct credential *found = credentials_find(&all, wanted[i].repository);
		assert_non_null(found);
		expect_text(found->username, wanted[i].username);
	}
}

static void check_target_case(const char *text, bool plain_http, bool allowed)
{
	auto_target struct target target = TARGET_INIT;
	struct error err = ERROR_INIT;

	expect_ok(target_parse(&target, text, plain_http, &err), &err);
	int result = credentials_check_target(&target, &err);
	assert_int_equal(result, allowed ? 0 : -1);
	assert_int_equal(err.code, allowed ? ERR_NONE : ERR_USAGE);
}

static void test_check_target(void **state)
{
	(void)state;
	check_target_case("oci://registry.example/a", false, true);
	check_target_case("oci://127.0.0.1:5000/a", true, true);
	check_target_case("oci://localhost:5000/a", true, true);
	check_target_case("oci://registry.example/a", true, false);
	check_target_case("oci://10.0.0.1:5000/a", true, false);
	check_target_case("oci://127.0.0.1.evil.example/a", true, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_read),
	    cmocka_unit_test(test_longest_password),
	    cmocka_unit_test(test_read_error),
	    cmocka_unit_test(test_row_k7_the_longest_path_of_the_first_source),
	    cmocka_unit_test(test_check_target),
	};

	return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
