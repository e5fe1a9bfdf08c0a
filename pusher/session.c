#include "pusher/session.h"

#include <string.h>
#include <time.h>

#include <sodium.h>

#include "pusher/conceal.h"

/* Small requests for each large body: they wait for the network, hardly for this machine. */
#define SHORT_LANES 4

/* One call of session_run(). */
struct run {
	struct session *session;
	struct job *const *jobs;
	size_t count;
	size_t first; /* all before it have ended */
	unsigned running_long;
	unsigned running_short;
	unsigned under_way; /* requests */
};

static int64_t now_ms(const struct session *s)
{
	return s->transport->now_ms(s->transport);
}

/* "PUT registry.example/charts/nginx:1.0: ..." */
static int name_job(const struct job *job, struct error *err)
{
	auto_free char *label = job->kind->label(job);

	return error_prefix(err, "%s %s", http_method_name(job->request.method), label);
}

/* ---- beginning ---- */

static bool has_lane(const struct run *r, const struct job *job)
{
	unsigned lanes = r->session->jobs;

	if (job->has_begun)
		return true;
	if (lanes == 1)
		return r->running_long + r->running_short == 0;
	if (job->is_long)
		return r->running_long < lanes;
	return r->running_short < lanes * SHORT_LANES;
}

static void take_lane(struct run *r, struct job *job)
{
	if (job->has_begun)
		return;
	job->has_begun = true;
	*(job->is_long ? &r->running_long : &r->running_short) += 1;
}

static int ask(struct job *job, struct error *err)
{
	job->request = (struct http_request){.method = HTTP_HEAD};
	job->mount_from = NULL;
	if (job->kind->ask(job, &job->request, err) != 0)
		return name_job(job, err);
	job->auth.repository = job->repository;
	job->auth.mount_from = job->mount_from;
	job->auth.body_bytes = job->request.body == NULL ? 0 : job->request.body->size_bytes;
	job->is_asked = true;
	return 0;
}

/* What is to be sent for the job: its request, or one that gets a token for it. */
static int authorize(
    const struct session *s, struct job *job, enum auth_step *out, struct error *err)
{
	*out = AUTH_SEND;
	if (job->request.is_foreign)
		return 0;
	if (auth_prepare(s->auth, &job->auth, now_ms(s), out, err) != 0)
		return name_job(job, err);
	if (!job->auth.mount_refused || job->mount_refused)
		return 0;
	job->mount_refused = true;
	if (ask(job, err) != 0)
		return -1;
	return authorize(s, job, out, err);
}

static int start(struct run *r, struct job *job, struct error *err)
{
	struct session *s = r->session;
	struct http_request *request = &job->exchange.request;
	enum auth_step step;

	take_lane(r, job);
	if (!job->is_asked && ask(job, err) != 0)
		return -1;
	if (authorize(s, job, &step, err) != 0)
		return -1;
	if (step == AUTH_WAIT)
		return 0;
	job->is_authorizing = step == AUTH_ASK;
	*request = job->is_authorizing ? job->auth.ask : job->request;
	if (!job->is_authorizing && !job->request.is_foreign)
		request->authorization = job->auth.authorization;
	if (s->transport->start(s->transport, &job->exchange, err) != 0)
		return name_job(job, err);
	request->authorization = NULL;
	job->state = JOB_UNDER_WAY;
	r->under_way++;
	pace_begin(&s->pace, now_ms(s));
	return 0;
}

/* When the job may be started, by itself and by what its host can bear. */
static int64_t ready_ms(const struct session *s, const struct job *job)
{
	int64_t at_ms = job->not_before_ms;

	if (at_ms < s->not_before_ms)
		at_ms = s->not_before_ms;
	return at_ms < s->pace.next_ms ? s->pace.next_ms : at_ms;
}

/* Starts all that may start now; *out_next_ms: when the next one may. */
static int start_ready(struct run *r, int64_t *out_next_ms, struct error *err)
{
	int64_t now = now_ms(r->session);

	*out_next_ms = HTTP_FOREVER;
	while (r->first < r->count && r->jobs[r->first]->state == JOB_ENDED)
		r->first++;
	for (size_t i = r->first; i < r->count && pace_is_free(&r->session->pace, r->under_way);
	     i++) {
		struct job *job = r->jobs[i];
		int64_t ready = ready_ms(r->session, job);
		if (job->state != JOB_WAITING || !has_lane(r, job))
			continue;
		if (ready > now) {
			*out_next_ms = ready < *out_next_ms ? ready : *out_next_ms;
			continue;
		}
		if (start(r, job, err) != 0)
			return -1;
	}
	return 0;
}

/* ---- ending ---- */

static int too_late(const struct retry_failure *failure, struct error *err)
{
	if (failure->retry_after == NULL)
		return error_prefix(err, "no time is left until the deadline");
	return error_prefix(err, "it asks to wait for longer than there is time (--deadline)");
}

/* The job's last request failed as err says; 0: it will be asked again. */
static int try_again(struct run *r, struct job *job, struct error *err)
{
	struct session *s = r->session;
	uint32_t random;
	randombytes_buf(&random, sizeof(random));
	const struct retry_failure failure = {.tries = ++job->tries,
	    .retry_after = job->exchange.response.headers[HTTP_RETRY_AFTER],
	    .now_ms = now_ms(s),
	    .unix_now_s = (int64_t)time(NULL),
	    .random = random};
	int64_t at_ms;

	enum retry_verdict verdict = retry_decide(&s->budget, &failure, &at_ms);
	if (verdict == RETRY_TOO_LATE)
		(void)too_late(&failure, err);
	(void)name_job(job, err);
	if (verdict != RETRY)
		return -1;
	/* Who failed once must not be hammered by the others. */
	if (at_ms > s->not_before_ms)
		s->not_before_ms = at_ms;
	job->not_before_ms = at_ms;
	progress_retry(s->progress, err->text, at_ms - failure.now_ms);
	*err = (struct error)ERROR_INIT;
	if (job->kind->restart != NULL)
		job->kind->restart(job);
	return 0;
}

static void end(struct run *r, struct job *job)
{
	job->state = JOB_ENDED;
	*(job->is_long ? &r->running_long : &r->running_short) -= 1;
}

/* Acts on what became of the job's request. */
static int step_on(struct run *r, struct job *job, enum job_step step, struct error *err)
{
	switch (step) {
	case JOB_ASK:
		return 0;
	case JOB_DONE:
		end(r, job);
		return 0;
	case JOB_AGAIN:
		return try_again(r, job, err);
	case JOB_FAILED:
		break;
	}
	return name_job(job, err);
}

static enum job_step failure_step(const struct http_exchange *x, struct error *err)
{
	*err = x->error;
	return err->code == ERR_NETWORK && !x->is_final ? JOB_AGAIN : JOB_FAILED;
}

/* What the registry named may hold what it was sent, also a token that is forgotten by now. */
static const char *shown_url(const struct session *s, const char *known, const char *url)
{
	return s->is_repeating || auth_is_revealed(s->auth, url, known) ? known : url;
}

/* Of a request that was not answered. Where it went is shown. */
static void conceal_failure(
    const struct session *s, const struct http_exchange *x, const char *known, struct error *err)
{
	if (x->request.is_foreign)
		(void)conceal_error(s->auth, known, NULL, err);
}

/* Of a request that was to get a token. */
static int consume_token(struct run *r, struct job *job, const char *known, struct error *err)
{
	struct http_exchange *x = &job->exchange;
	const struct session *s = r->session;

	if (x->error.code != ERR_NONE) {
		enum job_step step = failure_step(x, err);
		conceal_failure(s, x, known, err);
		const char *url = shown_url(s, known, x->request.url);
		(void)error_prefix(err, "%s %.*s", http_method_name(x->request.method),
		    (int)strcspn(url, "?"), url);
		auth_abandon(s->auth, &job->auth);
		return step_on(r, job, step, err);
	}
	int status = x->response.status;
	if (auth_answer(s->auth, &job->auth, &x->response, now_ms(s), err) == 0)
		return 0;
	return step_on(r, job, retry_status(status) ? JOB_AGAIN : JOB_FAILED, err);
}

/* The job's own request was answered, or not: what now? */
static int consume(struct run *r, struct job *job, const char *known, struct error *err)
{
	struct http_exchange *x = &job->exchange;
	struct auth *auth = r->session->auth;
	bool again = false;

	job->is_asked = false;
	if (x->error.code != ERR_NONE) {
		job->auth = (struct auth_exchange){.repository = NULL};
		enum job_step failure = failure_step(x, err);
		conceal_failure(r->session, x, known, err);
		if (x->is_unanswered && job->kind->unanswered != NULL)
			job->kind->unanswered(job, err);
		return step_on(r, job, failure, err);
	}
	if (x->response.status == 401 && !job->request.is_foreign &&
	    auth_challenged(auth, &job->auth, &x->response, &again, err) != 0)
		return name_job(job, err);
	if (again)
		return 0;
	job->auth = (struct auth_exchange){.repository = NULL};
	enum job_step step = job->kind->answer(job, &x->response, err);
	if (x->response.status < 300 && (step == JOB_FAILED || step == JOB_AGAIN))
		(void)conceal_error(auth, known, &x->response, err);
	if (step == JOB_FAILED && retry_status(x->response.status))
		step = JOB_AGAIN;
	return step_on(r, job, step, err);
}

/* What was under way together when the host had enough is refused together: that is once. */
static void keep_pace(struct session *s, const struct http_exchange *x)
{
	if (x->error.code != ERR_NONE)
		return;
	if (!pace_status(x->response.status))
		pace_answered(&s->pace);
	else if (now_ms(s) >= s->not_before_ms)
		pace_refused(&s->pace);
}

static int take_ended(struct run *r, struct http_exchange *x, struct error *err)
{
	struct session *s = r->session;

	for (size_t i = r->first; i < r->count; i++) {
		struct job *job = r->jobs[i];
		if (&job->exchange != x)
			continue;
		job->state = JOB_WAITING;
		r->under_way--;
		keep_pace(s, x);
		auto_free char *known = job->kind->label(job);
		conceal_answer(s->auth, known, &x->response);
		s->is_repeating = s->is_repeating || x->response.is_revealing;
		/* An address is searched for secrets, which takes longer than all else here. */
		if (s->progress->is_verbose)
			progress_request(s->progress, x->request.method,
			    shown_url(s, known, x->request.url),
			    x->error.code == ERR_NONE ? x->response.status : 0);
		progress_warning(s->progress, x->response.headers[HTTP_WARNING]);
		int result = job->is_authorizing ? consume_token(r, job, known, err)
						 : consume(r, job, known, err);
		http_response_release(&x->response);
		return result;
	}
	return 0;
}

/* ---- stopping ---- */

static bool start_close(struct session *s, struct job *job)
{
	const char *url = job->kind->open_upload == NULL ? NULL : job->kind->open_upload(job);
	struct auth_exchange auth = {.repository = job->repository};
	struct error ignored = ERROR_INIT;
	enum auth_step step;

	if (job->state == JOB_ENDED || url == NULL ||
	    auth_prepare(s->auth, &auth, now_ms(s), &step, &ignored) != 0)
		return false;
	if (step != AUTH_SEND) {
		auth_abandon(s->auth, &auth);
		return false;
	}
	job->exchange.request = (struct http_request){
	    .method = HTTP_DELETE, .url = url, .authorization = auth.authorization};
	return s->transport->start(s->transport, &job->exchange, &ignored) == 0;
}

/* Of what the registry keeps open for us it is told that nothing will come any more. */
static void close_uploads(struct run *r)
{
	struct http_transport *t = r->session->transport;
	int64_t until_ms = now_ms(r->session) + LIMIT_UPLOAD_CANCEL_MS;
	struct http_exchange *ended;
	struct error ignored = ERROR_INIT;
	size_t left = 0;

	for (size_t i = r->first; i < r->count; i++)
		left += start_close(r->session, r->jobs[i]);
	for (; left > 0; left--) {
		if (t->wait(t, until_ms, &ended, &ignored) != 0 || ended == NULL)
			break;
	}
}

static void stop(struct run *r, const struct error *why)
{
	struct http_transport *t = r->session->transport;
	bool is_ours =
	    why->code == ERR_INTERRUPTED || why->code == ERR_SEAL || why->code == ERR_SYSTEM;

	for (size_t i = r->first; i < r->count; i++) {
		t->cancel(t, &r->jobs[i]->exchange);
		http_response_release(&r->jobs[i]->exchange.response);
		auth_abandon(r->session->auth, &r->jobs[i]->auth);
	}
	if (is_ours)
		close_uploads(r);
	for (size_t i = r->first; i < r->count; i++) {
		t->cancel(t, &r->jobs[i]->exchange);
		http_response_release(&r->jobs[i]->exchange.response);
	}
}

/* ---- the whole ---- */

static int check_deadline(const struct session *s, struct error *err)
{
	if (now_ms(s) < s->budget.deadline_ms)
		return 0;
	return error_set(err, ERR_NETWORK, "the deadline has passed before everything was done");
}

static int run(struct run *r, struct error *err)
{
	struct session *s = r->session;
	struct http_exchange *ended;
	int64_t next_ms;

	for (;;) {
		if (check_deadline(s, err) != 0 || start_ready(r, &next_ms, err) != 0)
			return -1;
		if (r->first == r->count)
			return 0;
		int64_t tick_ms = progress_tick(s->progress, now_ms(s));
		next_ms = tick_ms < next_ms ? tick_ms : next_ms;
		if (s->budget.deadline_ms < next_ms)
			next_ms = s->budget.deadline_ms;
		if (s->transport->wait(s->transport, next_ms, &ended, err) != 0)
			return -1;
		if (ended != NULL && take_ended(r, ended, err) != 0)
			return -1;
	}
}

int session_run(struct session *s, struct job *const *jobs, size_t count, struct error *err)
{
	struct run r = {.session = s, .jobs = jobs, .count = count};

	for (size_t i = 0; i < count; i++) {
		jobs[i]->state = JOB_WAITING;
		jobs[i]->exchange = (struct http_exchange)HTTP_EXCHANGE_INIT;
	}
	int result = run(&r, err);
	if (result != 0)
		stop(&r, err);
	return result;
}
