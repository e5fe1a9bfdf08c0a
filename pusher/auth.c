#include "pusher/auth.h"

#include <string.h>

#include "pusher/auth_ask.h"
#include "pusher/challenge.h"
#include "pusher/realm.h"
#include "pusher/refusal.h"
#include "pusher/secret.h"
#include "pusher/token.h"

/* A token with less life left than this is not sent any more. */
#define LEFT_MS_MIN 10000
/* The same before a body of more than LONG_BODY_BYTES: this, or a quarter of its whole life. */
#define LEFT_LONG_MS_MIN 30000
#define LONG_BODY_BYTES (256 * KIB)

/* What the registry wants, as far as it has said so. */
enum scheme { SCHEME_UNKNOWN, SCHEME_BASIC, SCHEME_BEARER };

/* A token for one repository, and maybe one that blobs are mounted from; or the place for one. */
struct slot {
	char *repository; /* owned; NULL: for the registry itself */
	char *mount_from; /* owned */
	struct token token;
	int64_t ends_ms;
	uint64_t serial;   /* of the token, so that two can be told apart */
	uint64_t used;     /* when last: the least used place goes first */
	char *more_scopes; /* owned; what a challenge asked for beyond our own; or NULL */
	const struct auth_exchange *asking; /* whose ask is on its way; NULL: nobody's */
	bool mount_refused;                 /* no token where mount_from stands */
	bool no_post;
};

struct auth {
	struct auth_options options;
	enum scheme scheme;
	struct challenge challenge; /* of SCHEME_BEARER */
	bool wants_challenge;       /* a 401 came without one */
	bool has_asked_challenge;
	char *header;                       /* what is sent as it is: Basic, or a registry token */
	const struct credential *header_of; /* ... and whose */
	struct slot slots[LIMIT_TOKENS_MAX];
	size_t slot_count;
	uint64_t serial;
	uint64_t clock;
};

static bool same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static const struct credential *credential_of(const struct auth *a, const char *repository)
{
	return credentials_find(a->options.credentials, repository);
}

/* ---- places for tokens ---- */

static void slot_clear(struct slot *s)
{
	free(s->repository);
	free(s->mount_from);
	free(s->more_scopes);
	token_release(&s->token);
	*s = (struct slot){.repository = NULL};
}

/* NULL where every place waits for an answer. */
static struct slot *free_slot(struct auth *a)
{
	struct slot *least = NULL;

	if (a->slot_count < LIMIT_TOKENS_MAX)
		return &a->slots[a->slot_count++];
	for (size_t i = 0; i < a->slot_count; i++) {
		struct slot *s = &a->slots[i];
		if (s->asking == NULL && (least == NULL || s->used < least->used))
			least = s;
	}
	if (least != NULL)
		slot_clear(least);
	return least;
}

static struct slot *slot_of(struct auth *a, const char *repository, const char *mount_from)
{
	for (size_t i = 0; i < a->slot_count; i++) {
		struct slot *s = &a->slots[i];
		if (same(s->repository, repository) && same(s->mount_from, mount_from))
			return s;
	}
	struct slot *s = free_slot(a);
	if (s != NULL) {
		s->repository = repository == NULL ? NULL : mem_strdup(repository);
		s->mount_from = mount_from == NULL ? NULL : mem_strdup(mount_from);
	}
	return s;
}

/* The place that an exchange takes its token from. */
static struct slot *slot_for(struct auth *a, struct auth_exchange *x)
{
	struct slot *s = slot_of(a, x->repository, x->mount_refused ? NULL : x->mount_from);

	if (s != NULL && s->mount_refused) {
		x->mount_refused = true;
		s = slot_of(a, x->repository, NULL);
	}
	return s;
}

static bool lasts(const struct slot *s, const struct auth_exchange *x, int64_t now_ms)
{
	int64_t needed_ms = LEFT_MS_MIN;
	int64_t quarter_ms = (int64_t)s->token.life_s * 1000 / 4;

	if (x->body_bytes > LONG_BODY_BYTES)
		needed_ms = quarter_ms > LEFT_LONG_MS_MIN ? quarter_ms : LEFT_LONG_MS_MIN;
	return s->token.authorization != NULL && s->ends_ms - now_ms >= needed_ms;
}

/* ---- what may be sent ---- */

static const char *source_of(const struct credential *credential)
{
	return credential->source == NULL ? "the command line" : credential->source;
}

static int check_clear(const struct auth *a, const struct credential *credential, struct error *err)
{
	const struct target *target = a->options.target;

	if (credential == NULL || !target->plain_http || target_is_loopback(target))
		return 0;
	return error_set(err, ERR_AUTH,
	    "the credentials from %s would cross the network in the clear: --plain-http takes "
	    "credentials to a registry on this machine only",
	    source_of(credential));
}

/* Basic, or a registry token: made once, and again for another credential. */
static void make_header(struct auth *a, const struct credential *credential)
{
	if (a->header_of == credential && a->header != NULL)
		return;
	sodium_free(a->header);
	a->header = a->scheme == SCHEME_BEARER
			? token_bearer(credential->registry_token)
			: credential_basic(credential->username, credential->password);
	a->header_of = credential;
}

static void forget_header(struct auth *a)
{
	sodium_free(a->header);
	a->header = NULL;
	a->header_of = NULL;
}

/* Which credential goes to the registry as it is, if any does. */
static const struct credential *direct_credential(const struct auth *a, const char *repository)
{
	const struct credential *c = credential_of(a, repository);

	if (c == NULL)
		return NULL;
	if (a->scheme == SCHEME_BASIC)
		return c->username != NULL && c->password != NULL ? c : NULL;
	return a->scheme == SCHEME_BEARER && c->registry_token != NULL ? c : NULL;
}

/* ---- asking ---- */

static struct auth_ask *ask_new(struct auth_exchange *x)
{
	x->asked = mem_alloc(sizeof(*x->asked));
	*x->asked = (struct auth_ask)AUTH_ASK_INIT;
	return x->asked;
}

static void ask_end(struct auth *a, struct auth_exchange *x)
{
	for (size_t i = 0; i < a->slot_count; i++) {
		if (a->slots[i].asking == x)
			a->slots[i].asking = NULL;
	}
	auth_ask_release(x->asked);
	free(x->asked);
	x->asked = NULL;
	x->ask = (struct http_request){.url = NULL};
}

/* Ours first: some servers read no further. Push is asked for at once: helm 3.18 did not, and found
 * that a token for pulling alone had been kept for a repository that was not there yet. */
static void put_scopes(struct token_scopes *out, const struct slot *s)
{
	if (s->repository != NULL) {
		auto_free char *own = mem_printf("repository:%s:pull,push", s->repository);
		token_scopes_add(out, own, strlen(own));
	}
	if (s->mount_from != NULL) {
		auto_free char *from = mem_printf("repository:%s:pull", s->mount_from);
		token_scopes_add(out, from, strlen(from));
	}
	if (s->more_scopes != NULL)
		token_scopes_add_all(out, s->more_scopes);
}

static int ask_token(struct auth *a, struct slot *s, struct auth_exchange *x, struct error *err)
{
	const struct credential *credential = credential_of(a, s->repository);
	auto_token_scopes struct token_scopes scopes = TOKEN_SCOPES_INIT;
	bool is_foreign = true;
	auto_free char *url = realm_url(a->options.target, a->options.auth_hosts,
	    a->challenge.realm, credential != NULL, &is_foreign, err);

	if (url == NULL)
		return -1;
	put_scopes(&scopes, s);
	const struct auth_wish wish = {.url = url,
	    .service = a->challenge.service,
	    .scopes = &scopes,
	    .credential = credential,
	    .is_foreign = is_foreign,
	    .no_post = s->no_post};
	s->asking = x;
	auth_ask_token(ask_new(x), &wish);
	x->ask = x->asked->request;
	return 0;
}

static int prepare_token(
    struct auth *a, struct auth_exchange *x, int64_t now_ms, enum auth_step *out, struct error *err)
{
	struct slot *s = slot_for(a, x);

	if (s == NULL || s->asking != NULL) {
		*out = AUTH_WAIT;
		return 0;
	}
	if (!lasts(s, x, now_ms)) {
		*out = AUTH_ASK;
		return ask_token(a, s, x, err);
	}
	s->used = ++a->clock;
	x->sent = s->serial;
	x->authorization = s->token.authorization;
	return 0;
}

int auth_prepare(
    struct auth *a, struct auth_exchange *x, int64_t now_ms, enum auth_step *out, struct error *err)
{
	const struct credential *direct = direct_credential(a, x->repository);

	*out = AUTH_SEND;
	x->authorization = NULL;
	if (a->wants_challenge) {
		*out = AUTH_ASK;
		auth_ask_challenge(ask_new(x), a->options.target->origin);
		x->ask = x->asked->request;
		return 0;
	}
	if (a->scheme != SCHEME_UNKNOWN &&
	    check_clear(a, credential_of(a, x->repository), err) != 0)
		return -1;
	if (direct != NULL) {
		make_header(a, direct);
		x->authorization = a->header;
		return 0;
	}
	return a->scheme == SCHEME_BEARER ? prepare_token(a, x, now_ms, out, err) : 0;
}

/* ---- challenges ---- */

static void adopt(struct auth *a, enum scheme scheme, struct challenge *challenge)
{
	if (a->scheme != scheme)
		forget_header(a);
	a->scheme = scheme;
	challenge_release(&a->challenge);
	a->challenge = *challenge;
	*challenge = (struct challenge)CHALLENGE_INIT;
}

/* What a 401 leaves to be done. */
enum outlook {
	OUTLOOK_NONE,    /* nothing that we have would help */
	OUTLOOK_UNKNOWN, /* nothing was said that we know */
	OUTLOOK_KNOWN,   /* the scheme is there now */
};

/* Is there a Bearer that can be used? false with err where only the realm forbids it. */
static bool can_bear(const struct auth *a, const struct credential *c,
    const struct challenge *challenge, struct error *err)
{
	if (!challenge->offers_bearer)
		return false;
	if (c != NULL && c->registry_token != NULL)
		return true;
	if (challenge->realm == NULL)
		return false;
	bool is_foreign;
	auto_free char *url = realm_url(a->options.target, a->options.auth_hosts, challenge->realm,
	    c != NULL, &is_foreign, err);
	return url != NULL;
}

/* Bearer before Basic, as far as each can be used. */
static int choose(struct auth *a, const char *repository, struct challenge *challenge,
    enum outlook *out, struct error *err)
{
	const struct credential *c = credential_of(a, repository);
	struct error forbidden = ERROR_INIT;

	*out = OUTLOOK_KNOWN;
	if (can_bear(a, c, challenge, &forbidden)) {
		adopt(a, SCHEME_BEARER, challenge);
		return 0;
	}
	if (challenge->offers_basic && c != NULL && c->password != NULL) {
		adopt(a, SCHEME_BASIC, challenge);
		return 0;
	}
	if (forbidden.code != ERR_NONE) {
		*err = forbidden;
		return -1;
	}
	*out = challenge->offers_basic || challenge->offers_bearer ? OUTLOOK_NONE : OUTLOOK_UNKNOWN;
	return 0;
}

static int read_challenge(struct auth *a, const char *repository,
    const struct http_response *response, enum outlook *out, char **out_scope, struct error *err)
{
	auto_challenge struct challenge challenge = CHALLENGE_INIT;
	const char *header = response->headers[HTTP_WWW_AUTHENTICATE];

	*out = OUTLOOK_UNKNOWN;
	if (header == NULL)
		return 0;
	if (challenge_parse(&challenge, header, err) != 0)
		return -1;
	*out_scope = steal_ptr(&challenge.scope);
	if (choose(a, repository, &challenge, out, err) == 0)
		return 0;
	if (response->is_revealing)
		return error_set(err, err->code,
		    "the registry wants us to ask elsewhere for a token, in words that repeat our "
		    "credentials and are not shown");
	return -1;
}

static void add_scope(struct slot *s, const char *scope)
{
	auto_token_scopes struct token_scopes all = TOKEN_SCOPES_INIT;
	auto_buf struct buf text = BUF_INIT(LIMIT_SCOPES_MAX * 2 * LIMIT_CHALLENGE_BYTES_MAX);

	token_scopes_add_all(&all, s->more_scopes == NULL ? "" : s->more_scopes);
	token_scopes_add_all(&all, scope);
	for (size_t i = 0; i < all.count; i++)
		buf_printf(&text, "%s%s", i > 0 ? " " : "", all.items[i]);
	free(s->more_scopes);
	s->more_scopes = buf_steal(&text);
}

/* The token that was sent is worth nothing here: the next one, which may be there already. */
static void renew(struct auth *a, struct auth_exchange *x, const char *scope)
{
	struct slot *s = slot_for(a, x);

	if (s == NULL || s->asking != NULL)
		return;
	if (scope != NULL)
		add_scope(s, scope);
	if (x->authorization != NULL && s->serial == x->sent)
		token_release(&s->token);
}

int auth_challenged(struct auth *a, struct auth_exchange *x, const struct http_response *response,
    bool *out_again, struct error *err)
{
	enum scheme before = a->scheme;
	bool had_sent = x->authorization != NULL;
	enum outlook outlook;
	auto_free char *scope = NULL;

	*out_again = false;
	if (x->challenges++ > 0)
		return 0;
	if (read_challenge(a, x->repository, response, &outlook, &scope, err) != 0)
		return -1;
	if (outlook == OUTLOOK_UNKNOWN) {
		a->wants_challenge = a->scheme == SCHEME_UNKNOWN && !a->has_asked_challenge;
		*out_again = a->wants_challenge;
	}
	if (outlook != OUTLOOK_KNOWN)
		return 0;
	if (direct_credential(a, x->repository) != NULL) {
		/* What goes as it is does not get better by being said again. */
		*out_again = !had_sent || before != a->scheme;
		return 0;
	}
	*out_again = a->scheme == SCHEME_BEARER;
	if (*out_again)
		renew(a, x, scope);
	return 0;
}

/* ---- answers ---- */

static int take_challenge(struct auth *a, struct auth_exchange *x,
    const struct http_response *response, struct error *err)
{
	enum outlook outlook;
	auto_free char *scope = NULL;

	a->has_asked_challenge = true;
	a->wants_challenge = false;
	if (response->status != 401)
		return 0;
	return read_challenge(a, x->repository, response, &outlook, &scope, err);
}

/* Another way to ask, where the refusal leaves one. */
static bool finds_other_way(
    const struct auth *a, struct slot *s, const struct auth_ask *ask, int status)
{
	const struct credential *c = credential_of(a, s->repository);
	bool by_method = status == 400 || status == 401 || status == 404 || status == 405;

	if (ask->is_post && by_method && c != NULL && auth_ask_can_get(c)) {
		s->no_post = true;
		return true;
	}
	/* One scope that may not be had fails the whole token at Docker Hub and others. */
	if (s->mount_from != NULL && status >= 400 && status < 500 && status != 429) {
		s->mount_refused = true;
		return true;
	}
	return false;
}

bool auth_has_token(const struct auth *a, const char *repository)
{
	for (size_t i = 0; i < a->slot_count; i++) {
		const struct slot *s = &a->slots[i];
		if (same(s->repository, repository) && s->token.authorization != NULL)
			return true;
	}
	return false;
}

/* "https://host:port", of what was asked. */
static int name_server(const struct auth_ask *ask, struct error *err)
{
	const char *host = strstr(ask->url, "://");
	size_t len = host == NULL ? 0 : (size_t)(host + 3 - ask->url);

	len += strcspn(ask->url + len, "/?");
	return error_prefix(err, "token server %.*s", (int)len, ask->url);
}

static int take_token(struct auth *a, struct slot *s, const struct auth_ask *ask,
    const struct http_response *response, int64_t now_ms, struct error *err)
{
	auto_token struct token token = TOKEN_INIT;

	if (response->status != 200) {
		const struct refusal_context context = {
		    .credentials =
			ask->with_secret ? auth_credentials_from(a, s->repository) : NULL};
		if (finds_other_way(a, s, ask, response->status))
			return 0;
		(void)refusal_set(err, &context, response);
		return name_server(ask, err);
	}
	if (token_parse(&token, buf_text(&response->body), response->body.len, err) != 0) {
		(void)error_prefix(err, "its answer");
		return name_server(ask, err);
	}
	token_release(&s->token);
	s->token = token;
	token = (struct token)TOKEN_INIT;
	s->ends_ms = now_ms + (int64_t)s->token.life_s * 1000;
	s->used = ++a->clock; /* so that it is not given up before its first use */
	s->serial = ++a->serial;
	return 0;
}

static struct slot *asked_slot(struct auth *a, const struct auth_exchange *x)
{
	for (size_t i = 0; i < a->slot_count; i++) {
		if (a->slots[i].asking == x)
			return &a->slots[i];
	}
	return NULL;
}

int auth_answer(struct auth *a, struct auth_exchange *x, struct http_response *response,
    int64_t now_ms, struct error *err)
{
	struct slot *s = asked_slot(a, x);
	int result = s == NULL ? take_challenge(a, x, response, err)
			       : take_token(a, s, x->asked, response, now_ms, err);

	if (response->body.data != NULL)
		explicit_bzero(response->body.data, response->body.capacity);
	response->body.len = 0;
	ask_end(a, x);
	return result;
}

void auth_abandon(struct auth *a, struct auth_exchange *x)
{
	if (x->asked != NULL)
		ask_end(a, x);
}

/* ---- the whole ---- */

struct auth *auth_new(const struct auth_options *options, struct error *err)
{
	if (realm_check_hosts(options->auth_hosts, "--auth-host", err) != 0)
		return NULL;
	struct auth *a = mem_zalloc(1, sizeof(*a));
	a->options = *options;
	return a;
}

void auth_free(struct auth *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->slot_count; i++)
		slot_clear(&a->slots[i]);
	challenge_release(&a->challenge);
	forget_header(a);
	free(a);
}

const char *auth_credentials_from(const struct auth *a, const char *repository)
{
	const struct credential *found = credential_of(a, repository);

	return found == NULL ? NULL : source_of(found);
}

/* ---- what must not be shown ---- */

static int hex_value(char c)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)((at - digits) % 16);
}

static void put_decoded(struct buf *b, const char *text)
{
	while (*text != '\0') {
		int high = *text == '%' ? hex_value(text[1]) : -1;
		int low = high < 0 ? -1 : hex_value(text[2]);
		buf_putc(b, low < 0 ? *text : (char)(high * 16 + low));
		text += low < 0 ? 1 : 3;
	}
}

static bool holds_any(const struct auth *a, const char *text, const char *known)
{
	const struct credentials *all = a->options.credentials;

	for (size_t i = 0; all != NULL && i < all->count; i++) {
		if (credential_is_in(&all->items[i], text, known))
			return true;
	}
	for (size_t i = 0; i < a->slot_count; i++) {
		if (header_is_in(a->slots[i].token.authorization, text, known))
			return true;
	}
	return false;
}

bool auth_is_revealed(const struct auth *a, const char *text, const char *known)
{
	if (text == NULL || holds_any(a, text, known))
		return text != NULL;
	if (strchr(text, '%') == NULL)
		return false;
	auto_buf struct buf decoded = BUF_SECRET_INIT(LIMIT_RESPONSE_BODY_BYTES_MAX);
	put_decoded(&decoded, text);
	return holds_any(a, buf_text(&decoded), known);
}
