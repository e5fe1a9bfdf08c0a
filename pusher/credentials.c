#include "pusher/credentials.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <sodium.h>

#include "common/limits.h"

#define BASIC "Basic "

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
		return error_set(err, ERR_USAGE, "the password on standard input is empty");
	if (len > LIMIT_PASSWORD_BYTES_MAX)
		return error_set(err, ERR_USAGE,
		    "the password on standard input is longer than %u bytes",
		    LIMIT_PASSWORD_BYTES_MAX);
	if (memchr(password, '\0', len) != NULL)
		return error_set(err, ERR_USAGE, "the password on standard input holds a NUL byte");
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

/* pair: "USER:" with room for the password behind it. */
static int read_pair(char *pair, size_t prefix_len, int fd, size_t *out_len, struct error *err)
{
	char *password = pair + prefix_len;
	/* A line end does not count towards the limit. */
	size_t max = LIMIT_PASSWORD_BYTES_MAX + 2;
	size_t len = 0;

	if (read_secret(fd, password, max, &len, err) != 0)
		return -1;
	len = without_line_end(password, len);
	*out_len = prefix_len + len;
	return check_password(password, len, err);
}

static char *basic_of(const char *pair, size_t len)
{
	size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	char *value = sodium_malloc(strlen(BASIC) + size);

	if (value == NULL)
		return NULL;
	memcpy(value, BASIC, strlen(BASIC));
	(void)sodium_bin2base64(value + strlen(BASIC), size, (const unsigned char *)pair, len,
	    sodium_base64_VARIANT_ORIGINAL);
	return value;
}

int credentials_read_basic(struct credentials *out, const char *username, int fd, struct error *err)
{
	size_t prefix_len = strlen(username) + 1;
	size_t len = 0;

	if (check_username(username, err) != 0)
		return -1;
	if (sodium_init() < 0)
		return error_set(err, ERR_SYSTEM, "libsodium cannot be initialised");
	char *pair = sodium_malloc(prefix_len + LIMIT_PASSWORD_BYTES_MAX + 3);
	if (pair == NULL)
		return error_sys(err, "locked memory");
	memcpy(pair, username, prefix_len - 1);
	pair[prefix_len - 1] = ':';
	int result = read_pair(pair, prefix_len, fd, &len, err);
	if (result == 0) {
		out->authorization = basic_of(pair, len);
		if (out->authorization == NULL)
			result = error_sys(err, "locked memory");
	}
	sodium_free(pair);
	return result;
}

void credentials_release(struct credentials *c)
{
	sodium_free(c->authorization);
	c->authorization = NULL;
}

int credentials_check_target(const struct target *target, struct error *err)
{
	if (!target->plain_http || target_is_loopback(target))
		return 0;
	return error_set(err, ERR_USAGE,
	    "a password would cross the network in the clear to %s: with --plain-http, --username "
	    "is "
	    "for a registry on this machine only",
	    target->label);
}
