/*
 * Files of credentials: config.json of docker, helm and oras, auth.json of podman and skopeo, and
 * docker's old .dockercfg. Source: docker/cli, "config.json"; containers-auth.json(5); reference
 * registry.md 3.3; security.md K7.
 */
#ifndef PUSHER_CREDENTIAL_FILE_H
#define PUSHER_CREDENTIAL_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/error.h"
#include "pusher/credentials.h"
#include "pusher/target.h"

/** Which file it is, and for whom. All borrowed. */
struct credential_file {
	const char *path; /* for people */
	size_t rank;      /* of what comes out of it */
	bool is_legacy;   /* .dockercfg: the entries stand at the top */
};

/** credential_file_open(out, path, err): all of it. ERR_SYSTEM, with its errno; ERR_AUTH for what
 * is no regular file, or larger than LIMIT_CREDENTIALS_BYTES_MAX (out's cap). *out_is_open_to_all:
 * whether others than its owner may read or write it. */
int credential_file_open(
    struct buf *out, const char *path, bool *out_is_open_to_all, struct error *err) MUST_CHECK;

/**
 * credential_file_parse(out, file, bytes, len, target, out_helper, err): adds to out what the file
 * has for target's registry and for repositories in it. *out_helper: the credential helper that it
 * names for that registry, owned by the caller, or NULL. Entries of other registries are passed
 * over, whatever they hold. ERR_AUTH for what is no such file, or an entry for this registry that
 * cannot be used; no error quotes a secret.
 */
int credential_file_parse(struct credentials *out, const struct credential_file *file,
    const char *bytes, size_t len, const struct target *target, char **out_helper,
    struct error *err) MUST_CHECK;

/**
 * credential_key_match(key, target): the path in the registry that an entry of this name is for
 * ("" for all of it), borrowed from key; NULL if it is for another registry. With a scheme, as
 * docker writes them, a key is a registry whatever its path; without one it may go on as a
 * repository. Another port is another registry; Docker Hub's names are one.
 */
const char *credential_key_match(const char *key, const struct target *target);

#endif
