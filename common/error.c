#include "common/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int exit_status;
} codes[] = {
    [ERR_NONE] = {"none", 0},
    [ERR_SYSTEM] = {"system", 1},
    [ERR_BUSY] = {"busy", 1},
    [ERR_INTERRUPTED] = {"interrupted", 1},
    [ERR_USAGE] = {"usage", 2},
    [ERR_EXISTS] = {"output-exists", 2},
    [ERR_FORMAT] = {"malformed", 3},
    [ERR_LIMIT] = {"over-limit", 3},
    [ERR_CHART] = {"bad-chart", 3},
    [ERR_UNSUPPORTED] = {"unsupported", 3},
    [ERR_SEAL] = {"untrusted-seal", 4},
    [ERR_TRUST] = {"unusable-trust", 4},
    [ERR_STATE] = {"unusable-state", 4},
    [ERR_POLICY] = {"refused-by-policy", 4},
    [ERR_KEY] = {"unusable-key", 4},
    [ERR_NETWORK] = {"network", 5},
    [ERR_SERVER] = {"registry-failed", 5},
    [ERR_AUTH] = {"not-authenticated", 6},
    [ERR_DENIED] = {"not-permitted", 6},
    [ERR_REGISTRY] = {"refused-by-registry", 7},
    [ERR_CONFLICT] = {"tag-conflict", 7},
    [ERR_UNBELIEVED] = {"registry-not-believed", 7},
};

int error_set(struct error *err, enum err_code code, const char *format, ...)
{
	va_list args;

	err->code = code;
	err->sys_errno = 0;
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return -1;
}

/*
 * Appends ": <text>" behind the first len bytes. Where both do not fit, the end of text, which says
 * what is wrong, is kept before the names that stand in front of it.
 */
static void append_text(struct error *err, int len, const char *text)
{
	const size_t room = sizeof(err->text) - 1 - strlen(": ");
	size_t text_len = strlen(text);
	size_t needed = text_len < room / 2 ? text_len : room / 2;
	size_t at = len > 0 ? (size_t)len : 0;

	if (at > room - needed)
		at = room - needed;
	size_t take = text_len < room - at ? text_len : room - at;
	err->text[at++] = ':';
	err->text[at++] = ' ';
	memcpy(err->text + at, text + text_len - take, take);
	err->text[at + take] = '\0';
}

int error_sys(struct error *err, const char *format, ...)
{
	int saved = errno;
	va_list args;

	err->code = ERR_SYSTEM;
	err->sys_errno = saved;
	va_start(args, format);
	int len = vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	append_text(err, len, strerror(saved));
	return -1;
}

int error_prefix(struct error *err, const char *format, ...)
{
	char old[ERROR_TEXT_BYTES];
	va_list args;

	memcpy(old, err->text, sizeof(old));
	va_start(args, format);
	int len = vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	append_text(err, len, old);
	return -1;
}

int error_recode(struct error *err, enum err_code code)
{
	if (err->code != ERR_SYSTEM && err->code != ERR_INTERRUPTED)
		err->code = code;
	return -1;
}

const char *error_name(enum err_code code)
{
	return codes[code].name;
}

int error_exit_status(enum err_code code)
{
	return codes[code].exit_status;
}
