/*
 * Where a push goes: oci://REGISTRY[/PREFIX], and the origin that its requests are sent to.
 */
#ifndef PUSHER_TARGET_H
#define PUSHER_TARGET_H

#include <stdbool.h>

#include "common/error.h"
#include "common/reference.h"

struct target {
	struct destination destination; /* owned; what policies are compared with */
	bool plain_http;
	unsigned default_port; /* of the scheme */
	char *label;           /* owned; HOST[:PORT], for people */
	char *origin; /* owned; "https://HOST[:PORT]": what every URL of ours begins with */
};

#define TARGET_INIT                                                                                \
	{                                                                                          \
		.destination = {.host = NULL, .port = 0, .prefix = NULL}, .plain_http = false,     \
		.default_port = 0, .label = NULL, .origin = NULL                                   \
	}

/**
 * target_parse(out, text, plain_http, err): ERR_USAGE, saying what is expected. Docker Hub's
 * aliases lead to the host that serves its registry. Release with target_release(), also after a
 * failure.
 */
int target_parse(
    struct target *out, const char *text, bool plain_http, struct error *err) MUST_CHECK;
void target_release(struct target *t);
#define auto_target __attribute__((cleanup(target_release)))

/** target_is_loopback(t): 127.0.0.0/8, [::1] or localhost: what is sent there stays on this
 * machine. */
bool target_is_loopback(const struct target *t);

/** host_is_loopback(host): the same of a host in lower case, an IPv6 address in []. */
bool host_is_loopback(const char *host);

#endif
