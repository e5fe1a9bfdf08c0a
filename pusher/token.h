/*
 * Bearer tokens: what is asked of a token server, and what it answers.
 * Source: distribution, docs/content/spec/auth/token.md, oauth.md, scope.md; reference registry.md
 * 3.2; security.md R7.
 */
#ifndef PUSHER_TOKEN_H
#define PUSHER_TOKEN_H

#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/limits.h"

struct token {
	char *authorization; /* "Bearer ...", in locked memory; NULL: none */
	uint32_t life_s;     /* 60 ..= LIMIT_TOKEN_LIFE_S */
};

#define TOKEN_INIT                                                                                 \
	{                                                                                          \
		.authorization = NULL, .life_s = 0                                                 \
	}

/**
 * token_parse(out, json, len, err): a token server's answer. "token", else "access_token";
 * "expires_in" is 60 s where it is absent or less. ERR_AUTH for what is no such answer: over
 * LIMIT_TOKEN_ANSWER_BYTES_MAX, no JSON, no token, one that no header can carry, a negative life.
 * No error quotes any of it. Release with token_release(), which wipes.
 */
int token_parse(struct token *out, const char *json, size_t len, struct error *err) MUST_CHECK;
void token_release(struct token *t);
#define auto_token __attribute__((cleanup(token_release)))

/** token_check(text, err): ERR_AUTH for what a header cannot carry: empty, long, any byte but 0x21
 * to 0x7e. */
int token_check(const char *text, struct error *err) MUST_CHECK;

/** token_bearer(text): "Bearer <text>" in locked memory, owned by the caller: sodium_free(). */
char *token_bearer(const char *text);

/** What a token is to allow. Each is "type:name:actions", the actions by commas. */
struct token_scopes {
	char *items[LIMIT_SCOPES_MAX]; /* owned */
	size_t count;
};

#define TOKEN_SCOPES_INIT                                                                          \
	{                                                                                          \
		.count = 0                                                                         \
	}

/**
 * token_scopes_add(s, text, len): one scope more; actions for the same type and name are put into
 * one scope: two entries for one repository confuse token servers. What has no such form, and what
 * is beyond LIMIT_SCOPES_MAX, is left out: then the token is too narrow, and the registry says so.
 */
void token_scopes_add(struct token_scopes *s, const char *text, size_t len);
/** token_scopes_add_all(s, text): every scope of a list with blanks between. */
void token_scopes_add_all(struct token_scopes *s, const char *text);
void token_scopes_release(struct token_scopes *s);
#define auto_token_scopes __attribute__((cleanup(token_scopes_release)))

/** token_put_query(b, service, scopes): "service=..&scope=..&scope=.."; service may be NULL. */
void token_put_query(struct buf *b, const char *service, const struct token_scopes *scopes);

/** token_put_form(b, service, scopes, refresh_token): the body of the POST for an identity token.
 */
void token_put_form(struct buf *b, const char *service, const struct token_scopes *scopes,
    const char *refresh_token);

#endif
