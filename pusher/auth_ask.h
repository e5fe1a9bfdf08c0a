/*
 * The requests that auth.c has sent before a registry's own: to its token server, or to /v2/ for a
 * challenge.
 */
#ifndef PUSHER_AUTH_ASK_H
#define PUSHER_AUTH_ASK_H

#include "common/buf.h"
#include "pusher/credentials.h"
#include "pusher/http.h"
#include "pusher/token.h"

/** One such request, with all that it borrows. Must not move while it is in use. */
struct auth_ask {
	struct http_request request;
	char *url;           /* owned */
	char *authorization; /* owned, in locked memory */
	struct buf form;     /* the body of a POST */
	size_t form_at;      /* as far as it was read */
	struct http_body body;
	bool is_post;
	bool with_secret;
};

#define AUTH_ASK_INIT                                                                              \
	{                                                                                          \
		.url = NULL, .authorization = NULL,                                                \
		.form = BUF_SECRET_INIT(16 * LIMIT_TOKEN_BYTES_MAX)                                \
	}

/** What is asked of a token server. All borrowed. */
struct auth_wish {
	const char *url;     /* of the token server, of realm_url() */
	const char *service; /* NULL: none */
	const struct token_scopes *scopes;
	const struct credential *credential; /* NULL: anonymous */
	bool is_foreign;                     /* url is not of the registry's origin */
	bool no_post;                        /* this server takes no refresh token by POST */
};

/**
 * auth_ask_token(out, wish): a GET, with Basic where there is a password; a POST for an identity
 * token. Release with auth_ask_release().
 */
void auth_ask_token(struct auth_ask *out, const struct auth_wish *wish);

/** auth_ask_challenge(out, origin): GET /v2/, without credentials. */
void auth_ask_challenge(struct auth_ask *out, const char *origin);

/** auth_ask_can_get(credential): whether a GET can say the same as a refused POST. */
bool auth_ask_can_get(const struct credential *credential);

void auth_ask_release(struct auth_ask *a);

#endif
