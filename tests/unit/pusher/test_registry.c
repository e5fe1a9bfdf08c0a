#include "pusher/registry.h"
#include "tests/unit/pusher/fake_transport.h"
#include "tests/unit/pusher/fixture.h"

#define V2 "https://registry.example/v2/charts/one"
#define HEAD_TAG "HEAD " V2 "/manifests/1.0"
#define GET_TAG "GET " V2 "/manifests/1.0"
#define PUT_TAG "PUT " V2 "/manifests/1.0"
#define POST_UPLOAD "POST " V2 "/blobs/uploads/"
#define OTHER_DIGEST "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
#define OTHER_CONTENT "foo"

/* The fixture's first chart, a registry, and the strings that its answers need. */
struct world {
	struct fixture fixture;
	struct target target;
	struct plan plan;
	struct credentials credentials;
	struct progress progress;
	struct fake_transport fake;
	struct registry registry;
	const struct plan_blob *blob;
	const struct plan_manifest *manifest;
	char blob_text[DIGEST_TEXT_LEN + 1];
	char manifest_text[DIGEST_TEXT_LEN + 1];
	char *put_blob;
};

static int setup(void **state)
{
	struct world *w = mem_zalloc(1, sizeof(*w));
	struct error err = ERROR_INIT;

	fixture_of_charts(&w->fixture);
	assert_int_equal(target_parse(&w->target, "oci://registry.example/charts", false, &err), 0);
	assert_int_equal(plan_make(&w->plan, w->fixture.layout, "charts", &err), 0);
	const struct plan_repository *one = &w->plan.repositories[0];
	w->blob = &one->blobs[0];
	w->manifest = &one->names[0].manifest;
	digest_text(w->blob_text, &w->blob->digest);
	digest_text(w->manifest_text, &w->manifest->digest);
	w->put_blob = mem_printf("PUT https://registry.example/u/1?state=x&digest=sha256%%3A%s",
	    w->blob_text + strlen("sha256:"));
	w->registry = (struct registry){.transport = &w->fake.base,
	    .target = &w->target,
	    .credentials = &w->credentials,
	    .progress = &w->progress};
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	fake_release(&w->fake);
	plan_release(&w->plan);
	target_release(&w->target);
	fixture_release(&w->fixture);
	free(w->put_blob);
	free(w);
	return 0;
}

static const struct layout *files_of(const struct world *w)
{
	return verified_layout_files(w->fixture.layout);
}

/* ---- finding a manifest ---- */

enum found { ABSENT, OURS, OTHER, FAILS };

struct find_case {
	const char *what;
	struct fake_answer answers[2];
	size_t count;
	enum found found;
	enum err_code code; /* where it fails */
};

/* "ours" stands for our digest. */
static const struct find_case find_cases[] = {
    {"absent", {{HEAD_TAG, 404, 0, {NULL}, NULL}}, 1, ABSENT, 0},
    {"ours", {{HEAD_TAG, 200, 0, {[HTTP_DOCKER_CONTENT_DIGEST] = "ours"}, NULL}}, 1, OURS, 0},
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
    {"401", {{HEAD_TAG, 401, 0, {NULL}, NULL}}, 1, FAILS, ERR_AUTH},
    {"403", {{HEAD_TAG, 403, 0, {NULL}, NULL}}, 1, FAILS, ERR_DENIED},
    {"429", {{HEAD_TAG, 429, 0, {NULL}, NULL}}, 1, FAILS, ERR_SERVER},
    {"500", {{HEAD_TAG, 500, 0, {NULL}, NULL}}, 1, FAILS, ERR_SERVER},
    {"405", {{HEAD_TAG, 405, 0, {NULL}, NULL}}, 1, FAILS, ERR_REGISTRY},
    {"204", {{HEAD_TAG, 204, 0, {NULL}, NULL}}, 1, FAILS, ERR_UNBELIEVED},
    {"307", {{HEAD_TAG, 307, 0, {[HTTP_LOCATION] = "https://other.example/"}, NULL}}, 1, FAILS,
	ERR_UNBELIEVED},
    {"no network", {{HEAD_TAG, 0, ERR_NETWORK, {NULL}, NULL}}, 1, FAILS, ERR_NETWORK},
};

/* Puts this delivery's digests where the script says "ours". */
static void load(struct world *w, struct fake_answer *answers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char **said = &answers[i].headers[HTTP_DOCKER_CONTENT_DIGEST];
		if (*said != NULL && strcmp(*said, "ours") == 0)
			*said = answers[i].expect == w->put_blob ? w->blob_text : w->manifest_text;
	}
	fake_release(&w->fake);
	fake_init(&w->fake, answers, count);
}

static void check_find(struct world *w, const struct find_case *c)
{
	struct fake_answer answers[2] = {c->answers[0], c->answers[1]};
	struct registry_manifest found = {.exists = false};
	struct error err = ERROR_INIT;
	struct digest other;

	load(w, answers, c->count);
	int result = registry_find_manifest(&w->registry, "charts/one", "1.0", &found, &err);
	if ((result != 0) != (c->found == FAILS))
		fail_msg("%s: %d %s", c->what, result, err.text);
	assert_int_equal(w->fake.request_count, c->count);
	if (c->found == FAILS) {
		assert_int_equal(err.code, c->code);
		assert_non_null(strstr(err.text, "HEAD registry.example/charts/one:1.0: "));
		return;
	}
	assert_int_equal(found.exists, c->found != ABSENT);
	assert_int_equal(digest_parse(&other, OTHER_DIGEST, strlen(OTHER_DIGEST), &err), 0);
	if (c->found == OURS)
		assert_true(digest_equal(&found.digest, &w->manifest->digest));
	if (c->found == OTHER)
		assert_true(digest_equal(&found.digest, &other));
}

static void test_find(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(find_cases) / sizeof(find_cases[0]); i++)
		check_find(w, &find_cases[i]);
}

static void test_accept(void **state)
{
	struct world *w = *state;
	const struct fake_answer answers[] = {{HEAD_TAG, 404, 0, {NULL}, NULL}};
	struct registry_manifest found = {.exists = false};
	struct error err = ERROR_INIT;

	fake_init(&w->fake, answers, 1);
	assert_int_equal(
	    registry_find_manifest(&w->registry, "charts/one", "1.0", &found, &err), 0);
	assert_string_equal(w->fake.requests[0].accept, MEDIA_TYPE_OCI_MANIFEST
	    ", " MEDIA_TYPE_OCI_INDEX ", " MEDIA_TYPE_DOCKER_MANIFEST ", " MEDIA_TYPE_DOCKER_LIST);
	assert_null(w->fake.requests[0].authorization);
}

/* ---- blobs ---- */

struct blob_case {
	const char *what;
	int post_status;
	const char *location;
	int put_status; /* 0: there is no PUT */
	const char *put_digest;
	enum err_code code;
};

static const struct blob_case blob_cases[] = {
    {"good", 202, "/u/1?state=x", 201, NULL, ERR_NONE},
    {"good, absolute", 202, "https://registry.example/u/1?state=x", 201, "ours", ERR_NONE},
    {"good, TLS ended before", 202, "http://registry.example/u/1?state=x", 201, "ours", ERR_NONE},
    {"204", 202, "/u/1?state=x", 204, NULL, ERR_NONE},
    {"lying digest", 202, "/u/1?state=x", 201, OTHER_DIGEST, ERR_UNBELIEVED},
    {"malformed digest", 202, "/u/1?state=x", 201, "md5:x", ERR_UNBELIEVED},
    {"PUT 200", 202, "/u/1?state=x", 200, "ours", ERR_UNBELIEVED},
    {"PUT 202", 202, "/u/1?state=x", 202, NULL, ERR_UNBELIEVED},
    {"PUT 400", 202, "/u/1?state=x", 400, NULL, ERR_REGISTRY},
    {"PUT 401", 202, "/u/1?state=x", 401, NULL, ERR_AUTH},
    {"PUT 404", 202, "/u/1?state=x", 404, NULL, ERR_REGISTRY},
    {"PUT 413", 202, "/u/1?state=x", 413, NULL, ERR_REGISTRY},
    {"PUT 500", 202, "/u/1?state=x", 500, NULL, ERR_SERVER},
    {"PUT 307", 202, "/u/1?state=x", 307, NULL, ERR_UNBELIEVED},
    {"no Location", 202, NULL, 0, NULL, ERR_UNBELIEVED},
    {"empty Location of another place", 202, "https://other.example/u/1", 0, NULL, ERR_UNBELIEVED},
    {"POST 200", 200, "/u/1?state=x", 0, NULL, ERR_UNBELIEVED},
    {"POST 201", 201, "/u/1?state=x", 0, NULL, ERR_UNBELIEVED},
    {"POST 301", 301, "/u/1?state=x", 0, NULL, ERR_UNBELIEVED},
    {"POST 401", 401, NULL, 0, NULL, ERR_AUTH},
    {"POST 403", 403, NULL, 0, NULL, ERR_DENIED},
    {"POST 404", 404, NULL, 0, NULL, ERR_REGISTRY},
    {"POST 429", 429, NULL, 0, NULL, ERR_SERVER},
    {"POST 503", 503, NULL, 0, NULL, ERR_SERVER},
};

static void check_blob(struct world *w, const struct blob_case *c)
{
	struct fake_answer answers[2] = {
	    {.expect = POST_UPLOAD,
		.status = c->post_status,
		.headers = {[HTTP_LOCATION] = c->location}},
	    {.expect = w->put_blob,
		.status = c->put_status,
		.headers = {[HTTP_DOCKER_CONTENT_DIGEST] = c->put_digest}},
	};
	size_t count = c->put_status == 0 ? 1 : 2;
	struct error err = ERROR_INIT;

	load(w, answers, count);
	int result = registry_push_blob(&w->registry, "charts/one", files_of(w), w->blob, &err);
	if (err.code != c->code || (result == 0) != (c->code == ERR_NONE))
		fail_msg("%s: %d %s", c->what, result, err.text);
	assert_int_equal(w->fake.request_count, count);
	if (count < 2)
		return;
	struct digest sent;
	const struct fake_request *put = &w->fake.requests[1];
	digest_of(&sent, fake_body(&w->fake, 1), strlen(fake_body(&w->fake, 1)));
	assert_true(digest_equal(&sent, &w->blob->digest));
	assert_string_equal(put->content_type, "application/octet-stream");
	assert_null(w->fake.requests[0].content_type);
	assert_string_equal(w->fake.requests[0].body, "");
}

static void test_blob(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(blob_cases) / sizeof(blob_cases[0]); i++)
		check_blob(w, &blob_cases[i]);
}

static void test_create_first(void **state)
{
	struct world *w = *state;
	const struct fake_answer answers[] = {{POST_UPLOAD, 404, 0, {NULL}, NULL}};
	struct error err = ERROR_INIT;

	fake_init(&w->fake, answers, 1);
	assert_int_equal(
	    registry_push_blob(&w->registry, "charts/one", files_of(w), w->blob, &err), -1);
	assert_string_equal(
	    err.text, "POST registry.example/charts/one: status 404; create the repository first");
}

/* A blob that changes on the medium after it was verified: its last bytes are not sent. */
static void test_blob_changes(void **state)
{
	struct world *w = *state;
	const struct fake_answer answers[] = {
	    {POST_UPLOAD, 202, 0, {[HTTP_LOCATION] = "/u/1?state=x"}, NULL},
	    {w->put_blob, 201, 0, {NULL}, NULL}};
	struct error err = ERROR_INIT;
	auto_free char *name = fixture_blob_name(&w->blob->digest);
	auto_free char *changed = mem_zalloc(w->blob->size_bytes + 1, 1);

	memset(changed, 'X', w->blob->size_bytes);
	fixture_write(&w->fixture, name, changed, w->blob->size_bytes);
	fake_init(&w->fake, answers, 2);
	assert_int_equal(
	    registry_push_blob(&w->registry, "charts/one", files_of(w), w->blob, &err), -1);
	assert_int_equal(err.code, ERR_SEAL);
	assert_true(strlen(fake_body(&w->fake, 1)) < w->blob->size_bytes);
}

/* ---- manifests ---- */

struct manifest_case {
	const char *what;
	int put_status;
	const char *put_digest;
	int head_status; /* 0: there is no confirming HEAD */
	const char *head_digest;
	enum err_code code;
};

static const struct manifest_case manifest_cases[] = {
    {"good", 201, "ours", 0, NULL, ERR_NONE},
    {"no digest, confirmed", 201, NULL, 200, "ours", ERR_NONE},
    {"200 with digest, confirmed", 200, "ours", 200, "ours", ERR_NONE},
    {"202, confirmed", 202, NULL, 200, "ours", ERR_NONE},
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
	struct error err = ERROR_INIT;
	struct digest sent;

	load(w, answers, count);
	int result = registry_push_manifest(
	    &w->registry, "charts/one", "1.0", files_of(w), w->manifest, &err);
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

static void test_manifest_by_digest(void **state)
{
	struct world *w = *state;
	auto_free char *expect = mem_printf("PUT " V2 "/manifests/%s", w->manifest_text);
	const struct fake_answer answers[] = {{expect, 500, 0, {NULL}, NULL}};
	auto_free char *text =
	    mem_printf("PUT registry.example/charts/one@%s: status 500", w->manifest_text);
	struct error err = ERROR_INIT;

	fake_init(&w->fake, answers, 1);
	assert_int_equal(registry_push_manifest(&w->registry, "charts/one", w->manifest_text,
			     files_of(w), w->manifest, &err),
	    -1);
	assert_string_equal(err.text, text);
}

/* The same registry gets the password with every request, and nobody else gets one. */
static void test_authorization(void **state)
{
	struct world *w = *state;
	const struct fake_answer answers[] = {
	    {POST_UPLOAD, 202, 0, {[HTTP_LOCATION] = "/u/1?state=x"}, NULL},
	    {w->put_blob, 201, 0, {NULL}, NULL}};
	char value[] = "Basic cm9ib3Q6c2VjcmV0";
	struct error err = ERROR_INIT;

	w->credentials.authorization = value;
	fake_init(&w->fake, answers, 2);
	assert_int_equal(
	    registry_push_blob(&w->registry, "charts/one", files_of(w), w->blob, &err), 0);
	assert_string_equal(w->fake.requests[0].authorization, value);
	assert_string_equal(w->fake.requests[1].authorization, value);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown((test), setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_WORLD(test_find),
	    WITH_WORLD(test_accept),
	    WITH_WORLD(test_blob),
	    WITH_WORLD(test_create_first),
	    WITH_WORLD(test_blob_changes),
	    WITH_WORLD(test_manifest),
	    WITH_WORLD(test_manifest_by_digest),
	    WITH_WORLD(test_authorization),
	};

	return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
