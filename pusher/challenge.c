#include "pusher/challenge.h"

#include <string.h>
#include <strings.h>

#include "common/buf.h"
#include "common/limits.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define TOKEN_CHARACTERS LETTERS DIGITS "!#$%&'*+-.^_`|~"
#define TOKEN68_CHARACTERS LETTERS DIGITS "-._~+/"
#define BLANKS " \t"

/* Where the parser stands. */
struct cursor {
	const char *at;
	struct challenge *out;
	bool in_scheme; /* a scheme was seen, so parameters may come */
	bool in_bearer; /* ... and it is the Bearer that out takes them from */
};

static int refuse(const char *what, struct error *err)
{
	return error_set(err, ERR_UNBELIEVED, "WWW-Authenticate: %s", what);
}

static void skip_blanks(struct cursor *c)
{
	c->at += strspn(c->at, BLANKS);
}

/* RFC 7235 calls it token68: "Negotiate YII=". Not one if a parameter begins so: realm="x". */
static bool skip_token68(struct cursor *c)
{
	const char *end = c->at + strspn(c->at, TOKEN68_CHARACTERS);

	if (end == c->at)
		return false;
	end += strspn(end, "=");
	const char *next = end + strspn(end, BLANKS);
	if (*next != '\0' && *next != ',')
		return false;
	c->at = next;
	return true;
}

static void begin_scheme(struct cursor *c, const char *name, size_t len)
{
	c->in_scheme = true;
	c->in_bearer = false;
	if (len == strlen("Basic") && strncasecmp(name, "Basic", len) == 0)
		c->out->offers_basic = true;
	if (len == strlen("Bearer") && strncasecmp(name, "Bearer", len) == 0) {
		c->in_bearer = !c->out->offers_bearer;
		c->out->offers_bearer = true;
	}
	if (*c->at != '\0' && strchr(BLANKS, *c->at) != NULL) {
		skip_blanks(c);
		(void)skip_token68(c);
	}
}

/* The value behind "=", without its quotes; owned by the caller; NULL: malformed. */
static char *take_value(struct cursor *c, struct error *err)
{
	auto_buf struct buf value = BUF_INIT(LIMIT_CHALLENGE_BYTES_MAX);

	if (*c->at != '"') {
		size_t len = strcspn(c->at, "\", \t");
		/* Wider than a token: realms stand there that are URLs without quotes. */
		buf_put(&value, c->at, len);
		c->at += len;
		return buf_steal(&value);
	}
	for (c->at++; *c->at != '"'; c->at++) {
		if (*c->at == '\\')
			c->at++;
		if (*c->at == '\0') {
			(void)refuse("a quoted string without its end", err);
			return NULL;
		}
		buf_putc(&value, *c->at);
	}
	c->at++;
	return buf_steal(&value);
}

static char **slot_of(struct challenge *out, const char *name, size_t len)
{
	const struct {
		const char *name;
		char **slot;
	} known[] = {
	    {"realm", &out->realm},
	    {"service", &out->service},
	    {"scope", &out->scope},
	    {"error", &out->error},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (len == strlen(known[i].name) && strncasecmp(name, known[i].name, len) == 0)
			return known[i].slot;
	}
	return NULL;
}

static int take_parameter(struct cursor *c, const char *name, size_t len, struct error *err)
{
	if (!c->in_scheme)
		return refuse("a parameter without a scheme", err);
	c->at++;
	skip_blanks(c);
	auto_free char *value = take_value(c, err);
	if (value == NULL)
		return -1;
	char **slot = c->in_bearer ? slot_of(c->out, name, len) : NULL;
	if (slot == NULL)
		return 0;
	if (*slot != NULL)
		return refuse("a parameter of Bearer twice", err);
	*slot = steal_ptr(&value);
	return 0;
}

/* A scheme with what follows it, or one parameter of the last scheme. */
static int take_element(struct cursor *c, struct error *err)
{
	const char *name = c->at;
	size_t len = strspn(name, TOKEN_CHARACTERS);

	if (len == 0)
		return refuse("neither a scheme nor a parameter where one is expected", err);
	const char *next = name + len + strspn(name + len, BLANKS);
	if (*next == '=') {
		c->at = next;
		return take_parameter(c, name, len, err);
	}
	c->at = name + len;
	begin_scheme(c, name, len);
	return 0;
}

int challenge_parse(struct challenge *out, const char *header, struct error *err)
{
	struct cursor c = {.at = header, .out = out};

	if (strlen(header) > LIMIT_CHALLENGE_BYTES_MAX)
		return error_set(err, ERR_UNBELIEVED, "WWW-Authenticate: larger than %u bytes",
		    LIMIT_CHALLENGE_BYTES_MAX);
	for (;;) {
		c.at += strspn(c.at, BLANKS ",");
		if (*c.at == '\0')
			return 0;
		if (take_element(&c, err) != 0)
			return -1;
	}
}

void challenge_release(struct challenge *c)
{
	free(c->realm);
	free(c->service);
	free(c->scope);
	free(c->error);
	*c = (struct challenge)CHALLENGE_INIT;
}
