#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pusher/credential_helper.h"
#include "pusher/secret.h"
#include "tests/unit/expect.h"
#include "tests/unit/temp_dir.h"

struct world {
	struct temp_dir directory;
	struct environment environment;
	struct credential found;
	bool is_found;
	struct error err;
};

static void world_init(struct world *w)
{
	*w = (struct world){.environment = ENVIRONMENT_INIT, .err = ERROR_INIT};
	temp_dir_open(&w->directory);
	auto_free char *path = mem_printf(
	    "relative:.::%s/none:%s:/usr/bin:/bin", w->directory.path, w->directory.path);
	w->environment.values[ENVIRONMENT_PATH] = secret_strdup(path);
	w->environment.values[ENVIRONMENT_HOME] = secret_strdup(w->directory.path);
	w->environment.values[ENVIRONMENT_PASSWORD] = secret_strdup("canary");
}

static void world_release(struct world *w)
{
	environment_release(&w->environment);
	credential_release(&w->found);
	temp_dir_close(&w->directory);
}
#define auto_world __attribute__((cleanup(world_release)))

/* docker-credential-NAME, a script of the shell. */
static void install(struct world *w, const char *name, const char *script)
{
	auto_free char *file = mem_printf("docker-credential-%s", name);
	auto_free char *text = mem_printf("#!/bin/sh\n%s\n", script);

	temp_write(w->directory.fd, file, text, strlen(text));
	assert_int_equal(fchmodat(w->directory.fd, file, 0755, 0), 0);
}

static int get(struct world *w, const char *name)
{
	return credential_helper_get(
	    &w->found, name, "reg.example:5000", &w->environment, &w->is_found, &w->err);
}

static char *content_of(const struct world *w, const char *name)
{
	auto_free char *path = mem_printf("%s/%s", w->directory.path, name);
	auto_buf struct buf b = BUF_INIT(1 << 16);
	struct error err = ERROR_INIT;
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	expect_ok(buf_read_fd(&b, fd, name, &err), &err);
	return buf_steal(&b);
}

static void test_a_helper_that_answers(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w);
	install(&w, "good",
	    "cat >$HOME/server; echo \"$#$1\" >$HOME/arguments; env >$HOME/environment\n"
	    "(ls /proc/$$/fd >$HOME/descriptors); echo noise >&2\n"
	    "echo '{\"ServerURL\":\"reg.example:5000\",\"Username\":\"a\",\"Secret\":\"p\"}'");
	expect_ok(get(&w, "good"), &w.err);
	assert_true(w.is_found);
	expect_text(w.found.username, "a");
	expect_text(w.found.password, "p");
	auto_free char *server = content_of(&w, "server");
	auto_free char *arguments = content_of(&w, "arguments");
	auto_free char *environment = content_of(&w, "environment");
	auto_free char *descriptors = content_of(&w, "descriptors");
	expect_text(server, "reg.example:5000");
	expect_text(arguments, "1get\n");
	/* K2: nothing of ours is in its environment. */
	expect_contains(environment, "HOME=");
	assert_null(strstr(environment, "canary"));
	/* 10 is the script, as dash opens it; the redirection is of a subshell, not of $$. */
	expect_text(descriptors, "0\n1\n10\n2\n");
}

static void test_a_helper_with_an_identity_token(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w);
	install(&w, "token", "echo '{\"Username\":\"<token>\",\"Secret\":\"i\",\"More\":1}'");
	expect_ok(get(&w, "token"), &w.err);
	expect_text(w.found.identity_token, "i");
	assert_null(w.found.password);
}

static void test_a_helper_that_has_nothing(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w);
	install(&w, "empty", "echo 'credentials not found in native keychain'; exit 1");
	expect_ok(get(&w, "empty"), &w.err);
	assert_false(w.is_found);
}

static const struct {
	const char *row;
	const char *name;
	const char *script; /* NULL: not there */
	const char *text;
} bad[] = {
    {"row_k6_a path", "../../x", NULL, "its name"},
    {"row_k6_a command", "x;id", NULL, "its name"},
    {"row_k6_no name", "", NULL, "its name"},
    {"row_k6_capitals", "X", NULL, "its name"},
    {"row_k6_a long name", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	NULL, "its name"},
    {"row_k6_absent", "absent", NULL, "no program docker-credential-absent"},
    {"row_k6_exits 1", "exits", "echo canary; exit 1", "it ended with status 1"},
    {"row_k6_exits 1 and says so elsewhere", "late",
	"echo 'no credentials not found in native keychain'; exit 1", "status 1"},
    {"row_k6_not found, and yet an answer", "both",
	"echo '{\"Username\":\"a\",\"Secret\":\"canary\"}'; exit 3", "status 3"},
    {"row_k6_dies", "dies", "kill -9 $$", "it died of signal 9"},
    {"row_k6_without end", "endless", "while :; do echo canarycanarycanarycanary; done",
	"more than 65536 bytes"},
    {"row_k6_no JSON", "text", "echo canary", "no JSON object"},
    {"row_k6_nothing", "silent", "exit 0", "no JSON object"},
    {"row_k6_no secret", "half", "echo '{\"Username\":\"a\"}'", "'Secret' is missing"},
    {"row_k6_an empty secret", "void", "echo '{\"Username\":\"a\",\"Secret\":\"\"}'",
	"the password is empty"},
    {"row_k6_twice", "twice", "echo '{\"Username\":\"a\",\"Secret\":\"p\",\"Secret\":\"q\"}'",
	"no JSON object"},
    {"row_k6_a header in a token", "inject",
	"printf '%s' '{\"Username\":\"<token>\",\"Secret\":\"canary\\r\\nX: y\"}'",
	"the token holds"},
    {"row_k6_a number", "number", "echo '{\"Username\":\"a\",\"Secret\":7}'",
	"'Secret' is not a string"},
};

static void test_row_k6_helpers_that_cannot_be_used(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_world struct world w;

		world_init(&w);
		if (bad[i].script != NULL)
			install(&w, bad[i].name, bad[i].script);
		expect_refused(get(&w, bad[i].name), &w.err, ERR_AUTH, bad[i].text);
		expect_contains(w.err.text, "credential helper '");
		assert_null(strstr(w.err.text, "canary"));
		assert_false(w.is_found && w.found.password != NULL);
	}
}

static void test_row_k6_a_file_that_is_no_program(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w);
	install(&w, "plain", "echo never");
	assert_int_equal(fchmodat(w.directory.fd, "docker-credential-plain", 0644, 0), 0);
	expect_refused(get(&w, "plain"), &w.err, ERR_AUTH, "no program docker-credential-plain");
	temp_write(w.directory.fd, "docker-credential-broken",
	    "\x7f"
	    "ELF",
	    4);
	assert_int_equal(fchmodat(w.directory.fd, "docker-credential-broken", 0755, 0), 0);
	expect_refused(get(&w, "broken"), &w.err, ERR_AUTH, "cannot be run");
}

static void hang_case(const char *script)
{
	auto_world struct world w;
	struct timespec begin;
	struct timespec end;

	world_init(&w);
	install(&w, "hangs", script);
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &begin), 0);
	expect_refused(get(&w, "hangs"), &w.err, ERR_AUTH, "it took longer than 10 s");
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &end), 0);
	assert_in_range(end.tv_sec - begin.tv_sec, 9, 20);
	auto_free char *pid = content_of(&w, "pid");
	/* It is gone, and was waited for. */
	assert_int_equal(kill((pid_t)strtol(pid, NULL, 10), 0), -1);
}

static void test_row_k6_a_helper_that_hangs(void **state)
{
	(void)state;
	hang_case("echo $$ >$HOME/pid; exec sleep 60");
}

static void test_row_k6_a_helper_that_hangs_silently(void **state)
{
	(void)state;
	hang_case("echo $$ >$HOME/pid; exec >&-; exec sleep 60");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_helper_that_answers),
	    cmocka_unit_test(test_a_helper_with_an_identity_token),
	    cmocka_unit_test(test_a_helper_that_has_nothing),
	    cmocka_unit_test(test_row_k6_helpers_that_cannot_be_used),
	    cmocka_unit_test(test_row_k6_a_file_that_is_no_program),
	    cmocka_unit_test(test_row_k6_a_helper_that_hangs),
	    cmocka_unit_test(test_row_k6_a_helper_that_hangs_silently),
	};

	/* As main() of pusher has it. */
	(void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	return cmocka_run_group_tests_name("credential_helper", tests, NULL, NULL);
}
