#include "pusher/push.h"
#include "tests/unit/pusher/fake_transport.h"
#include "tests/unit/pusher/fixture.h"

#define OTHER_DIGEST "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
#define UPLOAD                                                                                     \
	{NULL, 202, 0, {[HTTP_LOCATION] = "/u/1"}, NULL},                                          \
	{                                                                                          \
		NULL, 201, 0, {NULL}, NULL                                                         \
	}
#define ABSENT                                                                                     \
	{                                                                                          \
		NULL, 404, 0, {NULL}, NULL                                                         \
	}
#define HOLDS(digest)                                                                              \
	{                                                                                          \
		NULL, 200, 0, {[HTTP_DOCKER_CONTENT_DIGEST] = (digest)}, NULL                      \
	}
#define TAKEN(digest)                                                                              \
	{                                                                                          \
		NULL, 201, 0, {[HTTP_DOCKER_CONTENT_DIGEST] = (digest)}, NULL                      \
	}

/* What push needs, around a fixture that the test fills. */
struct world {
	struct fixture fixture;
	struct target target;
	struct plan plan;
	struct auth *auth;
	struct progress progress;
	struct fake_transport fake;
	struct session session;
	struct registry registry;
	struct push push;
	char digests[FIXTURE_BLOBS_MAX][DIGEST_TEXT_LEN + 1]; /* of the fixture's blobs */
};

static void world_open(struct world *w)
{
	struct error err = ERROR_INIT;

	assert_int_equal(target_parse(&w->target, "oci://registry.example/c", false, &err), 0);
	assert_int_equal(plan_make(&w->plan, w->fixture.layout, "c", NULL, &err), 0);
	for (size_t i = 0; i < w->fixture.blob_count; i++)
		digest_text(w->digests[i], &w->fixture.blobs[i].digest);
	const struct auth_options options = {.target = &w->target};
	w->auth = auth_new(&options, &err);
	w->progress.is_quiet = true;
	w->session = (struct session){.transport = &w->fake.base,
	    .auth = w->auth,
	    .progress = &w->progress,
	    .budget = {.retries = 0, .deadline_ms = HTTP_FOREVER},
	    .jobs = 1};
	w->registry = (struct registry){.session = &w->session,
	    .target = &w->target,
	    .layout = verified_layout_files(w->fixture.layout)};
}

static int setup(void **state)
{
	struct world *w = mem_zalloc(1, sizeof(*w));

	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	push_release(&w->push);
	progress_end(&w->progress);
	fake_release(&w->fake);
	auth_free(w->auth);
	plan_release(&w->plan);
	target_release(&w->target);
	fixture_release(&w->fixture);
	free(w);
	return 0;
}

static int decide(struct world *w, enum push_existing existing, struct error *err)
{
	return push_decide(&w->push, &w->plan, &w->registry, existing, err);
}

static int write_it(struct world *w, struct error *err)
{
	if (push_blobs(&w->push, &w->registry, err) != 0 ||
	    push_prepare(&w->push, &w->registry, err) != 0)
		return -1;
	return push_tags(&w->push, &w->registry, err);
}

static void assert_line(const struct world *w, size_t i, const char *begin)
{
	const char *line = fake_line(&w->fake, i);

	if (strncmp(line, begin, strlen(begin)) != 0)
		fail_msg("request %zu is '%s', not '%s'", i, line, begin);
}

/* The fixture's blobs: config 0, layer 1, manifest 2 of "one", layer 3, manifest 4 of "two". The
 * config that both need is sent to the first and mounted into the second. */
static void test_cold(void **state)
{
	struct world *w = *state;
	struct error err = ERROR_INIT;

	fixture_of_charts(&w->fixture);
	world_open(w);
	const struct fake_answer answers[] = {ABSENT, ABSENT, UPLOAD, UPLOAD, UPLOAD,
	    {NULL, 201, 0, {NULL}, NULL}, TAKEN(w->digests[2]), TAKEN(w->digests[4])};
	fake_init(&w->fake, answers, sizeof(answers) / sizeof(answers[0]));
	assert_int_equal(decide(w, PUSH_EXISTING_FAIL, &err), 0);
	assert_int_equal(w->fake.request_count, 2);
	assert_int_equal(write_it(w, &err), 0);

	assert_int_equal(w->fake.request_count, 11);
	assert_line(w, 0, "HEAD https://registry.example/v2/c/one/manifests/1.0");
	assert_line(w, 1, "HEAD https://registry.example/v2/c/two/manifests/1.0");
	for (size_t i = 2; i < 8; i += 2) {
		assert_line(w, i, "POST https://registry.example/v2/c/");
		assert_line(w, i + 1, "PUT https://registry.example/u/1?digest=sha256%3A");
	}
	assert_line(w, 6, "POST https://registry.example/v2/c/one/blobs/uploads/?mount=sha256%3A");
	assert_line(w, 8, "POST https://registry.example/v2/c/two/blobs/uploads/?mount=sha256%3A");
	assert_non_null(strstr(fake_line(&w->fake, 8), "&from=c/one"));
	assert_line(w, 9, "PUT https://registry.example/v2/c/one/manifests/1.0");
	assert_line(w, 10, "PUT https://registry.example/v2/c/two/manifests/1.0");
	assert_int_equal(w->push.names[0].action, PUSH_NEW);
	assert_int_equal(w->push.names[0].blobs_pushed, 2);
	assert_int_equal(w->push.names[1].blobs_pushed, 1);
	assert_int_equal(w->push.names[1].blobs_mounted, 1);
}

static void test_again(void **state)
{
	struct world *w = *state;
	struct error err = ERROR_INIT;

	fixture_of_charts(&w->fixture);
	world_open(w);
	const struct fake_answer answers[] = {HOLDS(w->digests[2]), HOLDS(w->digests[4])};
	fake_init(&w->fake, answers, 2);
	assert_int_equal(decide(w, PUSH_EXISTING_OVERWRITE, &err), 0);
	assert_int_equal(write_it(w, &err), 0);
	assert_int_equal(w->fake.request_count, 2);
	assert_int_equal(w->push.names[0].action, PUSH_UNCHANGED);
	assert_int_equal(w->push.names[1].action, PUSH_UNCHANGED);
}

/* Every tag that holds something else is named, and nothing is written. */
static void test_conflict(void **state)
{
	struct world *w = *state;
	struct error err = ERROR_INIT;
	const struct fake_answer answers[] = {HOLDS(OTHER_DIGEST), HOLDS(OTHER_DIGEST)};

	fixture_of_charts(&w->fixture);
	world_open(w);
	fake_init(&w->fake, answers, 2);
	assert_int_equal(decide(w, PUSH_EXISTING_FAIL, &err), -1);
	assert_int_equal(err.code, ERR_CONFLICT);
	assert_non_null(strstr(err.text, "c/one:1.0, c/two:1.0"));
	assert_int_equal(w->fake.request_count, 2);
}

static void test_skip(void **state)
{
	struct world *w = *state;
	struct error err = ERROR_INIT;

	fixture_of_charts(&w->fixture);
	world_open(w);
	const struct fake_answer answers[] = {
	    HOLDS(OTHER_DIGEST), ABSENT, UPLOAD, UPLOAD, TAKEN(w->digests[4])};
	fake_init(&w->fake, answers, sizeof(answers) / sizeof(answers[0]));
	assert_int_equal(decide(w, PUSH_EXISTING_SKIP, &err), 0);
	assert_int_equal(write_it(w, &err), 0);
	assert_int_equal(w->push.names[0].action, PUSH_SKIP);
	assert_int_equal(w->push.names[0].blobs_pushed, 0);
	assert_int_equal(w->push.names[1].action, PUSH_NEW);
	assert_int_equal(w->fake.request_count, 7);
}

static void test_overwrite(void **state)
{
	struct world *w = *state;
	struct error err = ERROR_INIT;

	fixture_of_charts(&w->fixture);
	world_open(w);
	const struct fake_answer answers[] = {
	    HOLDS(w->digests[2]), HOLDS(OTHER_DIGEST), UPLOAD, UPLOAD, TAKEN(w->digests[4])};
	fake_init(&w->fake, answers, sizeof(answers) / sizeof(answers[0]));
	assert_int_equal(decide(w, PUSH_EXISTING_OVERWRITE, &err), 0);
	assert_int_equal(write_it(w, &err), 0);
	assert_int_equal(w->push.names[0].action, PUSH_UNCHANGED);
	assert_int_equal(w->push.names[1].action, PUSH_REPLACE);
	assert_int_equal(w->fake.request_count, 7);
}

/* Two tags of one repository: the blob they share goes once; children by digest, before any tag. */
static void test_nested(void **state)
{
	struct world *w = *state;
	struct fixture *f = &w->fixture;
	struct error err = ERROR_INIT;

	fixture_init(f);
	size_t config = fixture_blob(f, "config");
	size_t a = fixture_manifest(f, config, fixture_blob(f, "layer a"), "");
	size_t b = fixture_manifest(f, config, fixture_blob(f, "layer b"), "");
	size_t all = fixture_index(f, a, MEDIA_TYPE_OCI_MANIFEST, b, MEDIA_TYPE_OCI_MANIFEST);
	fixture_name(f, a, MEDIA_TYPE_OCI_MANIFEST, "app", "a");
	fixture_name(f, all, MEDIA_TYPE_OCI_INDEX, "app", "all");
	fixture_seal(f, &err);
	world_open(w);
	const struct plan_repository *r = &w->plan.repositories[0];
	char first[DIGEST_TEXT_LEN + 1];
	char second[DIGEST_TEXT_LEN + 1];
	digest_text(first, &r->manifests[r->names[1].children[0]].digest);
	digest_text(second, &r->manifests[r->names[1].children[1]].digest);
	const struct fake_answer answers[] = {ABSENT, ABSENT, UPLOAD, UPLOAD, UPLOAD, TAKEN(first),
	    TAKEN(second), TAKEN(w->digests[a]), TAKEN(w->digests[all])};
	fake_init(&w->fake, answers, sizeof(answers) / sizeof(answers[0]));
	assert_int_equal(decide(w, PUSH_EXISTING_FAIL, &err), 0);
	assert_int_equal(write_it(w, &err), 0);
	assert_line(w, 8, "PUT https://registry.example/v2/c/app/manifests/sha256:");
	assert_line(w, 9, "PUT https://registry.example/v2/c/app/manifests/sha256:");
	assert_line(w, 10, "PUT https://registry.example/v2/c/app/manifests/a");
	assert_line(w, 11, "PUT https://registry.example/v2/c/app/manifests/all");
	assert_int_equal(w->fake.request_count, 12);
	assert_int_equal(w->push.names[0].blobs_pushed, 2);
	assert_int_equal(w->push.names[1].blobs_pushed, 1);
}

/* Whatever fails, and when, no tag is set before everything below it is there. */
static void test_stops(void **state)
{
	struct world *w = *state;
	struct fake_answer script[] = {ABSENT, ABSENT, UPLOAD, UPLOAD, UPLOAD, UPLOAD};
	size_t count = sizeof(script) / sizeof(script[0]);

	fixture_of_charts(&w->fixture);
	world_open(w);
	for (size_t failing = 0; failing < count; failing++) {
		struct fake_answer answers[sizeof(script) / sizeof(script[0])];
		struct error err = ERROR_INIT;
		memcpy(answers, script, sizeof(script));
		answers[failing] = (struct fake_answer){.status = 0, .failure = ERR_NETWORK};
		fake_init(&w->fake, answers, count);
		int result = decide(w, PUSH_EXISTING_FAIL, &err);
		if (result == 0)
			result = write_it(w, &err);
		assert_int_equal(result, -1);
		assert_int_equal(err.code, ERR_NETWORK);
		assert_int_equal(w->fake.request_count, failing + 1);
		fake_release(&w->fake);
		push_release(&w->push);
	}
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown((test), setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_WORLD(test_cold),
	    WITH_WORLD(test_again),
	    WITH_WORLD(test_conflict),
	    WITH_WORLD(test_skip),
	    WITH_WORLD(test_overwrite),
	    WITH_WORLD(test_nested),
	    WITH_WORLD(test_stops),
	};

	return cmocka_run_group_tests_name("push", tests, NULL, NULL);
}
