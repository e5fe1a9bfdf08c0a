/*
 * Who we are, said the way a registry asks for it: nothing, Basic, or a Bearer token that a token
 * server gives. Pure: it makes requests and reads their answers; whoever calls it sends them.
 *
 * One struct auth per registry. Around every request to that registry:
 *
 *	struct auth_exchange x = {.repository = ..., .body_bytes = ...};
 *	for (;;) {
 *		auth_prepare(a, &x, now_ms, &step, err);
 *		if (step == AUTH_ASK) {
 *			send x.ask as any GET, with its retries, to its end;
 *			auth_answer(a, &x, response, now_ms, err), or, without an answer,
 *auth_abandon(a, &x); continue;
 *		}
 *		send the request with x.authorization;
 *		if (status != 401)
 *			break;
 *		auth_challenged(a, &x, response, &again, err);
 *		if (!again)
 *			break;
 *	}
 *
 * Only a request to the registry's own origin carries x.authorization: no upload host, no redirect.
 *
 * Sources: RFC 7235, RFC 6750; distribution, docs/content/spec/auth; reference registry.md 3, and
 * security.md R6, R7, R8.
 */
#ifndef PUSHER_AUTH_H
#define PUSHER_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/options.h"
#include "pusher/credentials.h"
#include "pusher/http.h"
#include "pusher/target.h"

/** All borrowed for the life of the struct auth. */
struct auth_options {
	const struct target *target;
	const struct credentials *credentials; /* NULL: anonymous */
	const struct option_list *auth_hosts; /* --auth-host: HOST[:PORT] that may see them; NULL */
};

struct auth;

/**
 * auth_new(options, err): knows nothing of the registry yet: the first request goes without
 * credentials, and its 401 says what is wanted. NULL with ERR_USAGE for an --auth-host that is no
 * HOST[:PORT]. Release with auth_free(), which wipes; NULL is fine.
 */
struct auth *auth_new(const struct auth_options *options, struct error *err) MUST_CHECK;
void auth_free(struct auth *a);
static inline void cleanup_auth(struct auth **slot)
{
	auth_free(*slot);
}
#define auto_auth __attribute__((cleanup(cleanup_auth)))

/** One request to the registry, from its first try to its end; set the first three, zero the rest.
 */
struct auth_exchange {
	const char *repository; /* borrowed; whole, below the registry; NULL: /v2/ itself */
	const char *mount_from; /* borrowed; a repository that a blob is mounted from, or NULL */
	uint64_t body_bytes;    /* of the request; a long one, and what follows it, wants a token
				   that lasts */

	/* What auth_prepare() gives. */
	const char *authorization; /* AUTH_SEND: the header's value; secret; NULL: none. Borrowed,
				      until the next call with the same struct auth */
	struct http_request ask;   /* AUTH_ASK: the request to send first; all it holds is
				      borrowed, until auth_answer() or auth_abandon() */
	bool mount_refused;        /* no token where mount_from stands: do not mount from there */

	/* Of auth.c alone. */
	unsigned challenges;
	uint64_t sent;
	struct auth_ask *asked;
};

enum auth_step {
	AUTH_SEND, /* the request may go */
	AUTH_ASK,  /* another request has to go first, maybe to another host */
	AUTH_WAIT, /* such a request is on its way for another exchange: ask again after its answer
		    */
};

/**
 * auth_prepare(a, x, now_ms, out, err): what comes next. now_ms is of a monotonic clock. A token is
 * renewed that has ended or, for a long body, that soon will: within the longer of 30 s and a
 * quarter of its life. ERR_AUTH where the token would cross a network in the clear.
 */
int auth_prepare(struct auth *a, struct auth_exchange *x, int64_t now_ms, enum auth_step *out,
    struct error *err) MUST_CHECK;

/**
 * auth_answer(a, x, response, now_ms, err): the answer to x->ask, whatever its status. Wipes the
 * body. Then auth_prepare() again. ERR_AUTH or ERR_DENIED where the token server refuses or talks
 * nonsense, ERR_SERVER for its 5xx and 429: the error names the server, and no secret.
 */
int auth_answer(struct auth *a, struct auth_exchange *x, struct http_response *response,
    int64_t now_ms, struct error *err) MUST_CHECK;

/** auth_abandon(a, x): x->ask got no answer at all. Nothing where nothing was asked. */
void auth_abandon(struct auth *a, struct auth_exchange *x);

/**
 * auth_challenged(a, x, response, out_again, err): the registry answered 401. *out_again: go back
 * to auth_prepare(), the request is to be sent once more (its body from the start); at most once
 * for each x. Otherwise the refusal is final. ERR_AUTH where the challenge leads our credentials to
 * where they may not go, saying which --auth-host would let them.
 */
int auth_challenged(struct auth *a, struct auth_exchange *x, const struct http_response *response,
    bool *out_again, struct error *err) MUST_CHECK;

/** auth_is_revealed(a, text, known): whether text, as it is or percent-encoded, holds a password or
 * a token of ours, or what Basic makes of them. One that is a part of known, which everybody may
 * read, does not count: a password "test" is nothing to hide in the name of a repository. text may
 * be NULL: no. */
bool auth_is_revealed(const struct auth *a, const char *text, const char *known);

/** auth_credentials_from(a, repository): where what says who we are there was found, for people;
 * NULL: nothing was. Borrowed. */
const char *auth_credentials_from(const struct auth *a, const char *repository);

/** auth_has_token(a, repository): whether a token server gave a token for it. */
bool auth_has_token(const struct auth *a, const char *repository);

#endif
