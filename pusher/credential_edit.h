/*
 * Writing credentials where docker, podman, skopeo, helm and oras read them too: one entry of a
 * config.json is put in or taken out, and everything else stays. Source: docker/cli, "config.json".
 */
#ifndef PUSHER_CREDENTIAL_EDIT_H
#define PUSHER_CREDENTIAL_EDIT_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/error.h"
#include "pusher/credentials.h"
#include "pusher/target.h"

/**
 * credential_edit_put(out, bytes, len, target, credential, err): the file (len 0: a new one) with
 * this user name and password as the only entry for target's registry; entries for repositories in
 * it stay. out, a secret buffer, gets the new file. ERR_AUTH for what is no such file; ERR_USAGE
 * where it names a credential helper for the registry: docker would then not look at the entry, and
 * its owner does not want passwords in the file.
 */
int credential_edit_put(struct buf *out, const char *bytes, size_t len, const struct target *target,
    const struct credential *credential, struct error *err) MUST_CHECK;

/** credential_edit_remove(out, bytes, len, target, out_found, err): the same without any entry for
 * the registry. *out_found: false where there was none; out is then empty. */
int credential_edit_remove(struct buf *out, const char *bytes, size_t len,
    const struct target *target, bool *out_found, struct error *err) MUST_CHECK;

/**
 * credential_edit_write(path, content, err): the whole file in one step, mode 0600, on the disk
 * when it returns; what stands at path is the old file or the new one. A link is followed: the file
 * it leads to is replaced. ERR_SYSTEM.
 */
int credential_edit_write(
    const char *path, const struct buf *content, struct error *err) MUST_CHECK;

#endif
