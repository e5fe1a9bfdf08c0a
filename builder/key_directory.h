/*
 * The directory that keygen makes: the secret keys, their public halves, and trust/, the only part
 * that leaves the enclave. Source: design formats.md 4 and 5.
 */
#ifndef BUILDER_KEY_DIRECTORY_H
#define BUILDER_KEY_DIRECTORY_H

#include "builder/key_file.h"
#include "common/error.h"

/** What a key is for; none is ever used for two. */
enum key_role {
	KEY_ROLE_SEAL,    /* seals layouts; the pusher trusts it */
	KEY_ROLE_RELEASE, /* signs artifacts; clusters trust it */
	KEY_ROLE_ROOT,    /* signs updates of the trust directory */
	KEY_ROLE_COUNT
};

/** key_role_name(role): "seal", "release", "root": the names of its files without .key and .pub. */
const char *key_role_name(enum key_role role);

/** Keys to be written: keys[role], borrowed, NULL for none of that role. */
struct key_set {
	const struct secret_key *keys[KEY_ROLE_COUNT];
};

/**
 * key_directory_write(path, set, principal, passphrase, err): for each key of the set DIR/ROLE.key
 * (0600) and DIR/ROLE.pub. DIR is made where it does not exist (0700).
 *
 * With a seal key, DIR/trust is made, with allowed_signers and policy.json for it and the release
 * key, whether that is new or was there before. With a release key alone, a DIR/trust that is there
 * gets release.pub and the policy's member "release"; where there is none, none is made. A root key
 * changes nothing in it.
 *
 * Nothing else that is there is touched: ERR_EXISTS for a key, or a trust directory, or a member
 * "release" that is there already. Everything is on the disk when it returns; after a failure,
 * nothing of it is there, except where the disk did not confirm the very last step. passphrase may
 * be NULL. Signals must be held.
 */
int key_directory_write(const char *path, const struct key_set *set, const char *principal,
    const struct passphrase *passphrase, struct error *err) MUST_CHECK;

/** principal_check(text, err): 1 to 64 letters, digits, . _ @ + and -; ERR_USAGE. */
int principal_check(const char *text, struct error *err) MUST_CHECK;

#endif
