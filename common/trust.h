/*
 * The trust directory: whose seals count, from where, to where. Local and the operator's, never
 * from the medium. Source: design formats.md 5.
 *
 * What is not enforced must not be believed to be: an unknown member of policy.json, or a file that
 * nothing names, makes the directory unusable.
 */
#ifndef COMMON_TRUST_H
#define COMMON_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/digest.h"
#include "common/reference.h"
#include "common/sshsig.h"
#include "common/trust_files.h"

/** A line of allowed_signers. */
struct trust_key {
	char *principal; /* owned */
	struct ssh_public_key key;
	bool for_seals;       /* the namespace is seal-v1, not trust-v1 */
	bool is_revoked;      /* stands in revoked_keys: counts for nothing */
	int64_t valid_after;  /* seconds since 1970; INT64_MIN where not given */
	int64_t valid_before; /* INT64_MAX where not given */
};

/** Principals, and how many of them it takes. */
struct trust_quorum {
	char **signers; /* owned, each once; every one has a key for the purpose */
	size_t signer_count;
	size_t threshold; /* 1 ..= signer_count; 0 where the policy has none */
};

struct trust_origin {
	char *name;        /* owned */
	char **principals; /* owned */
	size_t principal_count;
};

/** What signed updates of the directory go by. */
struct trust_roots {
	struct trust_quorum quorum; /* threshold 0: the policy has no "trust" member */
	uint64_t serial;            /* 1 ..= INT64_MAX */
	bool has_expires;
	int64_t expires; /* seconds since 1970: from then on nothing is accepted */
};

/** Signatures that clusters check, and that every named artifact must carry. */
struct trust_release {
	uint8_t (*keys)[ED25519_PUBLIC_BYTES]; /* owned; without those that are revoked */
	size_t key_count;                      /* 0: none asked */
	bool require_bundle;
	bool require_legacy;
};

/** The least sequence that is taken of an origin. */
struct trust_min_sequence {
	char *origin;      /* owned; one of the policy's origins, if it lists any */
	uint64_t sequence; /* 1 ..= INT64_MAX */
};

struct trust {
	struct digest
	    id; /* SHA-256 over the sorted sha256sum list of its files; zero for trust_of_key() */
	struct trust_key *keys;
	size_t key_count;
	struct ssh_public_key *revoked; /* of revoked_keys, whether pinned or not */
	size_t revoked_count;
	struct trust_quorum seal;
	struct trust_roots roots;
	bool has_origins;
	struct trust_origin *origins;
	size_t origin_count;
	struct destination *destinations;
	size_t destination_count;
	bool require_destination;
	bool require_sequence;
	bool require_previous;
	bool require_not_after;
	bool allow_map; /* push --map may change names */
	struct trust_min_sequence *min_sequences;
	size_t min_sequence_count;
	uint64_t max_sequence_jump; /* INT64_MAX where the policy has none */
	struct trust_release release;
};

/**
 * trust_load(path, expected_id, err): reads a trust directory, each file once; NULL with err set:
 * ERR_TRUST naming the file and the line or member, ERR_SYSTEM when it cannot be read. Links in
 * path and below are followed. With expected_id the trust id must be that one; without (NULL), a
 * directory or file that others may write is refused. Release with trust_free().
 */
struct trust *trust_load(
    const char *path, const struct digest *expected_id, struct error *err) MUST_CHECK;

/**
 * trust_of_files(files, err): trust in what was read, whoever may write it; NULL with ERR_FORMAT or
 * ERR_LIMIT naming the file and the line or member.
 */
struct trust *trust_of_files(const struct trust_files *files, struct error *err) MUST_CHECK;

/** trust_of_key(key, principal): trust in exactly one key, without conditions: builder's check of
 * its work. */
struct trust *trust_of_key(const struct ssh_public_key *key, const char *principal);

/** trust_require_key(t, key, principal): one more key without whose signature nothing is trusted; t
 * is from trust_of_key(), and has neither the key nor the principal. */
void trust_require_key(struct trust *t, const struct ssh_public_key *key, const char *principal);

void trust_free(struct trust *t);
static inline void cleanup_trust(struct trust **slot)
{
	trust_free(*slot);
}
#define auto_trust __attribute__((cleanup(cleanup_trust)))

/** trust_quorum_has(quorum, principal): whether it is one of the signers. */
bool trust_quorum_has(const struct trust_quorum *quorum, const char *principal);

/** trust_is_revoked(t, key): whether revoked_keys has the key. */
bool trust_is_revoked(const struct trust *t, const struct ssh_public_key *key);

/**
 * trust_check_expiry(t, now, err): ERR_TRUST from the time on that its "trust" member names; now in
 * seconds since 1970, or TIME_NOT_JUDGED.
 */
int trust_check_expiry(const struct trust *t, int64_t now, struct error *err) MUST_CHECK;
#define TIME_NOT_JUDGED INT64_MIN

/** trust_min_sequence_of(t, origin): what the policy has for the origin, 0 where it has nothing. */
uint64_t trust_min_sequence_of(const struct trust *t, const char *origin);

/** A key that sealed a layout: it verified, is within its window, and the policy counts it. */
struct trust_signer {
	const char *principal; /* borrowed from the trust */
	char fingerprint[SSH_FINGERPRINT_LEN + 1];
};

#endif
