#include "pusher/manifest_lookup.h"
#include "tests/unit/pusher/registry_world.h"

#define HEAD_TAG "HEAD " V2 "/manifests/1.0"
#define GET_TAG "GET " V2 "/manifests/1.0"

enum found { ABSENT, OURS, OTHER, FAILS };

struct find_case {
	const char *what;
	struct fake_answer answers[2];
	size_t count;
	enum found found;
	enum err_code code; /* where it fails */
};

static const struct find_case find_cases[] = {
    {"absent", {{HEAD_TAG, 404, 0, {NULL}, NULL}}, 1, ABSENT, 0},
    {"ours", {{HEAD_TAG, 200, 0, {[HTTP_DOCKER_CONTENT_DIGEST] = "our manifest"}, NULL}}, 1, OURS,
	0},
    {"other", {{HEAD_TAG, 200, 0, {[HTTP_DOCKER_CONTENT_DIGEST] = OTHER_DIGEST}, NULL}}, 1, OTHER,
	0},
    {"malformed digest", {{HEAD_TAG, 200, 0, {[HTTP_DOCKER_CONTENT_DIGEST] = "sha256:xyz"}, NULL}},
	1, FAILS, ERR_UNBELIEVED},
    {"no digest, body is hashed",
	{{HEAD_TAG, 200, 0, {NULL}, NULL},
	    {GET_TAG, 200, 0, {[HTTP_CONTENT_TYPE] = MEDIA_TYPE_OCI_MANIFEST "; charset=utf-8"},
		OTHER_CONTENT}},
	2, OTHER, 0},
    {"no digest, GET fails", {{HEAD_TAG, 200, 0, {NULL}, NULL}, {GET_TAG, 500, 0, {NULL}, NULL}}, 2,
	FAILS, ERR_SERVER},
    {"no digest, no manifest",
	{{HEAD_TAG, 200, 0, {NULL}, NULL},
	    {GET_TAG, 200, 0, {[HTTP_CONTENT_TYPE] = "text/html"}, "<html>"}},
	2, FAILS, ERR_UNBELIEVED},
    {"no digest, no type", {{HEAD_TAG, 200, 0, {NULL}, NULL}, {GET_TAG, 200, 0, {NULL}, "{}"}}, 2,
	FAILS, ERR_UNBELIEVED},
    {"403 to both", {{HEAD_TAG, 403, 0, {NULL}, NULL}, {GET_TAG, 403, 0, {NULL}, NULL}}, 2, ABSENT,
	0},
    {"403 to what is there", {{HEAD_TAG, 200, 0, {NULL}, NULL}, {GET_TAG, 403, 0, {NULL}, NULL}}, 2,
	FAILS, ERR_DENIED},
    {"403 is only for HEAD", {{HEAD_TAG, 403, 0, {NULL}, NULL}, {GET_TAG, 404, 0, {NULL}, NULL}}, 2,
	ABSENT, 0},
    {"405 is only for HEAD",
	{{HEAD_TAG, 405, 0, {NULL}, NULL},
	    {GET_TAG, 200, 0, {[HTTP_CONTENT_TYPE] = MEDIA_TYPE_OCI_INDEX}, OTHER_CONTENT}},
	2, OTHER, 0},
    {"429", {{HEAD_TAG, 429, 0, {NULL}, NULL}}, 1, FAILS, ERR_SERVER},
    {"500", {{HEAD_TAG, 500, 0, {NULL}, NULL}}, 1, FAILS, ERR_SERVER},
    {"204", {{HEAD_TAG, 204, 0, {NULL}, NULL}}, 1, FAILS, ERR_UNBELIEVED},
    {"307", {{HEAD_TAG, 307, 0, {[HTTP_LOCATION] = "https://other.example/"}, NULL}}, 1, FAILS,
	ERR_UNBELIEVED},
    {"no network", {{HEAD_TAG, 0, ERR_NETWORK, {NULL}, NULL}}, 1, FAILS, ERR_NETWORK},
};

static void check_find(struct world *w, const struct find_case *c)
{
	struct fake_answer answers[2] = {c->answers[0], c->answers[1]};
	struct manifest_lookup lookup;
	struct error err = ERROR_INIT;
	struct digest other;

	world_script(w, answers, c->count);
	manifest_lookup_init(&lookup, &w->registry, "charts/one", "1.0");
	int result = world_run(w, &lookup.job, &err);
	manifest_lookup_release(&lookup);
	if ((result != 0) != (c->found == FAILS))
		fail_msg("%s: %d %s", c->what, result, err.text);
	assert_int_equal(w->fake.request_count, c->count);
	if (c->found == FAILS) {
		assert_int_equal(err.code, c->code);
		assert_non_null(strstr(err.text, " registry.example/charts/one:1.0: "));
		return;
	}
	assert_int_equal(lookup.exists, c->found != ABSENT);
	assert_int_equal(digest_parse(&other, OTHER_DIGEST, strlen(OTHER_DIGEST), &err), 0);
	if (c->found == OURS)
		assert_true(digest_equal(&lookup.digest, &w->manifest->digest));
	if (c->found == OTHER)
		assert_true(digest_equal(&lookup.digest, &other));
}

static void test_find(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(find_cases) / sizeof(find_cases[0]); i++)
		check_find(w, &find_cases[i]);
}

/* A digest leads to itself, or the registry is not to be believed. */
static void test_row_r3_another_digest_than_asked(void **state)
{
	struct world *w = *state;
	struct fake_answer answers[] = {
	    {NULL, 200, 0, {[HTTP_DOCKER_CONTENT_DIGEST] = OTHER_DIGEST}, NULL}};
	struct manifest_lookup lookup;
	struct error err = ERROR_INIT;

	world_script(w, answers, 1);
	manifest_lookup_init(&lookup, &w->registry, "charts/one", w->manifest_text);
	assert_int_equal(world_run(w, &lookup.job, &err), -1);
	assert_int_equal(err.code, ERR_UNBELIEVED);
	manifest_lookup_release(&lookup);
}

static void test_accept(void **state)
{
	struct world *w = *state;
	struct fake_answer answers[] = {{HEAD_TAG, 404, 0, {NULL}, NULL}};
	struct manifest_lookup lookup;
	struct error err = ERROR_INIT;

	world_script(w, answers, 1);
	manifest_lookup_init(&lookup, &w->registry, "charts/one", "1.0");
	assert_int_equal(world_run(w, &lookup.job, &err), 0);
	manifest_lookup_release(&lookup);
	assert_string_equal(w->fake.requests[0].accept, MEDIA_TYPE_OCI_MANIFEST
	    ", " MEDIA_TYPE_OCI_INDEX ", " MEDIA_TYPE_DOCKER_MANIFEST ", " MEDIA_TYPE_DOCKER_LIST);
	assert_null(w->fake.requests[0].authorization);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_WORLD(test_find),
	    WITH_WORLD(test_row_r3_another_digest_than_asked),
	    WITH_WORLD(test_accept),
	};

	return cmocka_run_group_tests_name("manifest_lookup", tests, NULL, NULL);
}
