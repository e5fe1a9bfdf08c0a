#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "pusher/progress.h"

/* What goes to stderr between begin() and end() comes out of a pipe. */
struct capture {
	int saved;
	int from;
	char text[8192];
};

static void begin(struct capture *c)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	c->saved = dup(STDERR_FILENO);
	c->from = ends[0];
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	(void)close(ends[1]);
}

static const char *end(struct capture *c)
{
	(void)dup2(c->saved, STDERR_FILENO);
	(void)close(c->saved);
	ssize_t got = read(c->from, c->text, sizeof(c->text) - 1);
	c->text[got > 0 ? got : 0] = '\0';
	(void)close(c->from);
	return c->text;
}

static void test_heartbeat(void **state)
{
	struct progress p = {.is_terminal = false};
	struct capture c;

	(void)state;
	progress_expect(&p, 3 * 1024 * 1024, 2);
	progress_bytes(&p, 1024 * 1024);
	progress_bytes(&p, 1024 * 1024);
	progress_bytes(&p, -1024 * 1024);
	begin(&c);
	assert_int_equal(progress_tick(&p, 1000), 11000);
	assert_int_equal(progress_tick(&p, 10999), 11000);
	assert_int_equal(progress_tick(&p, 11000), 21000);
	progress_end(&p);
	assert_string_equal(end(&c), "still pushing: 1.0 of 3.0 MiB, 0 of 2 blobs\n");
}

/* A line takes the place of the bar, and none of it is left at the end. */
static void test_bar(void **state)
{
	struct progress p = {.is_terminal = true};
	struct digest digest;
	struct capture c;

	(void)state;
	digest_of(&digest, "", 0);
	progress_expect(&p, 1024 * 1024, 1);
	progress_bytes(&p, 512 * 1024);
	begin(&c);
	assert_int_equal(progress_tick(&p, 1000), 1100);
	assert_int_equal(progress_tick(&p, 1100), 1200);
	progress_warning(&p, "299 - \"x\"");
	progress_blob(&p, "a", &digest, 1, true);
	assert_int_equal(progress_tick(&p, 1200), 1300);
	progress_end(&p);
	assert_string_equal(end(&c),
	    "\r\033[K[###############...............] 0.5 of 1.0 MiB, 0 of 1 blobs"
	    "\r\033[Kthe registry warns: 299 - \"x\"\n"
	    "\r\033[K[###############...............] 0.5 of 1.0 MiB, 1 of 1 blobs"
	    "\r\033[K");
}

static void test_quiet(void **state)
{
	struct progress p = {.is_quiet = true};
	struct digest digest;
	struct capture c;

	(void)state;
	digest_of(&digest, "", 0);
	begin(&c);
	assert_true(progress_tick(&p, 1000) == HTTP_FOREVER);
	progress_warning(&p, "x");
	progress_retry(&p, "x", 1);
	progress_blob(&p, "a", &digest, 1, true);
	progress_request(&p, HTTP_GET, "http://a/", 200);
	progress_end(&p);
	assert_string_equal(end(&c), "");
}

/* Each text once, without what it could do to a terminal, and not without end. */
static void test_warnings(void **state)
{
	struct progress p = {.is_quiet = false};
	struct capture c;
	char longer[5000];

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	begin(&c);
	progress_warning(&p, NULL);
	progress_warning(&p, "299 - \"a\"");
	progress_warning(&p, "299 - \"a\"");
	progress_warning(&p, "299 - \"\033[2J\"");
	progress_warning(&p, "99 - \"a\"");
	progress_warning(&p, longer);
	const char *shown = end(&c);
	progress_end(&p);
	assert_null(strchr(shown, '\033'));
	assert_null(strchr(shown, 'x') == NULL ? NULL : strstr(shown, "xxxxxxxx"));
	size_t lines = 0;
	for (const char *at = shown; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	assert_int_equal(lines, 3);
}

static void test_queries_are_not_shown(void **state)
{
	struct progress p = {.is_verbose = true};
	struct capture c;

	(void)state;
	begin(&c);
	progress_request(&p, HTTP_PUT, "https://a/b?token=secret", 201);
	progress_request(&p, HTTP_HEAD, "https://a/b", 0);
	progress_retry(&p, "status 503", 1750);
	assert_string_equal(end(&c),
	    "PUT https://a/b -> 201\nHEAD https://a/b -> no answer\nwaiting 1.7 s: status 503\n");
	progress_end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_heartbeat),
	    cmocka_unit_test(test_bar),
	    cmocka_unit_test(test_quiet),
	    cmocka_unit_test(test_warnings),
	    cmocka_unit_test(test_queries_are_not_shown),
	};

	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
