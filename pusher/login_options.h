/*
 * What login and logout have in common: which registry, and which file.
 */
#ifndef PUSHER_LOGIN_OPTIONS_H
#define PUSHER_LOGIN_OPTIONS_H

#include "common/buf.h"
#include "common/error.h"
#include "pusher/environment.h"
#include "pusher/target.h"

/** login_target(out, registry, plain_http, err): HOST[:PORT], with "oci://" before it or without.
 * ERR_USAGE for anything behind it: credentials are kept for whole registries. */
int login_target(
    struct target *out, const char *registry, bool plain_http, struct error *err) MUST_CHECK;

/** login_file_path(out, registry_config, environment, err): the file: registry_config, else
 * docker's own; owned by the caller. ERR_USAGE where the environment names none. */
int login_file_path(char **out, const char *registry_config, const struct environment *environment,
    struct error *err) MUST_CHECK;

/** login_file_read(out, path, err): its content; nothing where it is not there yet, and then its
 * directory is made, for its owner alone. */
int login_file_read(struct buf *out, const char *path, struct error *err) MUST_CHECK;

#endif
