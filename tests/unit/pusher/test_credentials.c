#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "common/limits.h"
#include "pusher/credentials.h"

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
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_credentials struct credentials credentials = CREDENTIALS_INIT;
		struct error err = ERROR_INIT;
		size_t len = cases[i].input_len != 0 ? cases[i].input_len : strlen(cases[i].input);
		auto_fd int fd = reader_of(cases[i].input, len);
		int result = credentials_read_basic(&credentials, cases[i].username, fd, &err);

		if (cases[i].authorization == NULL) {
			assert_int_equal(result, -1);
			assert_int_equal(err.code, ERR_USAGE);
			assert_null(credentials.authorization);
			assert_null(strstr(err.text, "secret"));
			continue;
		}
		assert_int_equal(result, 0);
		assert_string_equal(credentials.authorization, cases[i].authorization);
	}
}

static int read_of_len(size_t len, const char *end, struct credentials *out, struct error *err)
{
	size_t total = len + strlen(end);
	auto_free char *password = mem_alloc(total + 1);

	memset(password, 'p', len);
	memcpy(password + len, end, strlen(end) + 1);
	auto_fd int fd = reader_of(password, total);
	return credentials_read_basic(out, "robot", fd, err);
}

static void test_longest(void **state)
{
	auto_credentials struct credentials credentials = CREDENTIALS_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(read_of_len(LIMIT_PASSWORD_BYTES_MAX, "\r\n", &credentials, &err), 0);
	credentials_release(&credentials);
	assert_int_equal(read_of_len(LIMIT_PASSWORD_BYTES_MAX + 1, "", &credentials, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_int_equal(read_of_len(10 * LIMIT_PASSWORD_BYTES_MAX, "", &credentials, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
}

static void test_unreadable(void **state)
{
	auto_credentials struct credentials credentials = CREDENTIALS_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(credentials_read_basic(&credentials, "robot", -1, &err), -1);
	assert_int_equal(err.code, ERR_SYSTEM);
}

static void check_target(const char *text, bool plain_http, bool allowed)
{
	auto_target struct target target = TARGET_INIT;
	struct error err = ERROR_INIT;

	assert_int_equal(target_parse(&target, text, plain_http, &err), 0);
	assert_int_equal(credentials_check_target(&target, &err), allowed ? 0 : -1);
	if (!allowed)
		assert_int_equal(err.code, ERR_USAGE);
}

static void test_target(void **state)
{
	(void)state;
	check_target("oci://registry.example/a", false, true);
	check_target("oci://registry.example/a", true, false);
	check_target("oci://10.0.0.1:5000/a", true, false);
	check_target("oci://127.0.0.1:5000/a", true, true);
	check_target("oci://localhost:5000/a", true, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_read),
	    cmocka_unit_test(test_longest),
	    cmocka_unit_test(test_unreadable),
	    cmocka_unit_test(test_target),
	};

	return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
