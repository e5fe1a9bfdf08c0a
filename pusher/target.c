#include "pusher/target.h"

#include <string.h>

#define SCHEME "oci://"
#define DOCKER_HUB "docker.io"
#define DOCKER_HUB_REGISTRY "registry-1.docker.io"

int target_parse(struct target *out, const char *text, bool plain_http, struct error *err)
{
	struct destination *d = &out->destination;

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
	unsigned parts[4];
	int end = 0;

	if (strspn(host, "0123456789.") != strlen(host))
		return false;
	return sscanf(host, "%3u.%3u.%3u.%3u%n", &parts[0], &parts[1], &parts[2], &parts[3],
		   &end) == 4 &&
	       host[end] == '\0' && parts[0] == 127 && parts[1] <= 255 && parts[2] <= 255 &&
	       parts[3] <= 255;
}

bool target_is_loopback(const struct target *t)
{
	const char *host = t->destination.host;

	if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return is_loopback_address(host);
}
