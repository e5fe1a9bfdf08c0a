#include "builder/seal_signature.h"

#include "builder/key_file.h"
#include "builder/ssh_key_file.h"
#include "builder/ssh_keygen.h"

void seal_signature_release(struct seal_signature *s)
{
	buf_release(&s->armored);
}

static int make_with_key(struct seal_signature *out, const char *keys,
    struct passphrase_source *passphrase, const struct buf *seal, struct error *err)
{
	auto_free char *path = mem_printf("%s/seal.key", keys);
	auto_secret_key struct secret_key *key = key_file_load(path, passphrase, err);

	if (key == NULL)
		return -1;
	out->key = secret_key_public(key);
	secret_key_seal(key, SSHSIG_NAMESPACE_SEAL, buf_text(seal), seal->len, &out->armored);
	return 0;
}

static int make_with_ssh(
    struct seal_signature *out, const char *path, const struct buf *seal, struct error *err)
{
	if (ssh_key_file_public(&out->key, path, err) != 0)
		return -1;
	return ssh_keygen_sign(
	    &out->armored, path, SSHSIG_NAMESPACE_SEAL, buf_text(seal), seal->len, err);
}

static int obtain(struct seal_signature *out, const struct seal_signer *signer,
    struct passphrase_source *passphrase, const struct buf *seal, struct error *err)
{
	if (signer->ssh_key != NULL)
		return make_with_ssh(out, signer->ssh_key, seal, err);
	return make_with_key(out, signer->keys, passphrase, seal, err);
}

int seal_signature_make(struct seal_signature *out, const struct seal_signer *signer,
    struct passphrase_source *passphrase, const struct buf *seal, struct error *err)
{
	char kid[LAYOUT_KID_LEN + 1];
	const char *source = signer->ssh_key != NULL ? signer->ssh_key : signer->keys;

	if (obtain(out, signer, passphrase, seal, err) != 0)
		return -1;
	if (sshsig_verify(buf_text(&out->armored), out->armored.len, SSHSIG_NAMESPACE_SEAL,
		&out->key, buf_text(seal), seal->len, err) != 0)
		return error_prefix(err, "the signature of '%s' over SEAL", source);
	ssh_public_key_kid(kid, &out->key);
	layout_signature_name(out->name, kid);
	return 0;
}
