/*
 * OpenSSH signatures (ssh-keygen -Y): public keys, encoding and checking. Nothing here can sign.
 * Source: OpenSSH PROTOCOL.sshsig; reference signing.md 6.2; design formats.md 1.2.
 */
#ifndef COMMON_SSHSIG_H
#define COMMON_SSHSIG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/layout.h"
#include "common/ssh_wire.h"

#define SSHSIG_NAMESPACE_SEAL "seal-v1@sallyport.dev"
#define SSHSIG_NAMESPACE_TRUST "trust-v1@sallyport.dev"

#define ED25519_PUBLIC_BYTES 32
#define ED25519_SIGNATURE_BYTES 64

/* What an authenticator says beside its signature: flags, and a counter, big-endian. */
#define SSH_SK_TAIL_BYTES 5
#define SSH_SK_USER_PRESENT 0x01

/* Of a signature file, what does not follow from the key, the namespace and the form. */
#define SSHSIG_SIGNATURE_BYTES_MAX (ED25519_SIGNATURE_BYTES + SSH_SK_TAIL_BYTES)

#define SSH_APPLICATION_LEN_MAX 128

enum ssh_key_type {
	SSH_KEY_ED25519,    /* ssh-ed25519 */
	SSH_KEY_SK_ED25519, /* sk-ssh-ed25519@openssh.com: held by a FIDO authenticator */
};

/** A public key of the types that may seal. */
struct ssh_public_key {
	uint8_t ed25519[ED25519_PUBLIC_BYTES];
	enum ssh_key_type type;
	char application[SSH_APPLICATION_LEN_MAX + 1]; /* of sk: "ssh:" or "ssh:<text>"; else "" */
};

/** ssh_public_key_of_ed25519(out, bytes): a key of type ssh-ed25519. */
void ssh_public_key_of_ed25519(
    struct ssh_public_key *out, const uint8_t bytes[ED25519_PUBLIC_BYTES]);

/** ssh_public_key_parse(out, type, base64, len, err): the two fields of a public key line;
 * ERR_FORMAT. */
int ssh_public_key_parse(struct ssh_public_key *out, const char *type, size_t type_len,
    const char *base64, size_t base64_len, struct error *err) MUST_CHECK;

/** ssh_public_key_parse_wire(out, wire, err): all of wire is a public key; ERR_FORMAT. */
int ssh_public_key_parse_wire(
    struct ssh_public_key *out, const struct ssh_wire *wire, struct error *err) MUST_CHECK;

/** ssh_public_key_line(b, key): "<type> <base64>", no line end. */
void ssh_public_key_line(struct buf *b, const struct ssh_public_key *key);

/** ssh_public_key_kid(out, key): first 16 hex digits of the SHA-256 of the SSH wire form. */
void ssh_public_key_kid(char out[LAYOUT_KID_LEN + 1], const struct ssh_public_key *key);

/** ssh_public_key_fingerprint(out, key): "SHA256:" and 43 characters of base64, as ssh-keygen -l
 * prints. */
#define SSH_FINGERPRINT_LEN 50
void ssh_public_key_fingerprint(
    char out[SSH_FINGERPRINT_LEN + 1], const struct ssh_public_key *key);

/** ssh_public_key_equal(a, b): whether they are one key: the same point, whatever type and
 * application are said of it. */
bool ssh_public_key_equal(const struct ssh_public_key *a, const struct ssh_public_key *b);

/** sshsig_signed_data(b, name_space, message, len): the bytes that an Ed25519 signature is made
 * over; an authenticator is handed them, and signs over their digest. */
void sshsig_signed_data(struct buf *b, const char *name_space, const void *message, size_t len);

/** sshsig_armor(b, blob, len): a signature's blob, of at most LIMIT_SIGNATURE_BYTES_MAX, as a file:
 * 70 columns, LF. */
void sshsig_armor(struct buf *b, const void *blob, size_t len);

/**
 * sshsig_encode(b, name_space, key, signature): the armored signature file.
 * signature: the 64 bytes, and for an authenticator's key the SSH_SK_TAIL_BYTES after them.
 */
void sshsig_encode(struct buf *b, const char *name_space, const struct ssh_public_key *key,
    const uint8_t *signature);

/**
 * sshsig_verify(armored, armored_len, name_space, key, message, len, err): 0 only if armored is,
 * byte for byte, what sshsig_encode() gives for this namespace, this key and a signature that holds
 * for message; an authenticator's must have been made in the presence of its user. Its counter is
 * not judged: nobody here knows the last one. ERR_SEAL otherwise.
 */
int sshsig_verify(const char *armored, size_t armored_len, const char *name_space,
    const struct ssh_public_key *key, const void *message, size_t len,
    struct error *err) MUST_CHECK;

#endif
