#include "pusher/connection_options.h"

#include <string.h>

#include "common/limits.h"

#define YEAR_S (366ULL * 24 * 3600)

int connection_options_check(
    const struct connection_options *o, const struct command *self, struct error *err)
{
	if (o->plain_http && o->ca_file != NULL)
		return command_usage(self, "pusher", err,
		    "--plain-http has no TLS, and --ca-file is for nothing else");
	if (o->plain_http && (o->cert_file != NULL || o->cert_dir != NULL || o->insecure))
		return command_usage(self, "pusher", err,
		    "--plain-http has no TLS, and --cert-file, --cert-dir and "
		    "--insecure-skip-tls-verify are for nothing else");
	if (o->insecure && o->ca_file != NULL)
		return command_usage(self, "pusher", err,
		    "--ca-file says whom to trust, --insecure-skip-tls-verify that it does not "
		    "matter");
	if ((o->cert_file != NULL) != (o->key_file != NULL))
		return command_usage(self, "pusher", err, "--cert-file and --key-file go together");
	return 0;
}

/* Digits, and one letter of units behind them, whose factor is in factors. */
static bool parse_scaled(
    uint64_t *out, const char *text, const char *units, const uint64_t *factors)
{
	size_t digits = strspn(text, "0123456789");
	const char *unit = text[digits] == '\0' ? NULL : strchr(units, text[digits]);

	if (digits == 0 || digits > 10)
		return false;
	*out = strtoull(text, NULL, 10);
	if (text[digits] == '\0')
		return true;
	if (unit == NULL || text[digits + 1] != '\0')
		return false;
	*out *= factors[unit - units];
	return true;
}

int connection_options_number(unsigned *out, const char *text, unsigned max, const char *name,
    const struct command *self, struct error *err)
{
	uint64_t value;

	if (text == NULL)
		return 0;
	if (!parse_scaled(&value, text, "", NULL) || value > max)
		return command_usage(
		    self, "pusher", err, "--%s is a number up to %u, not '%s'", name, max, text);
	*out = (unsigned)value;
	return 0;
}

int connection_options_duration(int64_t *out_ms, const char *text, const char *name,
    const struct command *self, struct error *err)
{
	const uint64_t factors[] = {1, 60, 3600};
	uint64_t seconds;

	if (text == NULL)
		return 0;
	if (!parse_scaled(&seconds, text, "smh", factors) || seconds == 0 || seconds > YEAR_S)
		return command_usage(self, "pusher", err,
		    "--%s is a time such as 90s, 15m or 2h, not '%s'", name, text);
	*out_ms = (int64_t)seconds * 1000;
	return 0;
}

int connection_options_bytes(uint64_t *out, const char *text, const char *name,
    const struct command *self, struct error *err)
{
	const uint64_t factors[] = {KIB, MIB, (uint64_t)KIB * MIB};
	uint64_t bytes;

	if (text == NULL)
		return 0;
	if (!parse_scaled(&bytes, text, "KMG", factors) || bytes < LIMIT_CHUNK_BYTES_MIN ||
	    bytes > LIMIT_CHUNK_BYTES_MAX)
		return command_usage(self, "pusher", err,
		    "--%s is a number of bytes from 64K to 1G, not '%s'", name, text);
	*out = bytes;
	return 0;
}
