/*
 * Secret key files: PKCS#8 PEM, and the same encrypted in cosign's format.
 * Source: RFC 8410; reference signing.md 3; design formats.md 4.
 */
#ifndef BUILDER_KEY_FILE_H
#define BUILDER_KEY_FILE_H

#include "builder/passphrase.h"
#include "builder/secret_key.h"
#include "common/buf.h"

/** The forms of a secret key file. Only the first two are ours; the others are for import. */
enum key_form {
	KEY_FORM_PKCS8,
	KEY_FORM_ENCRYPTED, /* cosign's */
	KEY_FORM_OPENSSH,
	KEY_FORM_MINISIGN,
};

/**
 * key_file_load(path, source, err): a secret key in one of our two forms; NULL with err set.
 *
 * The file must be regular, not a link, of this user or root, with no right for group or others:
 * ERR_KEY otherwise, before anything is read. Only an encrypted key asks source for the passphrase.
 * ERR_KEY for a wrong passphrase and for anything but an Ed25519 key.
 */
struct secret_key *key_file_load(
    const char *path, struct passphrase_source *source, struct error *err) MUST_CHECK;

/** key_file_import(path, source, out_form, err): the same, of every form. */
struct secret_key *key_file_import(const char *path, struct passphrase_source *source,
    enum key_form *out_form, struct error *err) MUST_CHECK;

/**
 * key_file_write_secret(out, key, passphrase, err): PEM text; encrypted where passphrase is not
 * NULL. Grown in ordinary memory only where encrypted; a plain one goes to sodium memory: release
 * with key_text_release().
 */
struct key_text {
	char *bytes; /* sodium_malloc */
	size_t len;
};
int key_file_write_secret(struct key_text *out, const struct secret_key *key,
    const struct passphrase *passphrase, struct error *err) MUST_CHECK;
void key_text_release(struct key_text *t);
#define auto_key_text __attribute__((cleanup(key_text_release)))

#endif
