/*
 * One signature over SEAL, or over TRUST of a trust update, from whichever key or person makes it.
 * Source: design formats.md 1.2 and 4.
 */
#ifndef BUILDER_SEAL_SIGNATURE_H
#define BUILDER_SEAL_SIGNATURE_H

#include "builder/passphrase.h"
#include "common/buf.h"
#include "common/error.h"
#include "common/limits.h"
#include "common/sshsig.h"
#include "common/trust_update.h"

/** Where it comes from: exactly one of the first three, all borrowed. */
struct seal_signer {
	const char *keys;      /* a directory with seal.key */
	const char *ssh_key;   /* a key file that ssh-keygen signs with; wins over keys */
	const char *signature; /* a file that ssh-keygen wrote elsewhere */
	bool is_root;          /* over TRUST of a trust update, by root.key, in its namespace */
};

struct seal_signature {
	struct ssh_public_key key;
	char name[TRUST_UPDATE_SIGNATURE_NAME_LEN + 1]; /* SEAL.<kid>.sig, TRUST.<kid>.sig */
	struct buf armored;                             /* the one spelling, and it verifies */
};

#define SEAL_SIGNATURE_INIT                                                                        \
	{                                                                                          \
		.name = "", .armored = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX)                         \
	}

void seal_signature_release(struct seal_signature *s);
#define auto_seal_signature __attribute__((cleanup(seal_signature_release)))

/**
 * seal_signature_make(out, signer, passphrase, seal, err): signs the bytes of SEAL, or reads the
 * signature; passphrase is that of seal.key.
 *
 * Whatever made it, it is in out only if it verifies over these bytes: for the key that --ssh-key
 * names, or for the key that the file carries. ERR_KEY, ERR_SEAL where a signature does not hold,
 * ERR_INTERRUPTED, ERR_SYSTEM. Signals must be held (common/interrupt.h).
 */
int seal_signature_make(struct seal_signature *out, const struct seal_signer *signer,
    struct passphrase_source *passphrase, const struct buf *seal, struct error *err) MUST_CHECK;

#endif
