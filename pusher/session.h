/*
 * Many requests to one registry: jobs, each a small machine that says what to ask next and reads
 * the answer, are run side by side. What all of them need is done here: authorization, retries, one
 * back-off for the whole host, the deadline, warnings, and putting in order what was begun when a
 * push is stopped.
 */
#ifndef PUSHER_SESSION_H
#define PUSHER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pusher/auth.h"
#include "pusher/http.h"
#include "pusher/pace.h"
#include "pusher/progress.h"
#include "pusher/retry.h"

/** What a job does with an answer. */
enum job_step {
	JOB_ASK,    /* it has something more to ask */
	JOB_AGAIN,  /* err says what is wrong, and trying again, later, may help */
	JOB_DONE,   /* it has what it was made for */
	JOB_FAILED, /* err says why */
};

struct job;

struct job_kind {
	/** ask(job, out, err): the next request; all it points to stays until the answer. Asked
	 * again where the request is to be sent again at once. */
	int (*ask)(struct job *job, struct http_request *out, struct error *err);
	/** answer(job, response, err): what the answer to it means. JOB_FAILED of a status that may
	 * pass (retry_status()) is taken for JOB_AGAIN. */
	enum job_step (*answer)(
	    struct job *job, const struct http_response *response, struct error *err);
	/** restart(job): what was asked last has failed for now, and ask() is called again. The
	 * request may have been carried out, or half of it. NULL: it is simply asked once more. */
	void (*restart)(struct job *job);
	/** label(job): what the last request was about, for people; owned by the caller. */
	char *(*label)(const struct job *job);
	/** unanswered(job, err): the connection ended without a byte of an answer, as err says:
	 * adds what that may mean. NULL: nothing more than it says. */
	void (*unanswered)(const struct job *job, struct error *err);
	/** open_upload(job): the address of what the registry keeps open for us, or NULL. */
	const char *(*open_upload)(const struct job *job);
};

enum job_state { JOB_WAITING, JOB_UNDER_WAY, JOB_ENDED };

/** The first member of every job. kind, repository and is_long are set by who makes it. */
struct job {
	const struct job_kind *kind;
	const char *repository; /* borrowed */
	bool is_long;           /* carries a body above LIMIT_HTTP2_BODY_BYTES_MAX */
	unsigned tries;         /* that failed since the last progress; the job may set it to 0 */
	const char *mount_from; /* of a request that mounts; borrowed; set by ask() */
	bool mount_refused;     /* there is no token for mount_from: do without it */
	/* The session's own. */
	enum job_state state;
	struct http_request request; /* what it asks for, */
	bool is_asked;               /* if so; */
	bool is_authorizing;         /* the exchange is another one, which has to go first */
	struct auth_exchange auth;
	bool has_begun;
	int64_t not_before_ms;
	struct http_exchange exchange;
};

/** What a session is made of; all pointers borrowed. */
struct session {
	struct http_transport *transport;
	struct auth *auth;
	struct progress *progress;
	struct retry_budget budget;
	unsigned jobs; /* bodies above LIMIT_HTTP2_BODY_BYTES_MAX at a time, and as many smaller
			  requests beside them; 1: one request at a time */
	/* Its own; zero at first. */
	int64_t not_before_ms; /* back-off of the host, for all jobs */
	bool is_repeating;     /* the registry has repeated our credentials: no address is shown */
	struct pace pace;
};

/**
 * session_run(s, jobs, count, err): runs jobs to their ends, beginning them in their order. Stops
 * at the first that fails, whose error begins with method, registry and repository; others that are
 * under way are cut off. ERR_INTERRUPTED after closing what the registry holds open for us, as far
 * as that is done quickly.
 */
int session_run(
    struct session *s, struct job *const *jobs, size_t count, struct error *err) MUST_CHECK;

#endif
