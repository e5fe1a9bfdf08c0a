/*
 * Whether and when a request that failed is tried again. Pure. Source: reference registry.md 8.3;
 * RFC 9110, "Retry-After"; design formats.md 9 (R12, R16).
 */
#ifndef PUSHER_RETRY_H
#define PUSHER_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/** What a job may spend; times are of the transport's clock. */
struct retry_budget {
	unsigned retries;    /* of one job, without progress between them */
	int64_t deadline_ms; /* HTTP_FOREVER: none */
};

/** What happened to a job, and when. */
struct retry_failure {
	unsigned tries;          /* that failed, this one included: 1 .. */
	const char *retry_after; /* hostile; NULL where absent */
	int64_t now_ms;
	int64_t unix_now_s; /* for a Retry-After that is a date */
	uint32_t random;
};

enum retry_verdict {
	RETRY,          /* at *out_at_ms */
	RETRY_SPENT,    /* it was tried often enough */
	RETRY_TOO_LATE, /* the server asks to wait for longer than there is time */
};

/** retry_status(status): whether a request that was answered so may succeed later. */
bool retry_status(int status);

/**
 * retry_decide(budget, failure, out_at_ms): 0.5 s, doubled each time up to 30 s, of which the
 * second half is random; or what Retry-After asks for: up to the deadline, without one up to
 * LIMIT_RETRY_AFTER_S_MAX.
 */
enum retry_verdict retry_decide(
    const struct retry_budget *budget, const struct retry_failure *failure, int64_t *out_at_ms);

/**
 * retry_after_s(text, unix_now_s): seconds to wait, 0 ..= INT32_MAX, by a number or an HTTP date (0
 * for a past one); -1 if it is neither.
 */
int64_t retry_after_s(const char *text, int64_t unix_now_s);

#endif
