#include "pusher/credentials.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/limits.h"
#include "pusher/secret.h"

#define BASIC "Basic "

/* ---- one ---- */

void credential_release(struct credential *c)
{
	sodium_free(c->username);
	sodium_free(c->password);
	sodium_free(c->identity_token);
	sodium_free(c->registry_token);
	free(c->path);
	free(c->source);
	*c = (struct credential)CREDENTIAL_INIT;
}

static int check_username(const char *username, struct error *err)
{
	if (username[0] == '\0')
		return error_set(err, ERR_USAGE, "the user name is empty");
	for (const char *c = username; *c != '\0'; c++) {
		if (*c == ':' || (unsigned char)*c < 0x20 || *c == 0x7f)
			return error_set(err, ERR_USAGE,
			    "user name '%s': ':' and control characters cannot be sent", username);
	}
	return 0;
}

/* Fills out, up to max bytes; *out_len is max + 1 where there was more. */
static int read_secret(int fd, char *out, size_t max, size_t *out_len, struct error *err)
{
	size_t len = 0;

	while (len <= max) {
		ssize_t got = read(fd, out + len, max + 1 - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(err, "reading the password");
		if (got == 0)
			break;
		len += (size_t)got;
	}
	*out_len = len;
	return 0;
}

static int check_password(const char *password, size_t len, struct error *err)
{
	if (len == 0)
		return error_set(err, ERR_USAGE, "the password is empty");
	if (len > LIMIT_PASSWORD_BYTES_MAX)
		return error_set(err, ERR_USAGE, "the password is longer than %u bytes",
		    LIMIT_PASSWORD_BYTES_MAX);
	if (memchr(password, '\0', len) != NULL)
		return error_set(err, ERR_USAGE, "the password holds a NUL byte");
	return 0;
}

static size_t without_line_end(const char *text, size_t len)
{
	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len > 0 && text[len - 1] == '\r')
		len--;
	return len;
}

int credential_read_password(
    struct credential *out, const char *username, int fd, struct error *err)
{
	/* A line end does not count towards the limit. */
	const size_t max = LIMIT_PASSWORD_BYTES_MAX + 2;
	size_t len = 0;

	if (check_username(username, err) != 0)
		return -1;
	out->password = secret_alloc(max + 1);
	if (read_secret(fd, out->password, max, &len, err) != 0)
		return -1;
	len = without_line_end(out->password, len);
	if (check_password(out->password, len, err) != 0)
		return error_prefix(err, "standard input");
	out->password[len] = '\0';
	out->username = secret_strdup(username);
	return 0;
}

int credential_set_password(
    struct credential *out, const char *username, const char *password, struct error *err)
{
	if (check_username(username, err) != 0 ||
	    check_password(password, strlen(password), err) != 0)
		return -1;
	out->username = secret_strdup(username);
	out->password = secret_strdup(password);
	return 0;
}

char *credential_basic(const char *username, const char *password)
{
	size_t pair_len = strlen(username) + 1 + strlen(password);
	size_t size = sodium_base64_encoded_len(pair_len, sodium_base64_VARIANT_ORIGINAL);
	auto_secret char *pair = secret_alloc(pair_len + 1);
	char *value = secret_alloc(strlen(BASIC) + size);

	(void)snprintf(pair, pair_len + 1, "%s:%s", username, password);
	memcpy(value, BASIC, strlen(BASIC));
	(void)sodium_bin2base64(value + strlen(BASIC), size, (const unsigned char *)pair, pair_len,
	    sodium_base64_VARIANT_ORIGINAL);
	return value;
}

/* ---- all ---- */

void credentials_add(struct credentials *c, struct credential *credential_take)
{
	c->items = mem_grow(c->items, c->count, &c->capacity, sizeof(*c->items));
	if (credential_take->path == NULL)
		credential_take->path = mem_strdup("");
	c->items[c->count++] = *credential_take;
	*credential_take = (struct credential)CREDENTIAL_INIT;
}

static bool is_for(const struct credential *c, const char *repository)
{
	size_t len = strlen(c->path);

	if (len == 0)
		return true;
	return repository != NULL && strncmp(repository, c->path, len) == 0 &&
	       (repository[len] == '\0' || repository[len] == '/');
}

const struct credential *credentials_find(const struct credentials *c, const char *repository)
{
	const struct credential *best = NULL;

	for (size_t i = 0; c != NULL && i < c->count; i++) {
		const struct credential *item = &c->items[i];
		if (!is_for(item, repository))
			continue;
		if (best == NULL || item->rank < best->rank ||
		    (item->rank == best->rank && strlen(item->path) > strlen(best->path)))
			best = item;
	}
	return best;
}

void credentials_release(struct credentials *c)
{
	for (size_t i = 0; i < c->count; i++)
		credential_release(&c->items[i]);
	free(c->items);
	*c = (struct credentials)CREDENTIALS_INIT;
}

int credentials_check_target(const struct target *target, struct error *err)
{
	if (!target->plain_http || target_is_loopback(target))
		return 0;
	return error_set(err, ERR_USAGE,
	    "a password would cross the network in the clear to %s: with --plain-http, --username "
	    "is for a registry on this machine only",
	    target->label);
}

/* ---- what must not be shown ---- */

/* Some leave the padding of base64 out. */
static bool holds(const char *text, const char *known, const char *secret)
{
	size_t len = secret == NULL ? 0 : strlen(secret);

	while (len > 0 && secret[len - 1] == '=')
		len--;
	return len > 0 && memmem(text, strlen(text), secret, len) != NULL &&
	       memmem(known, strlen(known), secret, len) == NULL;
}

/* "Basic ..." or "Bearer ...", of which the second word is the secret. */
bool header_is_in(const char *header, const char *text, const char *known)
{
	const char *blank = header == NULL ? NULL : strchr(header, ' ');

	return blank != NULL && holds(text, known, blank + 1);
}

bool credential_is_in(const struct credential *c, const char *text, const char *known)
{
	if (holds(text, known, c->password) || holds(text, known, c->identity_token) ||
	    holds(text, known, c->registry_token))
		return true;
	if (c->username == NULL || c->password == NULL)
		return false;
	auto_secret char *basic = credential_basic(c->username, c->password);
	return header_is_in(basic, text, known);
}
