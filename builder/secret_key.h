/*
 * An Ed25519 secret key in locked memory. The only code that can sign.
 */
#ifndef BUILDER_SECRET_KEY_H
#define BUILDER_SECRET_KEY_H

#include <stdint.h>

#include "common/error.h"
#include "common/release_claim.h"
#include "common/sshsig.h"

#define ED25519_SEED_BYTES 32

struct secret_key;

/** secret_key_generate(err), secret_key_from_seed(seed, err): NULL with ERR_SYSTEM where no memory
 * can be locked. */
struct secret_key *secret_key_generate(struct error *err) MUST_CHECK;
struct secret_key *secret_key_from_seed(
    const uint8_t seed[ED25519_SEED_BYTES], struct error *err) MUST_CHECK;

/** secret_key_free(k): wipes. */
void secret_key_free(struct secret_key *k);
static inline void cleanup_secret_key(struct secret_key **slot)
{
	secret_key_free(*slot);
}
#define auto_secret_key __attribute__((cleanup(cleanup_secret_key)))

/** secret_key_public(k): the public half. */
struct ssh_public_key secret_key_public(const struct secret_key *k);

/** secret_key_has_public(k, public_key): is this its public half? */
bool secret_key_has_public(
    const struct secret_key *k, const uint8_t public_key[ED25519_PUBLIC_BYTES]);

/** secret_key_seed(k): the 32 bytes that a key file holds; borrowed, in locked memory. */
const uint8_t *secret_key_seed(const struct secret_key *k);

/**
 * secret_key_seal(k, name_space, message, len, out): an sshsig file over the message. The namespace
 * is always a constant of ours: nothing signs bytes that somebody else chose as they are.
 */
void secret_key_seal(const struct secret_key *k, const char *name_space, const void *message,
    size_t len, struct buf *out);

/**
 * secret_key_release(k, claim, form, content, signature): writes what claim says into content, and
 * signs that. content must be empty; the signature means nothing where it overflowed.
 */
void secret_key_release(const struct secret_key *k, const struct release_claim *claim,
    enum release_form form, struct buf *content, uint8_t signature[ED25519_SIGNATURE_BYTES]);

#endif
