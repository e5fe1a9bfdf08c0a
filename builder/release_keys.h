/*
 * The release keys of a key directory: every release*.key. Source: design formats.md 3 and 4.
 */
#ifndef BUILDER_RELEASE_KEYS_H
#define BUILDER_RELEASE_KEYS_H

#include "builder/key_file.h"
#include "common/limits.h"
#include "common/verified_layout.h"

struct release_keys {
	struct secret_key *items[LIMIT_RELEASE_KEYS_MAX]; /* owned; by the bytes of their names */
	size_t count;
};

#define RELEASE_KEYS_INIT                                                                          \
	{                                                                                          \
		.count = 0                                                                         \
	}

/**
 * release_keys_load(out, directory, source, err): none is no error: then nothing is signed for
 * clusters. ERR_KEY where a key cannot be read (see key_file_load()) or is there twice, ERR_LIMIT,
 * ERR_SYSTEM. Release with release_keys_release(), also after a failure.
 */
int release_keys_load(struct release_keys *out, const char *directory,
    struct passphrase_source *source, struct error *err) MUST_CHECK;
void release_keys_release(struct release_keys *k);
#define auto_release_keys __attribute__((cleanup(release_keys_release)))

/** release_keys_refuse(k, seal, err): ERR_KEY where one of them is the key that seals: never one
 * key for two roles. */
int release_keys_refuse(
    const struct release_keys *k, const struct ssh_public_key *seal, struct error *err) MUST_CHECK;

/** release_keys_judge(k, v, err): builder's check of its work: every named artifact has both forms
 * by each of the keys; ERR_POLICY, see release_judge(). */
int release_keys_judge(
    const struct release_keys *k, const struct verified_layout *v, struct error *err) MUST_CHECK;

#endif
