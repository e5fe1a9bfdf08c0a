/*
 * Authentication without a network: the test plays the registry and the token server.
 */
#ifndef TESTS_UNIT_PUSHER_AUTH_WORLD_H
#define TESTS_UNIT_PUSHER_AUTH_WORLD_H

#include <string.h>

#include "pusher/auth.h"
#include "pusher/secret.h"
#include "tests/unit/expect.h"

#define BEARER "Bearer realm=\"https://r.example/token\",service=\"r\""
#define BASIC_A_P "Basic YTpw"

struct world {
	struct target target;
	struct credentials credentials;
	struct option_list hosts;
	struct auth *auth;
	int64_t now_ms;
};

static inline void world_init(struct world *w, const char *registry, bool plain_http)
{
	struct error err = ERROR_INIT;
	auto_free char *where = mem_printf("oci://%s", registry);

	*w = (struct world){.target = TARGET_INIT, .credentials = CREDENTIALS_INIT};
	expect_ok(target_parse(&w->target, where, plain_http, &err), &err);
	const struct auth_options options = {
	    .target = &w->target, .credentials = &w->credentials, .auth_hosts = &w->hosts};
	w->auth = auth_new(&options, &err);
	assert_non_null(w->auth);
}

static inline void world_release(struct world *w)
{
	auth_free(w->auth);
	credentials_release(&w->credentials);
	target_release(&w->target);
}
#define auto_world __attribute__((cleanup(world_release)))

static inline void give(struct world *w, const char *path, const char *username,
    const char *password, const char *identity_token, const char *registry_token)
{
	auto_credential struct credential c = CREDENTIAL_INIT;

	c.path = mem_strdup(path);
	c.username = username == NULL ? NULL : secret_strdup(username);
	c.password = password == NULL ? NULL : secret_strdup(password);
	c.identity_token = identity_token == NULL ? NULL : secret_strdup(identity_token);
	c.registry_token = registry_token == NULL ? NULL : secret_strdup(registry_token);
	credentials_add(&w->credentials, &c);
}

static inline enum auth_step prepare(struct world *w, struct auth_exchange *x)
{
	struct error err = ERROR_INIT;
	enum auth_step step;

	expect_ok(auth_prepare(w->auth, x, w->now_ms, &step, &err), &err);
	return step;
}

/* The request goes, with this Authorization; NULL: without. */
static inline void expect_send(struct world *w, struct auth_exchange *x, const char *authorization)
{
	assert_int_equal(prepare(w, x), AUTH_SEND);
	if (authorization == NULL)
		assert_null(x->authorization);
	else
		expect_text(x->authorization, authorization);
}

/* "METHOD URL AUTHORIZATION BODY" is to be sent first. */
static inline void expect_ask(struct world *w, struct auth_exchange *x, const char *expected)
{
	char body[512] = "";
	struct error err = ERROR_INIT;

	assert_int_equal(prepare(w, x), AUTH_ASK);
	if (x->ask.body != NULL) {
		ssize_t len = x->ask.body->read(x->ask.body->context, body, sizeof(body) - 1, &err);
		assert_int_equal(len, x->ask.body->size_bytes);
		assert_int_equal(x->ask.body->read(x->ask.body->context, body + len, 1, &err), 0);
	}
	auto_free char *found = mem_printf("%s %s %s %s", http_method_name(x->ask.method),
	    x->ask.url, x->ask.authorization == NULL ? "-" : x->ask.authorization, body);
	expect_text(found, expected);
}

static inline void response_set(
    struct http_response *r, int status, const char *challenge, const char *body)
{
	*r = (struct http_response)HTTP_RESPONSE_INIT;
	r->status = status;
	r->headers[HTTP_WWW_AUTHENTICATE] = challenge == NULL ? NULL : mem_strdup(challenge);
	buf_puts(&r->body, body);
}

static inline int answer(
    struct world *w, struct auth_exchange *x, int status, const char *body, struct error *err)
{
	auto_http_response struct http_response r;

	response_set(&r, status, NULL, body);
	int result = auth_answer(w->auth, x, &r, w->now_ms, err);
	assert_int_equal(r.body.len, 0);
	if (body[0] != '\0')
		assert_int_equal(r.body.data[0], 0);
	assert_null(x->asked);
	return result;
}

static inline void give_token(
    struct world *w, struct auth_exchange *x, const char *token, int life_s)
{
	struct error err = ERROR_INIT;
	auto_free char *body = mem_printf("{\"token\":\"%s\",\"expires_in\":%d}", token, life_s);

	expect_ok(answer(w, x, 200, body, &err), &err);
}

static inline int challenge(struct world *w, struct auth_exchange *x, const char *header,
    bool *out_again, struct error *err)
{
	auto_http_response struct http_response r;

	response_set(&r, 401, header, "");
	return auth_challenged(w->auth, x, &r, out_again, err);
}

static inline void expect_again(
    struct world *w, struct auth_exchange *x, const char *header, bool expected)
{
	struct error err = ERROR_INIT;
	bool again = !expected;

	expect_ok(challenge(w, x, header, &again, &err), &err);
	assert_int_equal(again, expected);
}

/* A first challenge, and the token that answers it. */
static inline void take_token(struct world *w, struct auth_exchange *x, const char *token)
{
	expect_again(w, x, BEARER, true);
	assert_int_equal(prepare(w, x), AUTH_ASK);
	give_token(w, x, token, 300);
}

#endif
