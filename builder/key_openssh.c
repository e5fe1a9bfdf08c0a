#include "builder/key_openssh.h"

#include "common/ssh_wire.h"

#define MAGIC "openssh-key-v1" /* with its NUL */
#define KEY_TYPE "ssh-ed25519"
#define BLOCK_BYTES 8 /* of the cipher "none" */

/* The public key of type and 32 bytes that stands next; NULL where there is another thing. */
static const uint8_t *take_public(struct ssh_wire *r)
{
	struct ssh_wire key;

	return ssh_wire_text(r, KEY_TYPE) && ssh_wire_string(r, &key) &&
		       key.left == ED25519_PUBLIC_BYTES
		   ? key.at
		   : NULL;
}

/* The comment, then 1, 2, 3 .. to the end of the block. */
static bool take_rest(struct ssh_wire *r, size_t private_len)
{
	struct ssh_wire comment;

	if (!ssh_wire_string(r, &comment) || private_len % BLOCK_BYTES != 0 ||
	    r->left >= BLOCK_BYTES)
		return false;
	for (size_t i = 0; i < r->left; i++) {
		if (r->at[i] != i + 1)
			return false;
	}
	return true;
}

static struct secret_key *malformed(struct error *err)
{
	(void)error_set(err, ERR_KEY, "not what ssh-keygen writes for one Ed25519 key");
	return NULL;
}

static struct secret_key *parse_private(
    struct ssh_wire private, const uint8_t *public_key, struct error *err)
{
	size_t private_len = private.left;
	uint32_t check[2];
	struct ssh_wire secret;

	if (!ssh_wire_u32(&private, &check[0]) || !ssh_wire_u32(&private, &check[1]) ||
	    check[0] != check[1])
		return malformed(err);
	const uint8_t *again = take_public(&private);
	/* The secret is the seed, then the public key a third time. */
	if (again == NULL || !ssh_wire_string(&private, &secret) ||
	    secret.left != ED25519_SEED_BYTES + ED25519_PUBLIC_BYTES ||
	    !take_rest(&private, private_len))
		return malformed(err);
	auto_secret_key struct secret_key *key = secret_key_from_seed(secret.at, err);
	if (key != NULL &&
	    (!secret_key_has_public(key, public_key) || !secret_key_has_public(key, again) ||
		!secret_key_has_public(key, secret.at + ED25519_SEED_BYTES))) {
		(void)error_set(err, ERR_KEY, "its public key is not that of its secret key");
		return NULL;
	}
	return steal_ptr(&key);
}

struct secret_key *key_openssh_parse(const uint8_t *bytes, size_t len, struct error *err)
{
	struct ssh_wire r = {.at = bytes, .left = len};
	struct ssh_wire cipher;
	struct ssh_wire public_part;
	struct ssh_wire private_part;
	uint32_t count;

	if (!ssh_wire_bytes(&r, MAGIC, sizeof(MAGIC)) || !ssh_wire_string(&r, &cipher))
		return malformed(err);
	if (!ssh_wire_is(&cipher, "none")) {
		(void)error_set(err, ERR_KEY,
		    "it has a passphrase, which only ssh-keygen can take off: on a copy of it run "
		    "'ssh-keygen -p -N \"\" -f COPY'; or sign with --ssh-key, without importing");
		return NULL;
	}
	if (!ssh_wire_text(&r, "none") || !ssh_wire_text(&r, "") || !ssh_wire_u32(&r, &count) ||
	    count != 1 || !ssh_wire_string(&r, &public_part) ||
	    !ssh_wire_string(&r, &private_part) || r.left != 0)
		return malformed(err);
	const uint8_t *public_key = take_public(&public_part);
	if (public_key == NULL) {
		(void)error_set(err, ERR_KEY,
		    "not an Ed25519 key; only those sign here: 'ssh-keygen -t ed25519' makes one");
		return NULL;
	}
	return public_part.left == 0 ? parse_private(private_part, public_key, err)
				     : malformed(err);
}
