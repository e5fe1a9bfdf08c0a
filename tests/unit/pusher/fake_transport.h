/*
 * A transport that answers from a script and writes down what it was asked.
 */
#ifndef TESTS_UNIT_PUSHER_FAKE_TRANSPORT_H
#define TESTS_UNIT_PUSHER_FAKE_TRANSPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "pusher/http.h"

/** One answer of the script; the request that it is for must be expect, "METHOD URL", unless NULL.
 */
struct fake_answer {
	const char *expect;
	int status; /* 0: the transport fails with failure */
	enum err_code failure;
	const char *headers[HTTP_HEADER_COUNT];
	const char *body;
};

/** What one request carried. */
struct fake_request {
	char *line;   /* owned; "METHOD URL" */
	char *accept; /* owned, as those below; NULL where absent */
	char *content_type;
	char *content_range;
	char *authorization;
	char *body;
};

#define FAKE_REQUESTS_MAX 64

struct fake_transport {
	struct http_transport base; /* first */
	const struct fake_answer *answers;
	size_t answer_count;
	struct fake_request requests[FAKE_REQUESTS_MAX];
	size_t request_count;
	struct http_exchange *started[FAKE_REQUESTS_MAX]; /* borrowed; in their order */
	size_t started_count;
	size_t most_at_once; /* that started_count has been */
	int64_t now_ms;
};

/** fake_line(fake, i), fake_body(fake, i): of request i; "" where there was none. */
static inline const char *fake_line(const struct fake_transport *fake, size_t i)
{
	return fake->requests[i].line == NULL ? "" : fake->requests[i].line;
}

static inline const char *fake_body(const struct fake_transport *fake, size_t i)
{
	return fake->requests[i].body == NULL ? "" : fake->requests[i].body;
}

static inline char *fake_copy(const char *text)
{
	return text == NULL ? NULL : mem_strdup(text);
}

static inline int fake_read_body(const struct http_body *body, char **out, struct error *err)
{
	auto_buf struct buf bytes = BUF_INIT(1 << 20);
	char piece[7]; /* small, so that a body comes in several */
	ssize_t got = 0;

	while (body != NULL && (got = body->read(body->context, piece, sizeof(piece), err)) > 0)
		buf_put(&bytes, piece, (size_t)got);
	if (body != NULL && got == 0)
		assert_int_equal(bytes.len, body->size_bytes);
	*out = buf_steal(&bytes);
	return got < 0 ? -1 : 0;
}

static inline int fake_answer_to(struct fake_transport *fake, struct http_exchange *x)
{
	const struct http_request *request = &x->request;

	if (fake->request_count == fake->answer_count)
		fail_msg(
		    "not in the script: %s %s", http_method_name(request->method), request->url);
	const struct fake_answer *answer = &fake->answers[fake->request_count];
	struct fake_request *seen = &fake->requests[fake->request_count++];
	seen->line = mem_printf("%s %s", http_method_name(request->method), request->url);
	seen->accept = fake_copy(request->accept);
	seen->content_type = fake_copy(request->content_type);
	seen->content_range = fake_copy(request->content_range);
	seen->authorization = fake_copy(request->authorization);
	if (answer->expect != NULL)
		assert_string_equal(seen->line, answer->expect);
	if (fake_read_body(request->body, &seen->body, &x->error) != 0)
		return -1;
	if (answer->status == 0)
		return error_set(&x->error, answer->failure, "the script says so");
	x->response.status = answer->status;
	for (size_t i = 0; i < HTTP_HEADER_COUNT; i++)
		x->response.headers[i] = fake_copy(answer->headers[i]);
	if (answer->body != NULL)
		buf_puts(&x->response.body, answer->body);
	return 0;
}

static inline int fake_start(
    struct http_transport *self, struct http_exchange *x, struct error *err)
{
	struct fake_transport *fake = (struct fake_transport *)self;

	(void)err;
	assert_true(fake->started_count < FAKE_REQUESTS_MAX);
	x->error = (struct error)ERROR_INIT;
	fake->started[fake->started_count++] = x;
	if (fake->started_count > fake->most_at_once)
		fake->most_at_once = fake->started_count;
	(void)fake_answer_to(fake, x);
	return 0;
}

/* First come, first served. Time passes only where nothing is under way. */
static inline int fake_wait(
    struct http_transport *self, int64_t until_ms, struct http_exchange **out, struct error *err)
{
	struct fake_transport *fake = (struct fake_transport *)self;

	(void)err;
	*out = NULL;
	if (fake->started_count == 0) {
		assert_true(until_ms != HTTP_FOREVER);
		fake->now_ms = until_ms > fake->now_ms ? until_ms : fake->now_ms;
		return 0;
	}
	*out = fake->started[0];
	fake->started_count--;
	memmove(fake->started, fake->started + 1, fake->started_count * sizeof(*fake->started));
	return 0;
}

static inline void fake_cancel(struct http_transport *self, struct http_exchange *x)
{
	struct fake_transport *fake = (struct fake_transport *)self;
	size_t kept = 0;

	for (size_t i = 0; i < fake->started_count; i++) {
		if (fake->started[i] != x)
			fake->started[kept++] = fake->started[i];
	}
	fake->started_count = kept;
}

static inline int64_t fake_now_ms(struct http_transport *self)
{
	return ((struct fake_transport *)self)->now_ms;
}

/** fake_init(fake, answers, count): a script that ends the test when it is asked for more. */
static inline void fake_init(
    struct fake_transport *fake, const struct fake_answer *answers, size_t count)
{
	*fake = (struct fake_transport){.base = {.start = fake_start,
					    .wait = fake_wait,
					    .cancel = fake_cancel,
					    .now_ms = fake_now_ms,
					    .free = NULL},
	    .answers = answers,
	    .answer_count = count};
	assert_true(count <= FAKE_REQUESTS_MAX);
}

static inline void fake_release(struct fake_transport *fake)
{
	for (size_t i = 0; i < fake->request_count; i++) {
		free(fake->requests[i].line);
		free(fake->requests[i].accept);
		free(fake->requests[i].content_type);
		free(fake->requests[i].content_range);
		free(fake->requests[i].authorization);
		free(fake->requests[i].body);
	}
	*fake = (struct fake_transport){.answers = NULL};
}

#endif
