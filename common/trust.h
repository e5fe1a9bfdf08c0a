/*
 * The trust directory: whose seals count, from where, to where. Local and the operator's, never
 * from the medium. Source: design formats.md 5.
 *
 * This version enforces allowed_signers and, of policy.json, version, seal, origins and
 * destinations. Any other member or file makes the directory unusable: what is not enforced must
 * not be believed to be.
 */
#ifndef COMMON_TRUST_H
#define COMMON_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/digest.h"
#include "common/reference.h"
#include "common/sshsig.h"

/** A line of allowed_signers. */
struct trust_key {
	char *principal; /* owned */
	struct ssh_public_key key;
	bool for_seals;       /* the namespace is seal-v1, not trust-v1 */
	int64_t valid_after;  /* seconds since 1970; INT64_MIN where not given */
	int64_t valid_before; /* INT64_MAX where not given */
};

struct trust_origin {
	char *name;        /* owned */
	char **principals; /* owned */
	size_t principal_count;
};

struct trust {
	struct digest
	    id; /* SHA-256 over the sorted sha256sum list of its files; zero for trust_of_key() */
	struct trust_key *keys;
	size_t key_count;
	char **signers; /* principals that seal.signers names */
	size_t signer_count;
	size_t threshold; /* 1 ..= signer_count */
	bool has_origins;
	struct trust_origin *origins;
	size_t origin_count;
	struct destination *destinations;
	size_t destination_count;
};

/**
 * trust_load(path, err): reads a trust directory, each file once; NULL with err set: ERR_TRUST
 * naming the file and the line or member, ERR_SYSTEM when it cannot be read. Links in path and
 * below are followed. A directory or file that others may write is refused. Release with
 * trust_free().
 */
struct trust *trust_load(const char *path, struct error *err) MUST_CHECK;

/** trust_of_key(key, principal): trust in exactly one key, without conditions: builder's check of
 * its work. */
struct trust *trust_of_key(const struct ssh_public_key *key, const char *principal);

void trust_free(struct trust *t);
static inline void cleanup_trust(struct trust **slot)
{
	trust_free(*slot);
}
#define auto_trust __attribute__((cleanup(cleanup_trust)))

/** A key that sealed a layout: it verified, is within its window, and the policy counts it. */
struct trust_signer {
	const char *principal; /* borrowed from the trust */
	char fingerprint[SSH_FINGERPRINT_LEN + 1];
};

#endif
