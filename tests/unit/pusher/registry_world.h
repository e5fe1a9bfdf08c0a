/*
 * The fixture's first chart, and a registry that is played by a script: what a test of one job
 * needs.
 */
#ifndef TESTS_UNIT_PUSHER_REGISTRY_WORLD_H
#define TESTS_UNIT_PUSHER_REGISTRY_WORLD_H

#include "pusher/plan.h"
#include "pusher/registry.h"
#include "tests/unit/pusher/fake_transport.h"
#include "tests/unit/pusher/fixture.h"

#define V2 "https://registry.example/v2/charts/one"
#define OTHER_DIGEST "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
#define OTHER_CONTENT "foo"

struct world {
	struct fixture fixture;
	struct target target;
	struct plan plan;
	struct auth *auth;
	struct progress progress;
	struct fake_transport fake;
	struct session session;
	struct registry registry;
	const struct plan_blob *blob;
	const struct plan_manifest *manifest;
	char blob_text[DIGEST_TEXT_LEN + 1];
	char manifest_text[DIGEST_TEXT_LEN + 1];
	char *head_blob, *mount, *put_blob, *close_blob; /* owned; requests for the blob */
};

#define POST_UPLOAD "POST " V2 "/blobs/uploads/"
#define LOCATION "/u/1?state=x"

static inline void world_lines(struct world *w)
{
	const char *hex = w->blob_text + strlen("sha256:");

	w->head_blob = mem_printf("HEAD " V2 "/blobs/%s", w->blob_text);
	w->mount = mem_printf("POST " V2 "/blobs/uploads/?mount=sha256%%3A%s", hex);
	w->put_blob =
	    mem_printf("PUT https://registry.example/u/1?state=x&digest=sha256%%3A%s", hex);
	w->close_blob =
	    mem_printf("PUT https://registry.example/u/2?state=y&digest=sha256%%3A%s", hex);
}

static inline int world_setup(void **state)
{
	struct world *w = mem_zalloc(1, sizeof(*w));
	struct error err = ERROR_INIT;

	fixture_of_charts(&w->fixture);
	assert_int_equal(target_parse(&w->target, "oci://registry.example/charts", false, &err), 0);
	assert_int_equal(plan_make(&w->plan, w->fixture.layout, "charts", NULL, &err), 0);
	const struct auth_options options = {.target = &w->target};
	w->auth = auth_new(&options, &err);
	assert_non_null(w->auth);
	const struct plan_repository *one = &w->plan.repositories[0];
	w->blob = &one->blobs[0];
	w->manifest = &one->manifests[one->names[0].manifest];
	digest_text(w->blob_text, &w->blob->digest);
	digest_text(w->manifest_text, &w->manifest->digest);
	world_lines(w);
	*state = w;
	return 0;
}

static inline int world_teardown(void **state)
{
	struct world *w = *state;

	progress_end(&w->progress);
	fake_release(&w->fake);
	auth_free(w->auth);
	plan_release(&w->plan);
	target_release(&w->target);
	fixture_release(&w->fixture);
	free(w->head_blob);
	free(w->mount);
	free(w->put_blob);
	free(w->close_blob);
	free(w);
	return 0;
}

/* A new registry, of which nothing is known, with this delivery's digests where the script says
 * "our manifest" and "our blob". */
static inline void world_script(struct world *w, struct fake_answer *answers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char **said = &answers[i].headers[HTTP_DOCKER_CONTENT_DIGEST];
		if (*said != NULL && strcmp(*said, "our manifest") == 0)
			*said = w->manifest_text;
		if (*said != NULL && strcmp(*said, "our blob") == 0)
			*said = w->blob_text;
	}
	fake_release(&w->fake);
	fake_init(&w->fake, answers, count);
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

static inline int world_run(struct world *w, struct job *job, struct error *err)
{
	struct job *const jobs[] = {job};

	return session_run(&w->session, jobs, 1, err);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown((test), world_setup, world_teardown)

#endif
