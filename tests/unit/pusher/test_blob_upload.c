#include "pusher/blob_upload.h"
#include "tests/unit/pusher/registry_world.h"

#define LAYER "layer of one"
#define CODE(text) "{\"errors\":[{\"code\":\"" text "\",\"message\":\"m\"}]}"
#define ASK_MAX 10

/* "mount", "put", "close", "look" stand for the world's lines. */
struct step {
	const char *ask;
	int status;
	const char *location;
	const char *range;
	const char *digest;
	const char *body;
};

struct blob_case {
	const char *what;
	unsigned retries;
	uint64_t chunk_bytes;
	struct step steps[ASK_MAX]; /* up to the first without ask */
	enum err_code code;
	enum blob_result result;
};

#define PATCH_1 "PATCH https://registry.example/u/1?state=x"
#define PATCH_2 "PATCH https://registry.example/u/2?state=y"
#define STATUS_1 "GET https://registry.example/u/1?state=x"
#define SECOND "/u/2?state=y"

static const struct blob_case cases[] = {
    {"good", 0, 0, {{"mount", 202, LOCATION, 0, 0, 0}, {"put", 201, 0, 0, 0, 0}}, ERR_NONE,
	BLOB_PUSHED},
    {"absolute", 0, 0,
	{{"mount", 202, "https://registry.example/u/1?state=x", 0, 0, 0},
	    {"put", 201, 0, 0, "our blob", 0}},
	ERR_NONE, BLOB_PUSHED},
    {"TLS ended before", 0, 0,
	{{"mount", 202, "http://registry.example/u/1?state=x", 0, 0, 0}, {"put", 204, 0, 0, 0, 0}},
	ERR_NONE, BLOB_PUSHED},
    {"mounted", 0, 0, {{"mount", 201, "/v2/x", 0, "our blob", 0}}, ERR_NONE, BLOB_MOUNTED},
    {"mounted something else", 0, 0, {{"mount", 201, "/v2/x", 0, OTHER_DIGEST, 0}}, ERR_UNBELIEVED,
	0},
    {"no anonymous mount", 0, 0,
	{{"mount", 400, 0, 0, 0, 0}, {POST_UPLOAD, 202, LOCATION, 0, 0, 0},
	    {"put", 201, 0, 0, 0, 0}},
	ERR_NONE, BLOB_PUSHED},
    {"refused twice", 0, 0, {{"mount", 404, 0, 0, 0, 0}, {POST_UPLOAD, 404, 0, 0, 0, 0}},
	ERR_REGISTRY, 0},
    {"POST 201", 0, 0, {{"mount", 404, 0, 0, 0, 0}, {POST_UPLOAD, 201, LOCATION, 0, 0, 0}},
	ERR_UNBELIEVED, 0},
    {"mount 200", 0, 0, {{"mount", 200, LOCATION, 0, 0, 0}}, ERR_UNBELIEVED, 0},
    {"mount 301", 0, 0, {{"mount", 301, LOCATION, 0, 0, 0}}, ERR_UNBELIEVED, 0},
    {"no Location", 0, 0, {{"mount", 202, NULL, 0, 0, 0}}, ERR_UNBELIEVED, 0},
    {"Location of another place", 0, 0, {{"mount", 202, "https://other.example/u", 0, 0, 0}},
	ERR_UNBELIEVED, 0},
    {"401", 0, 0,
	{{"mount", 401, 0, 0, 0, 0}, {"GET https://registry.example/v2/", 200, 0, 0, 0, 0},
	    {"mount", 401, 0, 0, 0, 0}, {POST_UPLOAD, 401, 0, 0, 0, 0}},
	ERR_AUTH, 0},
    {"401 to the mount alone", 0, 0,
	{{"mount", 401, 0, 0, 0, 0}, {"GET https://registry.example/v2/", 200, 0, 0, 0, 0},
	    {"mount", 401, 0, 0, 0, 0}, {POST_UPLOAD, 202, LOCATION, 0, 0, 0},
	    {"put", 201, 0, 0, 0, 0}},
	ERR_NONE, BLOB_PUSHED},
    {"429", 0, 0, {{"mount", 429, 0, 0, 0, 0}}, ERR_SERVER, 0},
    {"lying digest", 0, 0, {{"mount", 202, LOCATION, 0, 0, 0}, {"put", 201, 0, 0, OTHER_DIGEST, 0}},
	ERR_UNBELIEVED, 0},
    {"PUT 200", 0, 0, {{"mount", 202, LOCATION, 0, 0, 0}, {"put", 200, 0, 0, "our blob", 0}},
	ERR_UNBELIEVED, 0},
    {"PUT 307", 0, 0, {{"mount", 202, LOCATION, 0, 0, 0}, {"put", 307, "/x", 0, 0, 0}},
	ERR_UNBELIEVED, 0},
    {"PUT 403", 0, 0, {{"mount", 202, LOCATION, 0, 0, 0}, {"put", 403, 0, 0, 0, 0}}, ERR_DENIED, 0},
    {"PUT 500", 0, 0, {{"mount", 202, LOCATION, 0, 0, 0}, {"put", 500, 0, 0, 0, 0}}, ERR_SERVER, 0},
    {"PATCH in the place of PUT", 0, 0,
	{{"mount", 202, LOCATION, 0, 0, 0}, {"put", 404, 0, 0, 0, 0},
	    {POST_UPLOAD, 202, LOCATION, 0, 0, 0}, {PATCH_1, 202, SECOND, 0, 0, 0},
	    {"close", 201, 0, 0, 0, 0}},
	ERR_NONE, BLOB_PUSHED},
    {"neither", 0, 0,
	{{"mount", 202, LOCATION, 0, 0, 0}, {"put", 405, 0, 0, 0, 0},
	    {POST_UPLOAD, 202, LOCATION, 0, 0, 0}, {PATCH_1, 405, 0, 0, 0, 0}},
	ERR_REGISTRY, 0},
    {"pieces", 0, 7,
	{{"mount", 202, LOCATION, 0, 0, 0}, {PATCH_1, 202, SECOND, "0-6", 0, 0},
	    {PATCH_2, 201, NULL, NULL, 0, 0}, {"close", 201, 0, 0, 0, 0}},
	ERR_NONE, BLOB_PUSHED},
    {"a lost piece goes on", 1, 7,
	{{"mount", 202, LOCATION, 0, 0, 0}, {PATCH_1, 0, 0, 0, 0, 0},
	    {STATUS_1, 204, SECOND, "0-4", 0, 0}, {PATCH_2, 202, SECOND, 0, 0, 0},
	    {"close", 201, 0, 0, 0, 0}},
	ERR_NONE, BLOB_PUSHED},
    {"more than was sent", 1, 7,
	{{"mount", 202, LOCATION, 0, 0, 0}, {PATCH_1, 0, 0, 0, 0, 0},
	    {STATUS_1, 204, SECOND, "0-7", 0, 0}, {POST_UPLOAD, 202, LOCATION, 0, 0, 0},
	    {PATCH_1, 202, SECOND, 0, 0, 0}, {PATCH_2, 202, SECOND, 0, 0, 0},
	    {"close", 201, 0, 0, 0, 0}},
	ERR_NONE, BLOB_PUSHED},
    {"the session is gone", 1, 7,
	{{"mount", 202, LOCATION, 0, 0, 0}, {PATCH_1, 0, 0, 0, 0, 0}, {STATUS_1, 404, 0, 0, 0, 0},
	    {POST_UPLOAD, 202, LOCATION, 0, 0, 0}, {PATCH_1, 202, SECOND, 0, 0, 0},
	    {PATCH_2, 202, SECOND, 0, 0, 0}, {"close", 201, 0, 0, 0, 0}},
	ERR_NONE, BLOB_PUSHED},
    {"a lost body: it had arrived", 1, 0,
	{{"mount", 202, LOCATION, 0, 0, 0}, {"put", 0, 0, 0, 0, 0}, {"look", 200, 0, 0, 0, 0}},
	ERR_NONE, BLOB_PRESENT},
    {"a lost body: it is in a store elsewhere", 1, 0,
	{{"mount", 202, LOCATION, 0, 0, 0}, {"put", 0, 0, 0, 0, 0},
	    {"look", 307, "https://store.example/b", 0, 0, 0}},
	ERR_NONE, BLOB_PRESENT},
    {"a lost body: led nowhere", 1, 0,
	{{"mount", 202, LOCATION, 0, 0, 0}, {"put", 0, 0, 0, 0, 0}, {"look", 307, 0, 0, 0, 0}},
	ERR_UNBELIEVED, 0},
    {"a lost body: never to the same session", 1, 0,
	{{"mount", 202, LOCATION, 0, 0, 0}, {"put", 0, 0, 0, 0, 0}, {"look", 404, 0, 0, 0, 0},
	    {"mount", 202, SECOND, 0, 0, 0}, {"close", 201, 0, 0, 0, 0}},
	ERR_NONE, BLOB_PUSHED},
    {"500, then good", 1, 0,
	{{"mount", 202, LOCATION, 0, 0, 0}, {"put", 500, 0, 0, 0, 0}, {"look", 404, 0, 0, 0, 0},
	    {"mount", 202, LOCATION, 0, 0, 0}, {"put", 201, 0, 0, 0, 0}},
	ERR_NONE, BLOB_PUSHED},
    {"its digest doubted once", 3, 0,
	{{"mount", 202, LOCATION, 0, 0, 0}, {"put", 400, 0, 0, 0, CODE("DIGEST_INVALID")},
	    {"look", 404, 0, 0, 0, 0}, {"mount", 202, LOCATION, 0, 0, 0},
	    {"put", 400, 0, 0, 0, CODE("DIGEST_INVALID")}},
	ERR_REGISTRY, 0},
    {"the second piece never arrives, and the first one is no progress", 1, 7,
	{{"mount", 202, LOCATION, 0, 0, 0}, {PATCH_1, 202, SECOND, 0, 0, 0},
	    {PATCH_2, 0, 0, 0, 0, 0}, {"GET https://registry.example/u/2?state=y", 404, 0, 0, 0, 0},
	    {POST_UPLOAD, 202, LOCATION, 0, 0, 0}, {PATCH_1, 202, SECOND, 0, 0, 0},
	    {PATCH_2, 0, 0, 0, 0, 0}},
	ERR_NETWORK, 0},
    {"an unknown session", 1, 0,
	{{"mount", 202, LOCATION, 0, 0, 0}, {"put", 404, 0, 0, 0, CODE("BLOB_UPLOAD_UNKNOWN")},
	    {"look", 404, 0, 0, 0, 0}, {"mount", 202, LOCATION, 0, 0, 0}, {"put", 201, 0, 0, 0, 0}},
	ERR_NONE, BLOB_PUSHED},
};

static const char *line_of(const struct world *w, const char *ask)
{
	const struct {
		const char *word, *line;
	} words[] = {{"mount", w->mount}, {"put", w->put_blob}, {"close", w->close_blob},
	    {"look", w->head_blob}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, ask) == 0)
			return words[i].line;
	}
	return ask;
}

static size_t load(const struct world *w, const struct blob_case *c, struct fake_answer *answers)
{
	size_t count = 0;

	for (; count < ASK_MAX && c->steps[count].ask != NULL; count++) {
		const struct step *s = &c->steps[count];
		answers[count] = (struct fake_answer){.expect = line_of(w, s->ask),
		    .status = s->status,
		    .failure = ERR_NETWORK,
		    .headers = {[HTTP_LOCATION] = s->location,
			[HTTP_RANGE] = s->range,
			[HTTP_DOCKER_CONTENT_DIGEST] = s->digest},
		    .body = s->body};
	}
	return count;
}

static void check(struct world *w, const struct blob_case *c)
{
	struct fake_answer answers[ASK_MAX];
	size_t count = load(w, c, answers);
	struct blob_upload u;
	struct error err = ERROR_INIT;

	world_script(w, answers, count);
	w->session.budget.retries = c->retries;
	w->registry.chunk_bytes = c->chunk_bytes;
	blob_upload_init(&u, &w->registry, "charts/one", w->blob, NULL);
	int result = world_run(w, &u.job, &err);
	if (err.code != c->code || (result == 0) != (c->code == ERR_NONE))
		fail_msg("%s: %d %s", c->what, result, err.text);
	if (w->fake.request_count != count)
		fail_msg("%s: %zu requests", c->what, w->fake.request_count);
	if (result == 0)
		assert_int_equal(u.result, c->result);
	blob_upload_release(&u);
}

/* The ways of the ladder, and every answer that is none. */
static void test_ladder(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* What was learnt of one registry is not known of the next. */
		auth_free(w->auth);
		struct error err = ERROR_INIT;
		const struct auth_options options = {.target = &w->target};
		w->auth = auth_new(&options, &err);
		check(w, &cases[i]);
	}
}

/* The blob, of 6 or 12 bytes, comes together from what was sent since the last POST. */
static void test_pieces_are_the_blob(void **state)
{
	struct world *w = *state;
	struct fake_answer answers[] = {{w->mount, 202, 0, {[HTTP_LOCATION] = LOCATION}, NULL},
	    {PATCH_1, 0, ERR_NETWORK, {NULL}, NULL},
	    {STATUS_1, 204, 0, {[HTTP_LOCATION] = SECOND, [HTTP_RANGE] = "0-1"}, NULL},
	    {PATCH_2, 202, 0, {[HTTP_LOCATION] = SECOND}, NULL},
	    {PATCH_2, 202, 0, {[HTTP_LOCATION] = SECOND}, NULL},
	    {PATCH_2, 202, 0, {[HTTP_LOCATION] = SECOND}, NULL},
	    {w->close_blob, 201, 0, {NULL}, NULL}};
	struct blob_upload u;
	struct error err = ERROR_INIT;
	struct digest sent;
	size_t count = w->blob->size_bytes == strlen(LAYER) ? 7 : 0;

	if (count == 0) {
		w->blob = &w->plan.repositories[0].blobs[1];
		digest_text(w->blob_text, &w->blob->digest);
		free(w->head_blob);
		free(w->mount);
		free(w->put_blob);
		free(w->close_blob);
		world_lines(w);
		answers[0].expect = w->mount;
		answers[6].expect = w->close_blob;
	}
	world_script(w, answers, 7);
	w->session.budget.retries = 1;
	w->registry.chunk_bytes = 4;
	blob_upload_init(&u, &w->registry, "charts/one", w->blob, NULL);
	assert_int_equal(world_run(w, &u.job, &err), 0);
	auto_free char *whole = mem_printf("%.2s%s%s%s", fake_body(&w->fake, 1),
	    fake_body(&w->fake, 3), fake_body(&w->fake, 4), fake_body(&w->fake, 5));
	assert_string_equal(whole, LAYER);
	digest_of(&sent, whole, strlen(whole));
	assert_true(digest_equal(&sent, &w->blob->digest));
	assert_string_equal(w->fake.requests[4].content_range, "6-9");
	blob_upload_release(&u);
}

/* Breaks before the first byte of a body is taken, as a connection does. */
static int start_without_body(
    struct http_transport *self, struct http_exchange *x, struct error *err)
{
	if (x->request.method == HTTP_PATCH)
		x->request.body = NULL;
	return fake_start(self, x, err);
}

/* What never left us cannot be there: else a blob would end without our having hashed it. */
static void test_row_r17_more_than_was_read(void **state)
{
	struct world *w = *state;
	struct fake_answer answers[] = {{w->mount, 202, 0, {[HTTP_LOCATION] = LOCATION}, NULL},
	    {PATCH_1, 0, ERR_NETWORK, {NULL}, NULL},
	    {STATUS_1, 204, 0, {[HTTP_RANGE] = "0-3"}, NULL}, {POST_UPLOAD, 403, 0, {NULL}, NULL}};
	struct blob_upload u;
	struct error err = ERROR_INIT;

	world_script(w, answers, 4);
	w->fake.base.start = start_without_body;
	w->session.budget.retries = 1;
	w->registry.chunk_bytes = 4;
	blob_upload_init(&u, &w->registry, "charts/one", w->blob, NULL);
	assert_int_equal(world_run(w, &u.job, &err), -1);
	assert_int_equal(err.code, ERR_DENIED);
	blob_upload_release(&u);
}

/* A blob that changes on the medium after it was verified: its last bytes are not sent. */
static void test_row_m2_blob_changes(void **state)
{
	struct world *w = *state;
	struct fake_answer answers[] = {{w->mount, 202, 0, {[HTTP_LOCATION] = LOCATION}, NULL},
	    {w->put_blob, 201, 0, {NULL}, NULL}, {NULL, 204, 0, {NULL}, NULL}};
	auto_free char *name = fixture_blob_name(&w->blob->digest);
	auto_free char *changed = mem_zalloc(w->blob->size_bytes + 1, 1);
	struct blob_upload u;
	struct error err = ERROR_INIT;

	memset(changed, 'X', w->blob->size_bytes);
	fixture_write(&w->fixture, name, changed, w->blob->size_bytes);
	world_script(w, answers, 3);
	blob_upload_init(&u, &w->registry, "charts/one", w->blob, NULL);
	assert_int_equal(world_run(w, &u.job, &err), -1);
	assert_int_equal(err.code, ERR_SEAL);
	assert_true(strlen(fake_body(&w->fake, 1)) < w->blob->size_bytes);
	/* What the registry held open for us is closed. */
	assert_string_equal(fake_line(&w->fake, 2), "DELETE https://registry.example/u/1?state=x");
	blob_upload_release(&u);
}

static void test_create_first(void **state)
{
	struct world *w = *state;
	struct fake_answer answers[] = {
	    {w->mount, 404, 0, {NULL}, NULL}, {POST_UPLOAD, 404, 0, {NULL}, NULL}};
	struct blob_upload u;
	struct error err = ERROR_INIT;

	world_script(w, answers, 2);
	blob_upload_init(&u, &w->registry, "charts/one", w->blob, NULL);
	assert_int_equal(world_run(w, &u.job, &err), -1);
	assert_string_equal(
	    err.text, "POST registry.example/charts/one: status 404; create the repository first");
	blob_upload_release(&u);
}

static void test_row_r17_ranges(void **state)
{
	static const struct {
		const char *text;
		bool is_range;
		uint64_t bytes;
	} ranges[] = {
	    {"0-0", true, 1},
	    {"0-9", true, 10},
	    {"bytes=0-9", true, 10},
	    {"0--1", true, 0},
	    {"bytes=0--1", true, 0},
	    {"", false, 0},
	    {"1-9", false, 0},
	    {"0-", false, 0},
	    {"0-9 ", false, 0},
	    {"0-x", false, 0},
	    {"-1-9", false, 0},
	    {"0-18446744073709551616", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		uint64_t bytes = 0;
		assert_int_equal(blob_upload_range(ranges[i].text, &bytes), ranges[i].is_range);
		assert_int_equal(bytes, ranges[i].bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_WORLD(test_ladder),
	    WITH_WORLD(test_pieces_are_the_blob),
	    WITH_WORLD(test_row_r17_more_than_was_read),
	    WITH_WORLD(test_row_m2_blob_changes),
	    WITH_WORLD(test_create_first),
	    cmocka_unit_test(test_row_r17_ranges),
	};

	return cmocka_run_group_tests_name("blob_upload", tests, NULL, NULL);
}
