#include <string.h>

#include "common/limits.h"
#include "pusher/credential_file.h"
#include "tests/unit/expect.h"
#include "tests/unit/temp_dir.h"

#define A_P "\"YTpw\"" /* a:p */

struct world {
	struct target target;
	struct credentials found;
	char *helper;
	struct error err;
};

static void world_init(struct world *w, const char *registry)
{
	auto_free char *where = mem_printf("oci://%s", registry);

	*w = (struct world){
	    .target = TARGET_INIT, .found = CREDENTIALS_INIT, .helper = NULL, .err = ERROR_INIT};
	expect_ok(target_parse(&w->target, where, false, &w->err), &w->err);
}

static void world_release(struct world *w)
{
	credentials_release(&w->found);
	target_release(&w->target);
	free(w->helper);
}
#define auto_world __attribute__((cleanup(world_release)))

static int parse(struct world *w, const char *json, bool is_legacy)
{
	const struct credential_file file = {
	    .path = "config.json", .rank = 3, .is_legacy = is_legacy};

	return credential_file_parse(
	    &w->found, &file, json, strlen(json), &w->target, &w->helper, &w->err);
}

/* ---- whose an entry is ---- */

static const struct {
	const char *name;
	const char *registry;
	const char *key;
	const char *path; /* NULL: of another registry */
} keys[] = {
    {"row_k7_the same", "reg.example", "reg.example", ""},
    {"row_k7_letter case of hosts", "reg.example", "REG.Example", ""},
    {"row_k7_a longer host", "reg.example", "reg.example.evil", NULL},
    {"row_k7_a host below", "reg.example", "a.reg.example", NULL},
    {"row_k7_a host above", "a.reg.example", "reg.example", NULL},
    {"row_k7_a path of another", "reg.example", "evil/reg.example", NULL},
    {"row_k7_another port", "reg.example", "reg.example:5000", NULL},
    {"row_k7_no port", "reg.example:5000", "reg.example", NULL},
    {"row_k7_the default port", "reg.example", "reg.example:443", ""},
    {"row_k7_the default port asked for", "reg.example:443", "reg.example", ""},
    {"row_k7_the port", "reg.example:5000", "reg.example:5000", ""},
    {"row_k7_a repository", "reg.example", "reg.example/a/b", "a/b"},
    {"row_k7_a repository of another", "reg.example", "reg.example.evil/a", NULL},
    {"row_k7_docker's form", "reg.example", "https://reg.example", ""},
    {"row_k7_with a version", "reg.example", "https://reg.example/v1/", ""},
    {"row_k7_http", "reg.example", "http://reg.example/v2/", ""},
    {"row_k7_another scheme", "reg.example", "ftp://reg.example", NULL},
    {"row_k7_a scheme in the path", "reg.example", "evil/https://reg.example", NULL},
    {"row_k7_user information", "reg.example", "https://evil@reg.example", NULL},
    {"row_k7_empty", "reg.example", "", NULL},
    {"row_k7_a slash", "reg.example", "/", NULL},
    {"row_k7_a blank", "reg.example", "reg.example ", NULL},
    {"row_k7_docker hub", "docker.io", "https://index.docker.io/v1/", ""},
    {"row_k7_docker hub's registry", "registry-1.docker.io", "docker.io", ""},
    {"row_k7_docker hub by alias", "docker.io", "registry-1.docker.io", ""},
    {"row_k7_docker hub, a repository", "index.docker.io", "docker.io/harbour", "harbour"},
    {"row_k7_not docker hub", "docker.io", "auth.docker.io", NULL},
    {"row_k7_an IPv6 address", "[::1]:5000", "[::1]:5000", ""},
};

static void test_row_k7_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		auto_world struct world w;

		world_init(&w, keys[i].registry);
		const char *path = credential_key_match(keys[i].key, &w.target);
		if (path == NULL || keys[i].path == NULL) {
			if (path != keys[i].path)
				fail_msg("%s: %s", keys[i].name, path == NULL ? "none" : path);
			continue;
		}
		expect_text(path, keys[i].path);
	}
}

/* ---- what an entry holds ---- */

static void entry_case(const char *entry, const char *username, const char *password,
    const char *identity_token, const char *registry_token)
{
	auto_world struct world w;
	auto_free char *json = mem_printf("{\"auths\":{\"reg.example\":%s}}", entry);
	const char *const expected[] = {username, password, identity_token, registry_token};

	world_init(&w, "reg.example");
	expect_ok(parse(&w, json, false), &w.err);
	assert_int_equal(w.found.count, 1);
	const struct credential *c = &w.found.items[0];
	const char *const found[] = {
	    c->username, c->password, c->identity_token, c->registry_token};
	for (size_t i = 0; i < ARRAY_SIZE(found); i++) {
		if (expected[i] == NULL)
			assert_null(found[i]);
		else
			expect_text(found[i], expected[i]);
	}
	assert_int_equal(c->rank, 3);
	expect_text(c->source, "'config.json', entry 'reg.example'");
}

static void test_entries(void **state)
{
	(void)state;
	entry_case("{\"auth\":" A_P "}", "a", "p", NULL, NULL);
	entry_case("{\"auth\":\"YTpw\\n\"}", "a", "p", NULL, NULL);
	entry_case("{\"auth\":\"YTpwAAA=\"}", "a", "p", NULL, NULL); /* NUL bytes behind it */
	entry_case("{\"auth\":\"cm9ib3QkeDphOmI=\",\"email\":\"x\"}", "robot$x", "a:b", NULL, NULL);
	entry_case("{\"username\":\"a\",\"password\":\"p\"}", "a", "p", NULL, NULL);
	entry_case(
	    "{\"auth\":" A_P ",\"username\":\"x\",\"password\":\"y\"}", "a", "p", NULL, NULL);
	entry_case("{\"auth\":\"YTo=\",\"identitytoken\":\"i\"}", "a", NULL, "i", NULL);
	entry_case("{\"auth\":\"Og==\",\"identitytoken\":\"i\"}", NULL, NULL, "i", NULL);
	entry_case("{\"registrytoken\":\"r\"}", NULL, NULL, NULL, "r");
}

static void test_entries_that_hold_nothing(void **state)
{
	static const char *const of[] = {"{}", "{\"auths\":{}}",
	    "{\"auths\":{\"reg.example\":{}},\"HttpHeaders\":{\"X\":\"y\"},\"proxies\":{}}",
	    "{\"auths\":{\"reg.example\":{\"auth\":\"\",\"email\":\"x\"}}}",
	    "{\"auths\":{\"other.example\":7,\"reg.example:5000\":{\"auth\":\"?\"}}}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(of); i++) {
		auto_world struct world w;

		world_init(&w, "reg.example");
		expect_ok(parse(&w, of[i], false), &w.err);
		assert_int_equal(w.found.count, 0);
		assert_null(w.helper);
	}
}

static void test_longest_path(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w, "reg.example/any");
	expect_ok(parse(&w,
		      "{\"auths\":{\"https://reg.example\":{\"auth\":\"YTpw\"},"
		      "\"reg.example/team/\":{\"auth\":\"Yjpw\"},"
		      "\"reg.example/team/app\":{\"auth\":\"Yzpw\"}}}",
		      false),
	    &w.err);
	expect_text(credentials_find(&w.found, "team")->username, "b");
	expect_text(credentials_find(&w.found, "team/app/x")->username, "c");
	expect_text(credentials_find(&w.found, "teams")->username, "a");
}

static void test_dockercfg(void **state)
{
	auto_world struct world w;

	(void)state;
	world_init(&w, "docker.io");
	expect_ok(
	    parse(&w, "{\"https://index.docker.io/v1/\":{\"auth\":" A_P ",\"email\":\"x\"}}", true),
	    &w.err);
	expect_text(credentials_find(&w.found, "x")->username, "a");
}

static void helper_case(const char *json, const char *helper)
{
	auto_world struct world w;

	world_init(&w, "reg.example");
	expect_ok(parse(&w, json, false), &w.err);
	if (helper == NULL)
		assert_null(w.helper);
	else
		expect_text(w.helper, helper);
}

static void test_helpers_that_a_file_names(void **state)
{
	(void)state;
	helper_case("{\"credsStore\":\"pass\"}", "pass");
	helper_case("{\"credsStore\":\"\"}", NULL);
	helper_case("{\"credsStore\":\"pass\",\"credHelpers\":{\"reg.example\":\"gcr\"}}", "gcr");
	helper_case("{\"credHelpers\":{\"reg.example.evil\":\"gcr\"}}", NULL);
	helper_case("{\"credHelpers\":{\"reg.example/a\":\"gcr\"}}", NULL);
	helper_case("{\"credsStore\":\"pass\",\"credHelpers\":{\"reg.example\":\"\"}}", NULL);
}

/* ---- hostile ---- */

static const struct {
	const char *json;
	const char *text;
} bad[] = {
    {"", "no JSON object"},
    {"[]", "no JSON object"},
    {"{\"auths\":{}}canary", "no JSON object"},
    {"{\"auths\":{\"reg.example\":{\"auth\":" A_P "}},\"auths\":{}}", "no JSON object"},
    {"{\"auths\":{\"reg.example\":{\"auth\":\"canary\\u0000\"}}}", "no JSON object"},
    {"{\"auths\":[]}", "'auths' is not an object"},
    {"{\"auths\":{\"reg.example\":[]}}", "entry 'reg.example': not an object"},
    {"{\"auths\":{\"reg.example\":{\"auth\":7}}}", "'auth' is not a string"},
    {"{\"auths\":{\"reg.example\":{\"auth\":\"canary!\"}}}", "'auth' is not base64"},
    {"{\"auths\":{\"reg.example\":{\"auth\":\"Y2FuYXJ5\"}}}", "'auth' is not USER:PASSWORD"},
    {"{\"auths\":{\"reg.example\":{\"auth\":\"YQBiOnA=\"}}}", "'auth' is not USER:PASSWORD"},
    {"{\"auths\":{\"reg.example\":{\"auth\":\"OnA=\"}}}", "the user name is empty"},
    {"{\"auths\":{\"reg.example\":{\"auth\":\"YQpiOnA=\"}}}", "control characters"},
    {"{\"auths\":{\"reg.example\":{\"identitytoken\":\"canary\\r\\nX: y\"}}}",
	"'identitytoken': the token holds a character"},
    {"{\"auths\":{\"reg.example\":{\"registrytoken\":\"canary x\"}}}", "'registrytoken'"},
    {"{\"auths\":{\"reg.example\":{\"registrytoken\":[]}}}", "'registrytoken' is not a string"},
    {"{\"credsStore\":7}", "'credsStore' is not a string"},
    {"{\"credHelpers\":{\"reg.example\":{}}}", "'reg.example' is not a string"},
};

static void test_files_that_cannot_be_used(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_world struct world w;

		world_init(&w, "reg.example");
		expect_refused(parse(&w, bad[i].json, false), &w.err, ERR_AUTH, bad[i].text);
		expect_contains(w.err.text, "credentials 'config.json': ");
		assert_null(strstr(w.err.text, "canary"));
	}
}

static void test_nesting(void **state)
{
	auto_world struct world w;
	auto_buf struct buf json = BUF_INIT(1 << 20);

	(void)state;
	world_init(&w, "reg.example");
	buf_puts(&json, "{\"x\":");
	for (int i = 0; i < 100000; i++)
		buf_putc(&json, '[');
	expect_refused(parse(&w, buf_text(&json), false), &w.err, ERR_AUTH, "no JSON object");
}

static void open_case(const char *path, enum err_code code, const char *text)
{
	auto_buf struct buf bytes = BUF_SECRET_INIT(LIMIT_CREDENTIALS_BYTES_MAX);
	struct error err = ERROR_INIT;
	bool is_open;

	expect_refused(credential_file_open(&bytes, path, &is_open, &err), &err, code, text);
}

static void test_what_can_be_opened(void **state)
{
	struct temp_dir t;
	auto_buf struct buf bytes = BUF_SECRET_INIT(LIMIT_CREDENTIALS_BYTES_MAX);
	auto_buf struct buf large = BUF_INIT(2 * LIMIT_CREDENTIALS_BYTES_MAX);
	struct error err = ERROR_INIT;
	bool is_open;

	(void)state;
	temp_dir_open(&t);
	auto_free char *path = mem_printf("%s/file", t.path);
	auto_free char *fifo = mem_printf("%s/fifo", t.path);
	temp_write(t.fd, "file", "{}", 2);
	expect_ok(credential_file_open(&bytes, path, &is_open, &err), &err);
	expect_text(buf_text(&bytes), "{}");
	assert_true(is_open);
	buf_release(&bytes);
	assert_int_equal(chmod(path, 0600), 0);
	expect_ok(credential_file_open(&bytes, path, &is_open, &err), &err);
	assert_false(is_open);
	assert_non_null(buf_room(&large, LIMIT_CREDENTIALS_BYTES_MAX + 1));
	memset(large.data, ' ', LIMIT_CREDENTIALS_BYTES_MAX + 1);
	temp_write(t.fd, "file", large.data, LIMIT_CREDENTIALS_BYTES_MAX + 1);
	open_case(path, ERR_AUTH, "larger than 1048576 bytes");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	open_case(fifo, ERR_AUTH, "not a regular file");
	open_case(t.path, ERR_AUTH, "not a regular file");
	open_case("/nonexistent/file", ERR_SYSTEM, "No such file");
	temp_dir_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_row_k7_keys),
	    cmocka_unit_test(test_entries),
	    cmocka_unit_test(test_entries_that_hold_nothing),
	    cmocka_unit_test(test_longest_path),
	    cmocka_unit_test(test_dockercfg),
	    cmocka_unit_test(test_helpers_that_a_file_names),
	    cmocka_unit_test(test_files_that_cannot_be_used),
	    cmocka_unit_test(test_nesting),
	    cmocka_unit_test(test_what_can_be_opened),
	};

	return cmocka_run_group_tests_name("credential_file", tests, NULL, NULL);
}
