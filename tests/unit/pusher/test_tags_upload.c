#include "pusher/tags_upload.h"
#include "tests/unit/pusher/registry_world.h"

static const char *const tags[] = {"1", "1.2", "latest"};

static const struct {
	const char *what;
	int status;
	const char *digest;
	const char *said;  /* OCI-Tag */
	const char *taken; /* for each tag */
	enum err_code code;
} cases[] = {
    {"all", 201, "our manifest", "1, 1.2, latest", "yyy", ERR_NONE},
    {"no blanks", 201, "our manifest", "latest,1.2,1", "yyy", ERR_NONE},
    {"blanks and nothing", 201, "our manifest", " ,, latest\t,\t", "nny", ERR_NONE},
    {"some", 201, "our manifest", "1.2", "nyn", ERR_NONE},
    {"others", 201, "our manifest", "1.2.3, LATEST, 1.", "nnn", ERR_NONE},
    {"none", 201, "our manifest", NULL, "nnn", ERR_NONE},
    {"empty", 201, "our manifest", "", "nnn", ERR_NONE},
    {"no digest", 201, NULL, "1", "ynn", ERR_NONE},
    {"200", 200, NULL, "1", "ynn", ERR_NONE},
    {"204", 204, NULL, "1", "nnn", ERR_NONE},
    {"302", 302, NULL, "1", "nnn", ERR_NONE},
    {"400", 400, NULL, "1", "nnn", ERR_NONE},
    {"414", 414, NULL, NULL, "nnn", ERR_NONE},
    {"500", 500, NULL, NULL, "nnn", ERR_NONE},
    {"lying digest", 201, OTHER_DIGEST, "1, 1.2, latest", "nnn", ERR_UNBELIEVED},
};

static int upload(struct world *w, struct tags_upload *u, struct error *err)
{
	tags_upload_init(u, &w->registry, "charts/one", w->manifest, tags, 3);
	int result = world_run(w, &u->job, err);
	tags_upload_release(u);
	return result;
}

static void expect_taken(const struct tags_upload *u, const char *taken, const char *what)
{
	for (size_t i = 0; i < 3; i++) {
		if (u->said[i] != (taken[i] == 'y'))
			fail_msg("%s: tag %zu", what, i);
	}
}

static void test_what_a_registry_says(void **state)
{
	struct world *w = *state;
	auto_free char *expect =
	    mem_printf("PUT " V2 "/manifests/%s?tag=1&tag=1.2&tag=latest", w->manifest_text);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_answer answers[] = {{.expect = expect,
		    .status = cases[i].status,
		    .headers = {[HTTP_DOCKER_CONTENT_DIGEST] = cases[i].digest,
			[HTTP_OCI_TAG] = cases[i].said}}};
		struct tags_upload u;
		struct error err = ERROR_INIT;
		world_script(w, answers, 1);
		int result = upload(w, &u, &err);
		if (err.code != cases[i].code || (result == 0) != (cases[i].code == ERR_NONE))
			fail_msg("%s: %d %s", cases[i].what, result, err.text);
		expect_taken(&u, cases[i].taken, cases[i].what);
		assert_string_equal(w->fake.requests[0].content_type, MEDIA_TYPE_OCI_MANIFEST);
		assert_int_equal(strlen(fake_body(&w->fake, 0)), w->manifest->size_bytes);
	}
}

/* What is refused after an answer that was lost may be there: tags that cannot be changed. */
static void test_a_lost_answer(void **state)
{
	struct world *w = *state;
	struct fake_answer answers[] = {
	    {NULL, 0, ERR_NETWORK, {NULL}, NULL}, {NULL, 400, 0, {NULL}, NULL}};
	struct tags_upload u;
	struct error err = ERROR_INIT;

	world_script(w, answers, 2);
	w->session.budget.retries = 1;
	assert_int_equal(upload(w, &u, &err), 0);
	expect_taken(&u, "yyy", "lost");
	assert_string_equal(fake_body(&w->fake, 0), fake_body(&w->fake, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_WORLD(test_what_a_registry_says),
	    WITH_WORLD(test_a_lost_answer),
	};

	return cmocka_run_group_tests_name("tags_upload", tests, NULL, NULL);
}
