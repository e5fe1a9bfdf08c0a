/*
 * Where a token server may be. A registry names it, and what we send there is our password: so the
 * registry is believed only as far as the operator named it. Reference registry.md 3.2; security.md
 * R6.
 */
#ifndef PUSHER_REALM_H
#define PUSHER_REALM_H

#include <stdbool.h>

#include "common/error.h"
#include "common/options.h"
#include "pusher/target.h"

/** realm_check_hosts(hosts, option, err): ERR_USAGE, naming the option, for one that is no
 * HOST[:PORT]. */
int realm_check_hosts(
    const struct option_list *hosts, const char *option, struct error *err) MUST_CHECK;

/**
 * realm_url(target, hosts, realm, with_secret, out_is_foreign, err): the URL of the token server
 * that realm names, with a query or without, no fragment; owned by the caller. NULL with ERR_AUTH
 * where realm
 *
 * - is no http or https URL, absolute or relative to the registry, or has a user name in it;
 * - is another host, unless that is the registry's parent or child domain (auth.docker.io of
 *   docker.io, gitlab.example of registry.gitlab.example), or one of hosts (HOST, or HOST:PORT for
 *   that port alone; NULL: none); co.uk, com.au and what looks like them is nobody's parent;
 * - is plain http: for an https registry always, else where a secret would cross a network.
 *
 * *out_is_foreign: whether it is of another origin (scheme, host, port) than the registry.
 * The host is judged as libcurl reads it, so that 0x7f.1 is 127.0.0.1.
 */
char *realm_url(const struct target *target, const struct option_list *hosts, const char *realm,
    bool with_secret, bool *out_is_foreign, struct error *err) MUST_CHECK;

#endif
