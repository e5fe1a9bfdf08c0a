#include "pusher/target.h"

#include <string.h>

#define SCHEME "oci://"
#define DOCKER_HUB "docker.io"
#define DOCKER_HUB_REGISTRY "registry-1.docker.io"

/* "user:password@host", in the place of a host: it is not to be repeated. */
static bool has_user(const char *text)
{
	const char *authority = strstr(text, "://");

	authority = authority == NULL ? text : authority + 3;
	return memchr(authority, '@', strcspn(authority, "/")) != NULL;
}

int target_parse(struct target *out, const char *text, bool plain_http, struct error *err)
{
	struct destination *d = &out->destination;

	if (has_user(text))
		return error_set(err, ERR_USAGE,
		    "destination: oci://REGISTRY[/PREFIX] has no place for a user or a password: "
		    "give "
		    "them with --username and --password-stdin");
	if (strncmp(text, SCHEME, strlen(SCHEME)) != 0)
		return error_set(
		    err, ERR_USAGE, "destination '%s': oci://REGISTRY[/PREFIX] is expected", text);
	if (destination_parse(d, text + strlen(SCHEME), err) != 0) {
		(void)error_recode(err, ERR_USAGE);
		return error_prefix(
		    err, "destination '%s' (oci://REGISTRY[/PREFIX], no tag or digest)", text);
	}
	const char *host = strcmp(d->host, DOCKER_HUB) == 0 ? DOCKER_HUB_REGISTRY : d->host;
	const char *scheme = plain_http ? "http" : "https";
	out->plain_http = plain_http;
	out->default_port = plain_http ? 80 : 443;
	if (d->port == 0) {
		out->label = mem_strdup(d->host);
		out->origin = mem_printf("%s://%s", scheme, host);
	} else {
		out->label = mem_printf("%s:%u", d->host, d->port);
		out->origin = mem_printf("%s://%s:%u", scheme, host, d->port);
	}
	return 0;
}

void target_release(struct target *t)
{
	destination_release(&t->destination);
	free(t->label);
	free(t->origin);
	*t = (struct target)TARGET_INIT;
}

/* 127.a.b.c, in no other spelling: a name that only begins so may lead anywhere. */
static bool is_loopback_address(const char *host)
{
	const char *at = host + 3;

	if (strncmp(host, "127", 3) != 0)
		return false;
	for (int part = 0; part < 3; part++) {
		size_t digits = *at == '.' ? strspn(at + 1, "0123456789") : 0;
		if (digits == 0 || digits > 3 || strtoul(at + 1, NULL, 10) > 255)
			return false;
		at += 1 + digits;
	}
	return *at == '\0';
}

bool target_is_loopback(const struct target *t)
{
	return host_is_loopback(t->destination.host);
}

bool host_is_loopback(const char *host)
{
	if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return is_loopback_address(host);
}
