#include "pusher/token.h"

#include <string.h>

#include "common/json.h"
#include "pusher/secret.h"

#define BEARER "Bearer "
#define LIFE_S_MIN 60U
/* Who asks, for the token server's log. */
#define CLIENT_ID "sallyport-pusher"

/* ---- what is answered ---- */

int token_check(const char *text, struct error *err)
{
	size_t len = strlen(text);

	if (len == 0)
		return error_set(err, ERR_AUTH, "the token is empty");
	if (len > LIMIT_TOKEN_BYTES_MAX)
		return error_set(
		    err, ERR_AUTH, "the token is longer than %u bytes", LIMIT_TOKEN_BYTES_MAX);
	for (size_t i = 0; i < len; i++) {
		if (text[i] <= 0x20 || text[i] >= 0x7f)
			return error_set(err, ERR_AUTH,
			    "the token holds a character that no header may carry, at byte %zu", i);
	}
	return 0;
}

char *token_bearer(const char *text)
{
	size_t size = strlen(BEARER) + strlen(text) + 1;
	char *value = secret_alloc(size);

	(void)snprintf(value, size, "%s%s", BEARER, text);
	return value;
}

/* An empty string is none: some servers send both members, one of them so. */
static int find_text(const json_t *answer, const char **out, struct error *err)
{
	static const char *const names[] = {"token", "access_token"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (json_strict_string(answer, names[i], JSON_OPTIONAL, out, err) != 0)
			return -1;
		if (*out != NULL && (*out)[0] != '\0')
			return 0;
	}
	return error_set(err, ERR_AUTH, "neither 'token' nor 'access_token' is in it");
}

static int read_answer(struct token *out, const json_t *answer, struct error *err)
{
	const char *text;
	uint64_t life_s = LIFE_S_MIN;

	if (find_text(answer, &text, err) != 0 || token_check(text, err) != 0)
		return -1;
	if (json_strict_size(answer, "expires_in", JSON_OPTIONAL, &life_s, err) != 0)
		return -1;
	if (life_s < LIFE_S_MIN)
		life_s = LIFE_S_MIN;
	out->life_s = life_s < LIMIT_TOKEN_LIFE_S ? (uint32_t)life_s : LIMIT_TOKEN_LIFE_S;
	out->authorization = token_bearer(text);
	return 0;
}

/* jansson's messages quote what they stumble over, which may be the token. */
static json_t *load(const char *json, size_t len, struct error *err)
{
	struct error quoting = ERROR_INIT;
	json_t *answer = json_strict_load(json, len, &quoting);

	if (answer == NULL)
		(void)error_set(err, ERR_AUTH, "it is no JSON object of the strict kind");
	explicit_bzero(&quoting, sizeof(quoting));
	return answer;
}

int token_parse(struct token *out, const char *json, size_t len, struct error *err)
{
	json_auto_t *answer = NULL;

	if (len > LIMIT_TOKEN_ANSWER_BYTES_MAX)
		return error_set(
		    err, ERR_AUTH, "it is larger than %u bytes", LIMIT_TOKEN_ANSWER_BYTES_MAX);
	answer = load(json, len, err);
	if (answer == NULL)
		return -1;
	return read_answer(out, answer, err) == 0 ? 0 : error_recode(err, ERR_AUTH);
}

void token_release(struct token *t)
{
	sodium_free(t->authorization);
	*t = (struct token)TOKEN_INIT;
}

/* ---- scopes ---- */

static bool is_visible(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] <= 0x20 || text[i] >= 0x7f)
			return false;
	}
	return true;
}

/* The length of "type:name", 0 where text has no such form. The name may hold a port's colon. */
static size_t subject_len(const char *text, size_t len)
{
	const char *first = memchr(text, ':', len);
	const char *last = memrchr(text, ':', len);

	if (first == NULL || first == last || first == text || last == first + 1 ||
	    last == text + len - 1)
		return 0;
	return (size_t)(last - text);
}

static bool has_action(const char *actions, const char *action, size_t len)
{
	while (*actions != '\0') {
		size_t own = strcspn(actions, ",");
		if (own == len && memcmp(actions, action, len) == 0)
			return true;
		actions += own + (actions[own] == ',' ? 1 : 0);
	}
	return false;
}

static void add_actions(char **scope, size_t subject, const char *actions, size_t len)
{
	for (size_t at = 0; at < len;) {
		const char *end = memchr(actions + at, ',', len - at);
		size_t own = end == NULL ? len - at : (size_t)(end - actions) - at;
		if (own > 0 && !has_action(*scope + subject + 1, actions + at, own)) {
			char *longer = mem_printf("%s,%.*s", *scope, (int)own, actions + at);
			free(*scope);
			*scope = longer;
		}
		at += own + 1;
	}
}

void token_scopes_add(struct token_scopes *s, const char *text, size_t len)
{
	size_t subject = len <= LIMIT_CHALLENGE_BYTES_MAX ? subject_len(text, len) : 0;

	if (subject == 0 || !is_visible(text, len))
		return;
	for (size_t i = 0; i < s->count; i++) {
		if (strncmp(s->items[i], text, subject + 1) == 0 &&
		    strchr(s->items[i] + subject + 1, ':') == NULL) {
			add_actions(&s->items[i], subject, text + subject + 1, len - subject - 1);
			return;
		}
	}
	if (s->count < LIMIT_SCOPES_MAX)
		s->items[s->count++] = mem_strndup(text, len);
}

void token_scopes_add_all(struct token_scopes *s, const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, " ");
		token_scopes_add(s, text, len);
		text += len + strspn(text + len, " ");
	}
}

void token_scopes_release(struct token_scopes *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->items[i]);
	s->count = 0;
}

/* ---- what is asked ---- */

static void put_encoded(struct buf *b, const char *text)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	static const char digits[] = "0123456789ABCDEF";

	for (const char *at = text; *at != '\0'; at++) {
		unsigned char c = (unsigned char)*at;
		if (strchr(plain, c) != NULL) {
			buf_putc(b, *at);
			continue;
		}
		const char escaped[] = {'%', digits[c >> 4], digits[c & 15]};
		buf_put(b, escaped, sizeof(escaped));
	}
}

static void put_parameter(struct buf *b, const char *name, const char *value)
{
	buf_puts(b, b->len > 0 ? "&" : "");
	buf_puts(b, name);
	buf_putc(b, '=');
	put_encoded(b, value);
}

void token_put_query(struct buf *b, const char *service, const struct token_scopes *scopes)
{
	if (service != NULL)
		put_parameter(b, "service", service);
	for (size_t i = 0; i < scopes->count; i++)
		put_parameter(b, "scope", scopes->items[i]);
}

void token_put_form(struct buf *b, const char *service, const struct token_scopes *scopes,
    const char *refresh_token)
{
	auto_buf struct buf all = BUF_INIT(LIMIT_SCOPES_MAX * 2 * LIMIT_CHALLENGE_BYTES_MAX);

	for (size_t i = 0; i < scopes->count; i++) {
		buf_puts(&all, i > 0 ? " " : "");
		buf_puts(&all, scopes->items[i]);
	}
	put_parameter(b, "grant_type", "refresh_token");
	/* The specification wants it, even empty. */
	put_parameter(b, "service", service == NULL ? "" : service);
	put_parameter(b, "client_id", CLIENT_ID);
	if (all.len > 0)
		put_parameter(b, "scope", buf_text(&all));
	put_parameter(b, "refresh_token", refresh_token);
}
