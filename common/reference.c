#include "common/reference.h"

#include <stdio.h>
#include <string.h>

#include "common/limits.h"

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* The length of a separator inside a path component: ".", "_", "__" or any number of "-"; 0 for
 * none. */
static size_t separator_len(const char *text)
{
	size_t dashes = strspn(text, "-");

	if (dashes > 0)
		return dashes;
	if (text[0] == '.')
		return 1;
	if (text[0] == '_')
		return text[1] == '_' ? 2 : 1;
	return 0;
}

int repository_check(const char *text, struct error *err)
{
	const char *at = text;

	if (strlen(text) > LIMIT_REPOSITORY_BYTES_MAX)
		return error_set(err, ERR_FORMAT, "repository name is longer than %u bytes",
		    LIMIT_REPOSITORY_BYTES_MAX);
	for (;;) {
		if (!is_lower_alnum(*at))
			break;
		while (is_lower_alnum(*at))
			at++;
		if (*at == '\0')
			return 0;
		at += *at == '/' ? 1 : separator_len(at);
	}
	return error_set(err, ERR_FORMAT,
	    "repository '%s': a registry takes lower-case letters, digits, and single . _ __ or "
	    "dashes between them, with / between the parts",
	    text);
}

int tag_check(const char *text, struct error *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";
	size_t len = strlen(text);

	if (len == 0 || len > LIMIT_TAG_BYTES_MAX || strspn(text, allowed) != len ||
	    text[0] == '.' || text[0] == '-')
		return error_set(err, ERR_FORMAT,
		    "tag '%.160s': a registry takes 1 to %u letters, digits, _ . and -, the first "
		    "no . "
		    "or -",
		    text, LIMIT_TAG_BYTES_MAX);
	return 0;
}

enum tag_role tag_role(const char *tag, struct digest *out_subject)
{
	static const char prefix[] = "sha256-";
	const size_t hex_at = sizeof(prefix) - 1;

	if (strncmp(tag, prefix, hex_at) != 0 || strlen(tag) < hex_at + DIGEST_HEX_LEN ||
	    !digest_parse_hex(out_subject, tag + hex_at, DIGEST_HEX_LEN))
		return TAG_NAME;
	const char *rest = tag + hex_at + DIGEST_HEX_LEN;
	if (*rest == '\0')
		return TAG_REFERRERS;
	return strcmp(rest, ".sig") == 0 ? TAG_SIGNATURE : TAG_NAME;
}

char *signature_tag(const struct digest *subject)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(hex, subject);
	return mem_printf("sha256-%s.sig", hex);
}

bool reference_is_record(const char *repository, const char *tag)
{
	const char *slash = strrchr(repository, '/');

	return strcmp(slash == NULL ? repository : slash + 1, RECORD_REPOSITORY) == 0 &&
	       strncmp(tag, RECORD_TAG_BEGIN, strlen(RECORD_TAG_BEGIN)) == 0;
}

char *tag_of_version(const char *version)
{
	char *tag = mem_strdup(version);

	for (char *p = tag; *p != '\0'; p++) {
		if (*p == '+')
			*p = '_';
	}
	return tag;
}

/* The look of an IPv6 address; whether it is one, the resolver says when it is used. */
static bool ipv6_check(const char *host, size_t len)
{
	return len > 4 && len < 48 && host[len - 1] == ']' &&
	       strspn(host + 1, "0123456789abcdef:.") == len - 2;
}

/* Letters, digits, dots and dashes as in host names and IPv4 addresses, labels not empty. */
static bool host_check(const char *host, size_t len)
{
	if (len == 0 || len > 253)
		return false;
	if (host[0] == '[')
		return ipv6_check(host, len);
	for (size_t i = 0; i < len; i++) {
		bool edge = i == 0 || host[i - 1] == '.' || i + 1 == len || host[i + 1] == '.';
		if (!is_lower_alnum(host[i]) && (edge || (host[i] != '-' && host[i] != '_')) &&
		    (host[i] != '.' || i == 0 || i + 1 == len || host[i - 1] == '.'))
			return false;
	}
	return true;
}

static bool port_parse(unsigned *out, const char *text, size_t len)
{
	unsigned value = 0;

	if (len == 0 || len > 5 || text[0] == '0')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	*out = value;
	return value <= 65535;
}

/* Docker Hub answers to several names; they are one registry. */
static const char *fold_alias(const char *host)
{
	if (strcmp(host, "index.docker.io") == 0 || strcmp(host, "registry-1.docker.io") == 0)
		return "docker.io";
	return host;
}

static int parse_authority(struct destination *out, const char *text, size_t len, struct error *err)
{
	auto_free char *host = mem_strndup(text, len);
	size_t host_len = len;
	const char *colon = memrchr(host, ':', len);

	if (colon != NULL && memchr(colon, ']', len - (size_t)(colon - host)) == NULL) {
		host_len = (size_t)(colon - host);
		if (!port_parse(&out->port, colon + 1, len - host_len - 1))
			return error_set(
			    err, ERR_FORMAT, "'%.300s': the port is not 1 to 65535", text);
		host[host_len] = '\0';
	}
	for (char *p = host; *p != '\0'; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	}
	if (!host_check(host, host_len))
		return error_set(
		    err, ERR_FORMAT, "'%.300s': '%s' is not a host name or address", text, host);
	out->host = mem_strdup(fold_alias(host));
	return 0;
}

int destination_parse(struct destination *out, const char *text, struct error *err)
{
	size_t authority_len = strcspn(text, "/");
	const char *prefix = text + authority_len;

	*out = (struct destination){.host = NULL, .port = 0, .prefix = NULL};
	if (strncmp(prefix, "//", 2) == 0 && authority_len > 0 && text[authority_len - 1] == ':')
		return error_set(err, ERR_FORMAT, "'%.300s': give it without the scheme '%.*s//'",
		    text, authority_len > 20 ? 20 : (int)authority_len, text);
	if (parse_authority(out, text, authority_len, err) != 0)
		return -1;
	if (*prefix == '/')
		prefix++;
	size_t len = strlen(prefix);
	if (len > 1 && prefix[len - 1] == '/')
		len--;
	out->prefix = mem_strndup(prefix, len);
	if (len > 0 && repository_check(out->prefix, err) != 0)
		return error_prefix(err, "'%.300s'", text);
	return 0;
}

void destination_release(struct destination *d)
{
	free(d->host);
	free(d->prefix);
	*d = (struct destination){.host = NULL, .port = 0, .prefix = NULL};
}

char *destination_text(const struct destination *d)
{
	const char *slash = d->prefix[0] != '\0' ? "/" : "";

	if (d->port != 0)
		return mem_printf("%s:%u%s%s", d->host, d->port, slash, d->prefix);
	return mem_printf("%s%s%s", d->host, slash, d->prefix);
}

bool destination_covers(
    const struct destination *outer, const struct destination *inner, unsigned default_port)
{
	unsigned outer_port = outer->port == default_port ? 0 : outer->port;
	unsigned inner_port = inner->port == default_port ? 0 : inner->port;
	size_t len = strlen(outer->prefix);

	if (strcmp(outer->host, inner->host) != 0 || outer_port != inner_port)
		return false;
	if (len == 0)
		return true;
	return strncmp(outer->prefix, inner->prefix, len) == 0 &&
	       (inner->prefix[len] == '\0' || inner->prefix[len] == '/');
}
