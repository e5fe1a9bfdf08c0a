/*
 * Where credentials for a registry are looked for: what the operator gave for this run, then where
 * docker, podman and helm keep them. Reference registry.md 3.3.
 */
#ifndef PUSHER_CREDENTIAL_SOURCES_H
#define PUSHER_CREDENTIAL_SOURCES_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/error.h"
#include "pusher/credentials.h"
#include "pusher/environment.h"
#include "pusher/target.h"

/** Options of the command line; strings are borrowed. */
struct credential_options {
	const char *username; /* goes with password_stdin */
	bool password_stdin;
	const char *registry_config; /* a file, in the place of all others; or NULL */
	bool helpers;                /* credential helpers may be run */
};

/* For a command's table of options. */
#define CREDENTIAL_OPTION_SPECS(o)                                                                 \
	{.name = "username", .short_name = 'u', .value = &(o)->username},                          \
	    {.name = "password-stdin", .flag = &(o)->password_stdin},                              \
	    {.name = "registry-config", .value = &(o)->registry_config},                           \
	{                                                                                          \
		.name = "credential-helpers", .flag = &(o)->helpers                                \
	}

/**
 * credential_sources_load(out, options, environment, target, notes, err): everything for target's
 * registry, in this order, where the first that has anything for a repository wins:
 *
 * 1. --username and --password-stdin, and then nothing else is looked at
 * 2. SALLYPORT_USERNAME and SALLYPORT_PASSWORD, likewise
 * 3. --registry-config, likewise
 * 4. REGISTRY_AUTH_FILE, DOCKER_AUTH_CONFIG (the JSON itself), DOCKER_CONFIG/config.json
 * 5. podman's: $XDG_RUNTIME_DIR/containers/auth.json (without it /run/containers/UID), then
 *    $XDG_CONFIG_HOME/containers/auth.json (~/.config)
 * 6. ~/.docker/config.json
 * 7. helm's: HELM_REGISTRY_CONFIG, else HELM_CONFIG_HOME, $XDG_CONFIG_HOME/helm or ~/.config/helm,
 *    with registry/config.json
 * 8. ~/.dockercfg
 *
 * A file of 4 to 8 that is not there, or that we may not read, is passed over. A credential helper
 * that a file names stands beside the entries of that file. notes gets a line for everything that
 * was found, or that was passed over for a reason worth knowing: for --verbose, escaped, no
 * secrets. ERR_USAGE for options and variables that do not go together, and where a password of 1
 * or 2 would cross a network in the clear; ERR_AUTH for a file or helper that cannot be used.
 */
int credential_sources_load(struct credentials *out, const struct credential_options *options,
    const struct environment *environment, const struct target *target, struct buf *notes,
    struct error *err) MUST_CHECK;

/** credential_sources_docker(environment): docker's own file, $DOCKER_CONFIG/config.json or
 * ~/.docker/config.json; owned by the caller; NULL where neither variable is set. */
char *credential_sources_docker(const struct environment *environment);

#endif
