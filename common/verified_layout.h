/*
 * A layout whose seal was checked against local trust and whose every file was hashed. The type is
 * the proof: verified_layout_open() is its only constructor, and what is pushed is made from
 * nothing else. Source: design formats.md 6.
 */
#ifndef COMMON_VERIFIED_LAYOUT_H
#define COMMON_VERIFIED_LAYOUT_H

#include <stdint.h>

#include "common/graph.h"
#include "common/layout.h"
#include "common/sequence_policy.h"
#include "common/trust.h"

struct verified_layout;

/** A file that does not agree with the seal. */
enum problem_kind {
	PROBLEM_MISSING,
	PROBLEM_ADDED,
	PROBLEM_CHANGED,
	PROBLEM_NOT_REGULAR,
	PROBLEM_STRAY
};
struct problem {
	enum problem_kind kind;
	char *path; /* owned; hostile */
};
/** All of them, so that only those need to be brought again; the first LIMIT_PROBLEMS_MAX are kept.
 */
struct problems {
	struct problem *items; /* owned */
	size_t count;          /* kept */
	size_t total;          /* found */
};
#define PROBLEMS_INIT                                                                              \
	{                                                                                          \
		.items = NULL, .count = 0, .total = 0                                              \
	}
void problems_release(struct problems *p);
#define auto_problems __attribute__((cleanup(problems_release)))
/** problems_add(p, kind, path): path is copied. */
void problems_add(struct problems *p, enum problem_kind kind, const char *path);
/** problem_text(kind): "missing", "not in the seal", ... */
const char *problem_text(enum problem_kind kind);

/** A pinned key whose signature holds and counts for nothing. */
enum ignored_reason {
	IGNORED_REVOKED,
	IGNORED_NO_SIGNER, /* the policy does not name its principal */
	IGNORED_NOT_VALID_YET,
	IGNORED_NOT_VALID_ANY_MORE,
};
struct ignored_signer {
	struct trust_signer signer;
	enum ignored_reason reason;
	const struct trust_key *key; /* borrowed from the trust */
	int64_t now;                 /* by which it was judged */
};
/** ignored_reason_name(reason): as --json shows it; never changes meaning. Static storage. */
const char *ignored_reason_name(enum ignored_reason reason);
/** ignored_signer_text(b, s): the same for people, with both times where it is about time. */
void ignored_signer_text(struct buf *b, const struct ignored_signer *s);

/** What the delivery is judged by, besides its seal. */
struct judgement {
	const struct trust *trust; /* borrowed for the call and by the result */
	int64_t now;               /* seconds since 1970, or TIME_NOT_JUDGED */
	const struct destination
	    *target;           /* REGISTRY/PREFIX of the push, or NULL: not judged by it */
	unsigned default_port; /* of the target's scheme; 443 without a target */
	/* builder: a signature that is not in the layout yet, taken in the place of its key's file;
	 * borrowed, else NULL. */
	const struct buf *new_signature;
	const struct ssh_public_key *new_key;
	bool owe_large; /* leave blobs that nobody parses unhashed: verified_layout_owed() */
	const struct mark_source *marks; /* what was accepted before; borrowed, NULL: not known */
	bool needs_mark; /* push: what a policy requires and nothing is known of is refused */
};

/**
 * verified_layout_open(path, judgement, problems, err): the whole check, in the order of
 * formats.md 6.
 *
 * Nothing but the signature files of pinned keys is decoded, and nothing parsed, before the
 * signatures meet the policy. NULL with err set: ERR_SEAL (problems then names the files at fault,
 * if it is files), ERR_POLICY (destination, origin, not-after, sequence), ERR_FORMAT, ERR_LIMIT,
 * ERR_UNSUPPORTED for content that a good seal covers, ERR_SYSTEM. Reads every byte of the layout.
 * problems must be initialised. Release with verified_layout_free().
 */
struct verified_layout *verified_layout_open(const char *path, const struct judgement *judgement,
    struct problems *problems, struct error *err) MUST_CHECK;
void verified_layout_free(struct verified_layout *v);
static inline void cleanup_verified_layout(struct verified_layout **slot)
{
	verified_layout_free(*slot);
}
#define auto_verified_layout __attribute__((cleanup(cleanup_verified_layout)))

/* What it holds; all borrowed from v. */
const struct graph *verified_layout_graph(const struct verified_layout *v);
/** For reading blobs with blob_open(), which hashes them once more. */
const struct layout *verified_layout_files(const struct verified_layout *v);
const struct digest *verified_layout_seal_id(const struct verified_layout *v);
/** The signers that counted, in the order of allowed_signers. */
const struct trust_signer *verified_layout_signers(
    const struct verified_layout *v, size_t *out_count);
/** Those that signed and did not, in the same order. */
const struct ignored_signer *verified_layout_ignored(
    const struct verified_layout *v, size_t *out_count);
/** What was found of its sequence. */
const struct sequence_verdict *verified_layout_sequence(const struct verified_layout *v);
/** Signature files of keys that the trust does not name: counted, never read. */
size_t verified_layout_unknown_signatures(const struct verified_layout *v);
/** For each of the graph's names the forms of release signatures that hold (release_policy.h). */
const unsigned *verified_layout_release_forms(const struct verified_layout *v);
/**
 * verified_layout_owed(v, out_count): with judgement.owe_large, the blobs that are listed and there
 * but have not been hashed, sorted. Nothing that depends on them may become visible before each has
 * been, by blob_read() to its end or blob_hash_owed().
 */
const struct digest *verified_layout_owed(const struct verified_layout *v, size_t *out_count);
const struct trust *verified_layout_trust(const struct verified_layout *v);

#endif
