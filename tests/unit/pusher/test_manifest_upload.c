#include "pusher/manifest_upload.h"
#include "tests/unit/pusher/registry_world.h"

#define HEAD_TAG "HEAD " V2 "/manifests/1.0"
#define PUT_TAG "PUT " V2 "/manifests/1.0"

struct manifest_case {
	const char *what;
	int put_status;
	const char *put_digest;
	int head_status; /* 0: there is no confirming HEAD */
	const char *head_digest;
	enum err_code code;
};

static const struct manifest_case manifest_cases[] = {
    {"good", 201, "our manifest", 0, NULL, ERR_NONE},
    {"no digest, confirmed", 201, NULL, 200, "our manifest", ERR_NONE},
    {"200 with digest, confirmed", 200, "our manifest", 200, "our manifest", ERR_NONE},
    {"202, confirmed", 202, NULL, 200, "our manifest", ERR_NONE},
    {"lying digest", 201, OTHER_DIGEST, 0, NULL, ERR_UNBELIEVED},
    {"malformed digest", 201, "sha256:", 0, NULL, ERR_UNBELIEVED},
    {"200, lying digest", 200, OTHER_DIGEST, 0, NULL, ERR_UNBELIEVED},
    {"not there", 201, NULL, 404, NULL, ERR_UNBELIEVED},
    {"something else there", 201, NULL, 200, OTHER_DIGEST, ERR_UNBELIEVED},
    {"HEAD fails", 201, NULL, 500, NULL, ERR_SERVER},
    {"204", 204, NULL, 0, NULL, ERR_UNBELIEVED},
    {"302", 302, NULL, 0, NULL, ERR_UNBELIEVED},
    {"400", 400, NULL, 0, NULL, ERR_REGISTRY},
    {"404", 404, NULL, 0, NULL, ERR_REGISTRY},
    {"412", 412, NULL, 0, NULL, ERR_REGISTRY},
    {"500", 500, NULL, 0, NULL, ERR_SERVER},
};

static int upload(struct world *w, struct manifest_upload *m, struct error *err)
{
	manifest_upload_init(m, &w->registry, "charts/one", "1.0", w->manifest);
	int result = world_run(w, &m->job, err);
	manifest_upload_release(m);
	return result;
}

static void check_manifest(struct world *w, const struct manifest_case *c)
{
	struct fake_answer answers[2] = {
	    {.expect = PUT_TAG,
		.status = c->put_status,
		.headers = {[HTTP_DOCKER_CONTENT_DIGEST] = c->put_digest}},
	    {.expect = HEAD_TAG,
		.status = c->head_status,
		.headers = {[HTTP_DOCKER_CONTENT_DIGEST] = c->head_digest}},
	};
	size_t count = c->head_status == 0 ? 1 : 2;
	struct manifest_upload m;
	struct error err = ERROR_INIT;
	struct digest sent;

	world_script(w, answers, count);
	int result = upload(w, &m, &err);
	if (err.code != c->code || (result == 0) != (c->code == ERR_NONE))
		fail_msg("%s: %d %s", c->what, result, err.text);
	assert_int_equal(w->fake.request_count, count);
	digest_of(&sent, fake_body(&w->fake, 0), strlen(fake_body(&w->fake, 0)));
	assert_true(digest_equal(&sent, &w->manifest->digest));
	assert_string_equal(w->fake.requests[0].content_type, MEDIA_TYPE_OCI_MANIFEST);
}

static void test_manifest(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(manifest_cases) / sizeof(manifest_cases[0]); i++)
		check_manifest(w, &manifest_cases[i]);
}

static void test_by_digest(void **state)
{
	struct world *w = *state;
	auto_free char *expect = mem_printf("PUT " V2 "/manifests/%s", w->manifest_text);
	struct fake_answer answers[] = {{expect, 400, 0, {NULL}, NULL}};
	auto_free char *text =
	    mem_printf("PUT registry.example/charts/one@%s: status 400", w->manifest_text);
	struct manifest_upload m;
	struct error err = ERROR_INIT;

	world_script(w, answers, 1);
	manifest_upload_init(&m, &w->registry, "charts/one", w->manifest_text, w->manifest);
	assert_int_equal(world_run(w, &m.job, &err), -1);
	manifest_upload_release(&m);
	assert_string_equal(err.text, text);
}

/* A tag that cannot be changed takes its manifest once: after a lost answer it is looked at. */
static void test_lost_answer(void **state)
{
	struct world *w = *state;
	static const struct {
		int status;
		const char *digest;
		size_t requests;
	} looks[] = {{200, "our manifest", 2}, {404, NULL, 3}, {200, OTHER_DIGEST, 3}};

	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		struct fake_answer answers[] = {{PUT_TAG, 0, ERR_NETWORK, {NULL}, NULL},
		    {HEAD_TAG, looks[i].status, 0, {[HTTP_DOCKER_CONTENT_DIGEST] = looks[i].digest},
			NULL},
		    {PUT_TAG, 201, 0, {[HTTP_DOCKER_CONTENT_DIGEST] = "our manifest"}, NULL}};
		struct manifest_upload m;
		struct error err = ERROR_INIT;
		world_script(w, answers, 3);
		w->session.budget.retries = 1;
		assert_int_equal(upload(w, &m, &err), 0);
		assert_int_equal(w->fake.request_count, looks[i].requests);
	}
}

/* What others have put since the tag was seen to be free. */
static void test_row_r23_others_are_kept(void **state)
{
	struct world *w = *state;
	static const struct {
		const char *what;
		int64_t age_ms;
		int put_status; /* of the first; 0: its answer is lost; -1: there is none */
		int head_status;
		const char *head_digest;
		bool is_taken;
		size_t requests;
	} cases[] = {
	    {"seen just now", LIMIT_LOOK_AGE_MS_MAX, 201, 0, NULL, false, 1},
	    {"seen too long ago", LIMIT_LOOK_AGE_MS_MAX + 1, -1, 404, NULL, false, 2},
	    {"taken since", LIMIT_LOOK_AGE_MS_MAX + 1, -1, 200, OTHER_DIGEST, true, 1},
	    {"ours since", LIMIT_LOOK_AGE_MS_MAX + 1, -1, 200, "our manifest", false, 1},
	    {"condition not met", 0, 412, 200, OTHER_DIGEST, true, 2},
	    {"condition not understood", 0, 412, 404, NULL, false, 3},
	    {"an answer for readers", 0, 304, 404, NULL, false, 3},
	    {"taken when the answer was lost", 0, 0, 200, OTHER_DIGEST, true, 2},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct fake_answer put = {
		    PUT_TAG, 201, 0, {[HTTP_DOCKER_CONTENT_DIGEST] = "our manifest"}, NULL};
		const struct fake_answer head = {HEAD_TAG, cases[i].head_status, 0,
		    {[HTTP_DOCKER_CONTENT_DIGEST] = cases[i].head_digest}, NULL};
		struct fake_answer answers[] = {put, head, put};
		bool looks_first = cases[i].put_status < 0;
		struct manifest_upload m;
		struct error err = ERROR_INIT;

		answers[0].status = cases[i].put_status;
		answers[0].failure = cases[i].put_status == 0 ? ERR_NETWORK : ERR_NONE;
		world_script(w, answers + looks_first, 3 - looks_first);
		w->session.budget.retries = 1;
		manifest_upload_init(&m, &w->registry, "charts/one", "1.0", w->manifest);
		m.keeps_others = true;
		m.seen_ms = w->fake.now_ms - cases[i].age_ms;
		if (world_run(w, &m.job, &err) != 0 || m.is_taken != cases[i].is_taken ||
		    w->fake.request_count != cases[i].requests)
			fail_msg("%s: %s", cases[i].what, err.text);
		manifest_upload_release(&m);
	}
}

/* Thousands of manifests may end so in one session. */
static void test_lost_answer_keeps_no_file_open(void **state)
{
	struct world *w = *state;
	struct fake_answer answers[] = {{PUT_TAG, 0, ERR_NETWORK, {NULL}, NULL},
	    {HEAD_TAG, 200, 0, {[HTTP_DOCKER_CONTENT_DIGEST] = "our manifest"}, NULL}};
	struct manifest_upload m;
	struct error err = ERROR_INIT;

	world_script(w, answers, 2);
	w->session.budget.retries = 1;
	manifest_upload_init(&m, &w->registry, "charts/one", "1.0", w->manifest);
	assert_int_equal(world_run(w, &m.job, &err), 0);
	assert_int_equal(m.source.reader.fd, -1);
	manifest_upload_release(&m);
}

static void test_blob_unknown(void **state)
{
	struct world *w = *state;
	struct fake_answer answers[] = {{PUT_TAG, 400, 0, {NULL},
	    "{\"errors\":[{\"code\":\"MANIFEST_BLOB_UNKNOWN\",\"message\":\"x\"}]}"}};
	struct manifest_upload m;
	struct error err = ERROR_INIT;

	world_script(w, answers, 1);
	assert_int_equal(upload(w, &m, &err), -1);
	assert_non_null(strstr(err.text, "MANIFEST_BLOB_UNKNOWN"));
	world_script(w, answers, 1);
	manifest_upload_init(&m, &w->registry, "charts/one", "1.0", w->manifest);
	m.may_miss = true;
	assert_int_equal(world_run(w, &m.job, &err), 0);
	manifest_upload_release(&m);
	assert_true(m.is_blob_unknown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_WORLD(test_manifest),
	    WITH_WORLD(test_by_digest),
	    WITH_WORLD(test_row_r23_others_are_kept),
	    WITH_WORLD(test_lost_answer),
	    WITH_WORLD(test_lost_answer_keeps_no_file_open),
	    WITH_WORLD(test_blob_unknown),
	};

	return cmocka_run_group_tests_name("manifest_upload", tests, NULL, NULL);
}
