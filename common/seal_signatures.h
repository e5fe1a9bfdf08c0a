/*
 * The signatures over SEAL against local trust: the verdict that stands before all parsing. For
 * verified_layout.c. Source: design formats.md 1.2 and 5.
 */
#ifndef COMMON_SEAL_SIGNATURES_H
#define COMMON_SEAL_SIGNATURES_H

#include "common/layout.h"
#include "common/verified_layout.h"

struct seal_signatures {
	struct trust_signer
	    *signers; /* owned; those that counted, in the order of allowed_signers */
	size_t signer_count;
	struct ignored_signer *ignored; /* owned; those that did not */
	size_t ignored_count;
};

#define SEAL_SIGNATURES_INIT                                                                       \
	{                                                                                          \
		.signers = NULL, .signer_count = 0, .ignored = NULL, .ignored_count = 0            \
	}

/** Where signature files are read from: read() as layout_read_file(), and as exact where there is
 * none. */
struct signature_files {
	int (*read)(const void *context, const char *name, struct buf *out, struct error *err);
	const void *context;
};

/**
 * seal_signatures_check(out, files, seal, judgement, err): 0 if as many signers as the policy
 * wants have sealed. Nothing but the files of pinned keys is read, by names that the keys give, and
 * nothing in them is decoded but their base64. ERR_SEAL: too few, or a file of a pinned key that
 * does not hold, whether its key counts or not. Release with seal_signatures_release(), also after
 * a failure.
 */
int seal_signatures_check(struct seal_signatures *out, const struct signature_files *files,
    const struct buf *seal, const struct judgement *judgement, struct error *err) MUST_CHECK;
void seal_signatures_release(struct seal_signatures *s);

#endif
