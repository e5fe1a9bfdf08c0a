#include <string.h>

#include "common/limits.h"
#include "pusher/credential_edit.h"
#include "tests/unit/expect.h"
#include "tests/unit/temp_dir.h"

struct world {
	struct target target;
	struct credential credential;
	struct buf out;
	struct error err;
};

static void world_init(struct world *w, const char *registry)
{
	auto_free char *where = mem_printf("oci://%s", registry);

	*w = (struct world){.target = TARGET_INIT,
	    .out = BUF_SECRET_INIT(LIMIT_CREDENTIALS_BYTES_MAX),
	    .err = ERROR_INIT};
	expect_ok(target_parse(&w->target, where, false, &w->err), &w->err);
	expect_ok(credential_set_password(&w->credential, "a", "p", &w->err), &w->err);
}

static void world_release(struct world *w)
{
	target_release(&w->target);
	credential_release(&w->credential);
	buf_release(&w->out);
}
#define auto_world __attribute__((cleanup(world_release)))

static int put(struct world *w, const char *json)
{
	return credential_edit_put(
	    &w->out, json, strlen(json), &w->target, &w->credential, &w->err);
}

static void put_case(const char *registry, const char *before, const char *after)
{
	auto_world struct world w;

	world_init(&w, registry);
	expect_ok(put(&w, before), &w.err);
	expect_text(buf_text(&w.out), after);
}

static void test_put(void **state)
{
	(void)state;
	put_case("reg.example:5000", "",
	    "{\n  \"auths\": {\n    \"reg.example:5000\": {\n      \"auth\": \"YTpw\"\n    }\n  "
	    "}\n}\n");
	put_case("docker.io", "{}",
	    "{\n  \"auths\": {\n    \"https://index.docker.io/v1/\": {\n      \"auth\": \"YTpw\"\n"
	    "    }\n  }\n}\n");
	/* Everything else stays, in its order; an entry keeps its key; its own content goes. */
	put_case("reg.example",
	    "{\"z\":[1,2.5,null],\"auths\":{\"b\":{\"auth\":\"x\",\"more\":true},"
	    "\"https://reg.example/v1/\":{\"auth\":\"old\",\"identitytoken\":\"old\"},"
	    "\"reg.example/team\":{\"auth\":\"t\"},\"reg.example\":{\"auth\":\"older\"}},"
	    "\"HttpHeaders\":{\"Grüße\":\"\\u0001/\"}}",
	    "{\n  \"z\": [\n    1,\n    2.5,\n    null\n  ],\n  \"auths\": {\n    \"b\": {\n"
	    "      \"auth\": \"x\",\n      \"more\": true\n    },\n"
	    "    \"https://reg.example/v1/\": {\n      \"auth\": \"YTpw\"\n    },\n"
	    "    \"reg.example/team\": {\n      \"auth\": \"t\"\n    }\n  },\n"
	    "  \"HttpHeaders\": {\n    \"Grüße\": \"\\u0001/\"\n  }\n}\n");
}

static void refused_case(const char *json, enum err_code code, const char *text)
{
	auto_world struct world w;

	world_init(&w, "reg.example");
	expect_refused(put(&w, json), &w.err, code, text);
	assert_null(strstr(w.err.text, "canary"));
	assert_int_equal(w.out.len, 0);
}

static void test_files_that_are_left_alone(void **state)
{
	(void)state;
	refused_case("canary", ERR_AUTH, "no JSON object");
	refused_case("{\"auths\":[\"canary\"]}", ERR_AUTH, "'auths' is not an object");
	refused_case("{\"credsStore\":\"pass\"}", ERR_USAGE, "credential helper 'pass'");
	refused_case(
	    "{\"credHelpers\":{\"reg.example\":\"gcr\"}}", ERR_USAGE, "'gcr' for reg.example");
}

static void test_a_helper_for_another_registry(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w, "reg.example");
	expect_ok(put(&w, "{\"credHelpers\":{\"gcr.io\":\"gcr\"}}"), &w.err);
	expect_contains(buf_text(&w.out), "\"gcr.io\": \"gcr\"");
}

static void test_remove(void **state)
{
	auto_world struct world w;
	bool is_found;
	static const char json[] = "{\"auths\":{\"reg.example\":{\"auth\":\"YTpw\"},"
				   "\"https://reg.example\":{},\"reg.example/a\":{},\"b\":{}}}";

	(void)state;
	world_init(&w, "reg.example");
	expect_ok(
	    credential_edit_remove(&w.out, json, sizeof(json) - 1, &w.target, &is_found, &w.err),
	    &w.err);
	assert_true(is_found);
	expect_text(buf_text(&w.out),
	    "{\n  \"auths\": {\n    \"reg.example/a\": {},\n    \"b\": {}\n  }\n}\n");
	buf_release(&w.out);
	expect_ok(credential_edit_remove(
		      &w.out, "{\"auths\":{\"b\":{}}}", 18, &w.target, &is_found, &w.err),
	    &w.err);
	assert_false(is_found);
	assert_int_equal(w.out.len, 0);
}

static void expect_file(const char *path, const char *content)
{
	auto_buf struct buf b = BUF_INIT(1 << 16);
	struct error err = ERROR_INIT;
	struct stat st;
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	expect_ok(buf_read_fd(&b, fd, path, &err), &err);
	expect_text(buf_text(&b), content);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_write(void **state)
{
	struct temp_dir t;
	auto_buf struct buf content = BUF_INIT(64);
	struct error err = ERROR_INIT;
	struct stat st;

	(void)state;
	temp_dir_open(&t);
	auto_free char *path = mem_printf("%s/config.json", t.path);
	auto_free char *link = mem_printf("%s/link", t.path);
	auto_free char *nowhere = mem_printf("%s/none/config.json", t.path);
	buf_puts(&content, "one");
	expect_ok(credential_edit_write(path, &content, &err), &err);
	expect_file(path, "one");
	buf_puts(&content, " two");
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(symlink("config.json", link), 0);
	expect_ok(credential_edit_write(link, &content, &err), &err);
	expect_file(path, "one two");
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	expect_refused(
	    credential_edit_write(nowhere, &content, &err), &err, ERR_SYSTEM, "its directory");
	/* Nothing is left beside it. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(rmdir(t.path), 0);
	(void)close(t.fd);
	free(t.path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_put),
	    cmocka_unit_test(test_files_that_are_left_alone),
	    cmocka_unit_test(test_a_helper_for_another_registry),
	    cmocka_unit_test(test_remove),
	    cmocka_unit_test(test_write),
	};

	return cmocka_run_group_tests_name("credential_edit", tests, NULL, NULL);
}
