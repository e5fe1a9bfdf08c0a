#include "pusher/content_fetch.h"
#include "tests/unit/expect.h"
#include "tests/unit/pusher/registry_world.h"

#define BLOB_URL "GET " V2 "/blobs/" OTHER_DIGEST
#define ELSEWHERE "https://cdn.example/x?y"
#define RESOLVED "https://cdn.example:443/x?y"

static int fetch(struct world *w, struct fake_answer *answers, size_t count, bool is_blob,
    struct buf *out, bool *out_exists, struct error *err)
{
	struct content_fetch f;
	struct descriptor blob = {.size_bytes = strlen(OTHER_CONTENT)};

	digest_of(&blob.digest, OTHER_CONTENT, strlen(OTHER_CONTENT));
	world_script(w, answers, count);
	struct option_list hosts = {.count = 0};
	if (count == 2 && strstr(answers[1].expect, "cdn.example") != NULL)
		hosts.items[hosts.count++] = "cdn.example";
	w->registry.upload_hosts = &hosts;
	if (is_blob)
		content_fetch_blob(&f, &w->registry, "charts/one", &blob, out);
	else
		content_fetch_tag(&f, &w->registry, "charts/one", "1.0", out);
	int result = world_run(w, &f.job, err);
	*out_exists = f.exists;
	content_fetch_release(&f);
	assert_int_equal(w->fake.request_count, count);
	return result;
}

static const struct {
	const char *name;
	bool is_blob;
	size_t count;
	struct fake_answer answers[2];
	enum err_code code;
	bool exists;
} cases[] = {
    {"a tag", false, 1, {{"GET " V2 "/manifests/1.0", .status = 200, .body = OTHER_CONTENT}},
	ERR_NONE, true},
    {"no tag", false, 1, {{.expect = NULL, .status = 404}}, ERR_NONE, false},
    {"a tag with another digest", false, 1,
	{{.expect = NULL,
	    .status = 200,
	    .headers = {[HTTP_DOCKER_CONTENT_DIGEST] = OTHER_DIGEST},
	    .body = "other"}},
	ERR_UNBELIEVED, false},
    {"a tag over the cap", false, 1, {{.expect = NULL, .status = 200, .body = "0123456789abcdef0"}},
	ERR_UNBELIEVED, false},
    {"a tag elsewhere", false, 1,
	{{.expect = NULL, .status = 307, .headers = {[HTTP_LOCATION] = ELSEWHERE}}}, ERR_UNBELIEVED,
	false},
    {"a tag not for us", false, 1, {{.expect = NULL, .status = 403}}, ERR_DENIED, false},
    {"a blob", true, 1, {{BLOB_URL, .status = 200, .body = OTHER_CONTENT}}, ERR_NONE, true},
    {"no blob", true, 1, {{BLOB_URL, .status = 404}}, ERR_REGISTRY, false},
    {"another blob", true, 1, {{BLOB_URL, .status = 200, .body = "bar"}}, ERR_UNBELIEVED, false},
    {"a longer blob", true, 1, {{BLOB_URL, .status = 200, .body = "foo "}}, ERR_UNBELIEVED, false},
    {"a blob elsewhere", true, 1,
	{{BLOB_URL, .status = 307, .headers = {[HTTP_LOCATION] = ELSEWHERE}}}, ERR_UNBELIEVED,
	false},
    {"a blob at a host that was named", true, 2,
	{{BLOB_URL, .status = 307, .headers = {[HTTP_LOCATION] = ELSEWHERE}},
	    {"GET " RESOLVED, .status = 200, .body = OTHER_CONTENT}},
	ERR_NONE, true},
    {"a blob that is sent on and on", true, 2,
	{{BLOB_URL, .status = 307, .headers = {[HTTP_LOCATION] = ELSEWHERE}},
	    {"GET " RESOLVED, .status = 307, .headers = {[HTTP_LOCATION] = ELSEWHERE}}},
	ERR_UNBELIEVED, false},
};

static void test_only_what_was_asked_for_is_taken(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_buf struct buf content = BUF_INIT(16);
		struct fake_answer answers[2] = {cases[i].answers[0], cases[i].answers[1]};
		struct error err = ERROR_INIT;
		bool exists;

		int result =
		    fetch(w, answers, cases[i].count, cases[i].is_blob, &content, &exists, &err);
		if (err.code != cases[i].code)
			fail_msg("%s: %s", cases[i].name, err.text);
		assert_int_equal(result == 0, cases[i].code == ERR_NONE);
		assert_int_equal(exists, cases[i].exists);
		if (exists)
			expect_text(buf_text(&content), OTHER_CONTENT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_WORLD(test_only_what_was_asked_for_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
