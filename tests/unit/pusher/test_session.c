#include "pusher/session.h"
#include "tests/unit/pusher/registry_world.h"

/* Asks so often, and remembers when it was restarted. */
struct counter {
	struct job job;
	unsigned wanted;
	unsigned asked;
	unsigned restarts;
	char *url;
};

static int ask(struct job *job, struct http_request *out, struct error *err)
{
	struct counter *c = (struct counter *)job;

	(void)err;
	out->method = HTTP_GET;
	out->url = c->url;
	c->asked++;
	return 0;
}

static enum job_step answer(
    struct job *job, const struct http_response *response, struct error *err)
{
	struct counter *c = (struct counter *)job;

	if (response->status == 200)
		return --c->wanted == 0 ? JOB_DONE : JOB_ASK;
	(void)error_set(err, ERR_SERVER, "status %d", response->status);
	return JOB_FAILED;
}

static void restart(struct job *job)
{
	((struct counter *)job)->restarts++;
}

static char *label(const struct job *job)
{
	return mem_strdup(((const struct counter *)job)->url);
}

static const struct job_kind kind = {
    .ask = ask, .answer = answer, .restart = restart, .label = label};

#define URL "https://registry.example/v2/a"

static struct counter counter_of(const char *name, unsigned wanted)
{
	return (struct counter){.job = {.kind = &kind, .repository = "a"},
	    .wanted = wanted,
	    .url = mem_printf(URL "/%s", name)};
}

static void test_side_by_side(void **state)
{
	struct world *w = *state;
	struct fake_answer answers[] = {{"GET " URL "/1", 200, 0, {NULL}, NULL},
	    {"GET " URL "/2", 200, 0, {NULL}, NULL}, {"GET " URL "/3", 200, 0, {NULL}, NULL},
	    {"GET " URL "/4", 200, 0, {NULL}, NULL}, {"GET " URL "/1", 200, 0, {NULL}, NULL}};
	struct counter c[] = {
	    counter_of("1", 2), counter_of("2", 1), counter_of("3", 1), counter_of("4", 1)};
	struct job *const jobs[] = {&c[0].job, &c[1].job, &c[2].job, &c[3].job};
	struct error err = ERROR_INIT;

	world_script(w, answers, 5);
	w->session.jobs = 2;
	assert_int_equal(session_run(&w->session, jobs, 4, &err), 0);
	assert_int_equal(w->fake.request_count, 5);
	for (size_t i = 0; i < 4; i++)
		free(c[i].url);
}

/* A long body takes no lane of the short ones. */
static void test_lanes(void **state)
{
	struct world *w = *state;
	struct fake_answer answers[] = {{"GET " URL "/long", 200, 0, {NULL}, NULL},
	    {"GET " URL "/long2", 200, 0, {NULL}, NULL},
	    {"GET " URL "/short", 200, 0, {NULL}, NULL},
	    {"GET " URL "/long3", 200, 0, {NULL}, NULL}};
	struct counter c[] = {counter_of("long", 1), counter_of("long2", 1), counter_of("long3", 1),
	    counter_of("short", 1)};
	struct job *const jobs[] = {&c[0].job, &c[1].job, &c[2].job, &c[3].job};
	struct error err = ERROR_INIT;

	c[0].job.is_long = c[1].job.is_long = c[2].job.is_long = true;
	world_script(w, answers, 4);
	w->session.jobs = 2;
	assert_int_equal(session_run(&w->session, jobs, 4, &err), 0);
	for (size_t i = 0; i < 4; i++)
		free(c[i].url);
}

/* Small requests wait for the network, not for each other: but not more of them than this. */
static void test_short_lanes(void **state)
{
	struct world *w = *state;
	struct fake_answer answers[9];
	struct counter c[9];
	struct job *jobs[9];
	char lines[9][64];
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < 9; i++) {
		auto_free char *name = mem_printf("%zu", i);
		c[i] = counter_of(name, 1);
		jobs[i] = &c[i].job;
		(void)snprintf(lines[i], sizeof(lines[i]), "GET " URL "/%zu", i);
		answers[i] = (struct fake_answer){lines[i], 200, 0, {NULL}, NULL};
	}
	world_script(w, answers, 9);
	w->session.jobs = 2;
	assert_int_equal(session_run(&w->session, jobs, 9, &err), 0);
	assert_int_equal(w->fake.most_at_once, 8);
	for (size_t i = 0; i < 9; i++)
		free(c[i].url);
}

/* One that fails for now holds all others up: it is the host that has trouble. */
static void test_row_r15_one_back_off(void **state)
{
	struct world *w = *state;
	struct fake_answer answers[] = {{"GET " URL "/1", 503, 0, {NULL}, NULL},
	    {"GET " URL "/1", 0, ERR_NETWORK, {NULL}, NULL},
	    {"GET " URL "/1", 200, 0, {NULL}, NULL}, {"GET " URL "/2", 200, 0, {NULL}, NULL}};
	struct counter c[] = {counter_of("1", 1), counter_of("2", 1)};
	struct job *const jobs[] = {&c[0].job, &c[1].job};
	struct error err = ERROR_INIT;

	world_script(w, answers, 4);
	w->session.budget.retries = 2;
	assert_int_equal(session_run(&w->session, jobs, 2, &err), 0);
	assert_int_equal(c[0].restarts, 2);
	assert_in_range(w->fake.now_ms, 750, 1500);
	free(c[0].url);
	free(c[1].url);
}

/* Refused together is refused once; what follows goes one at a time, with a pause between. */
static void test_row_r15_a_host_that_had_enough(void **state)
{
	struct world *w = *state;
	struct fake_answer answers[] = {{NULL, 429, 0, {NULL}, NULL}, {NULL, 429, 0, {NULL}, NULL},
	    {"GET " URL "/1", 200, 0, {NULL}, NULL}, {"GET " URL "/2", 200, 0, {NULL}, NULL}};
	struct counter c[] = {counter_of("1", 1), counter_of("2", 1)};
	struct job *const jobs[] = {&c[0].job, &c[1].job};
	struct error err = ERROR_INIT;

	world_script(w, answers, 4);
	w->session.budget.retries = 1;
	w->session.jobs = 2;
	assert_int_equal(session_run(&w->session, jobs, 2, &err), 0);
	assert_int_equal(c[0].restarts + c[1].restarts, 2);
	assert_int_equal(w->session.pace.gap_ms, 56);
	assert_in_range(w->fake.now_ms, 250 + 75, 500 + 100);
	free(c[0].url);
	free(c[1].url);
}

static void test_spent(void **state)
{
	struct world *w = *state;
	struct fake_answer answers[] = {{NULL, 500, 0, {NULL}, NULL}, {NULL, 500, 0, {NULL}, NULL},
	    {NULL, 500, 0, {NULL}, NULL}};
	struct counter c = counter_of("1", 1);
	struct error err = ERROR_INIT;

	world_script(w, answers, 3);
	w->session.budget.retries = 2;
	assert_int_equal(world_run(w, &c.job, &err), -1);
	assert_int_equal(err.code, ERR_SERVER);
	assert_string_equal(err.text, "GET " URL "/1: status 500");
	assert_int_equal(w->fake.request_count, 3);
	free(c.url);
}

static void test_row_r16_longer_than_there_is_time(void **state)
{
	struct world *w = *state;
	struct fake_answer answers[] = {{NULL, 429, 0, {[HTTP_RETRY_AFTER] = "1000000000"}, NULL}};
	struct counter c = counter_of("1", 1);
	struct error err = ERROR_INIT;

	world_script(w, answers, 1);
	w->session.budget.retries = 2;
	assert_int_equal(world_run(w, &c.job, &err), -1);
	assert_int_equal(err.code, ERR_SERVER);
	assert_non_null(strstr(err.text, "--deadline"));
	assert_int_equal(w->fake.now_ms, 0);
	free(c.url);
}

static void test_deadline(void **state)
{
	struct world *w = *state;
	struct fake_answer answers[] = {
	    {NULL, 503, 0, {[HTTP_RETRY_AFTER] = "30"}, NULL}, {NULL, 200, 0, {NULL}, NULL}};
	struct counter c = counter_of("1", 1);
	struct error err = ERROR_INIT;

	world_script(w, answers, 2);
	w->session.budget = (struct retry_budget){.retries = 2, .deadline_ms = 30001};
	assert_int_equal(world_run(w, &c.job, &err), 0);
	w->session.budget.deadline_ms = 30000;
	free(c.url);
	c = counter_of("1", 1);
	assert_int_equal(world_run(w, &c.job, &err), -1);
	assert_int_equal(err.code, ERR_NETWORK);
	free(c.url);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_WORLD(test_side_by_side),
	    WITH_WORLD(test_lanes),
	    WITH_WORLD(test_short_lanes),
	    WITH_WORLD(test_row_r15_one_back_off),
	    WITH_WORLD(test_row_r15_a_host_that_had_enough),
	    WITH_WORLD(test_spent),
	    WITH_WORLD(test_row_r16_longer_than_there_is_time),
	    WITH_WORLD(test_deadline),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
