#include "builder/seal_signature.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/key_file.h"
#include "builder/ssh_key_file.h"
#include "builder/ssh_keygen.h"
#include "common/fd.h"
#include "common/printable.h"
#include "common/sshsig_file.h"

void seal_signature_release(struct seal_signature *s)
{
	buf_release(&s->armored);
}

static const char *name_space_of(const struct seal_signer *signer)
{
	return signer->is_root ? SSHSIG_NAMESPACE_TRUST : SSHSIG_NAMESPACE_SEAL;
}

static int make_with_key(struct seal_signature *out, const struct seal_signer *signer,
    struct passphrase_source *passphrase, const struct buf *seal, struct error *err)
{
	auto_free char *path =
	    mem_printf("%s/%s.key", signer->keys, signer->is_root ? "root" : "seal");
	auto_secret_key struct secret_key *key = key_file_load(path, passphrase, err);

	if (key == NULL)
		return -1;
	out->key = secret_key_public(key);
	secret_key_seal(key, name_space_of(signer), buf_text(seal), seal->len, &out->armored);
	return 0;
}

/* ssh-keygen says so only where its own standard error is the terminal, and ours is a pipe. */
static void ask_for_touch(const char *path)
{
	auto_buf struct buf line = BUF_INIT(4096);

	if (isatty(STDERR_FILENO) == 0)
		return;
	buf_puts(&line, "builder: touch the authenticator of '");
	printable_put(&line, path, strlen(path));
	buf_puts(&line, "' when it asks for it\n");
	if (fd_write_all(STDERR_FILENO, buf_text(&line), line.len) != 0)
		return; /* who does not see it finds the authenticator blinking */
}

static int make_with_ssh(struct seal_signature *out, const struct seal_signer *signer,
    const struct buf *seal, struct error *err)
{
	const char *path = signer->ssh_key;

	if (ssh_key_file_public(&out->key, path, err) != 0)
		return -1;
	if (out->key.type == SSH_KEY_SK_ED25519)
		ask_for_touch(path);
	return ssh_keygen_sign(
	    &out->armored, path, name_space_of(signer), buf_text(seal), seal->len, err);
}

static int read_signature(struct seal_signature *out, const char *path, struct error *err)
{
	auto_buf struct buf found = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);
	struct stat st;
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0)
		return error_sys(err, "open");
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_SEAL, "not a regular file");
	if (buf_read_fd(&found, fd, "it", err) != 0 ||
	    sshsig_normalize(&out->armored, buf_text(&found), found.len, err) != 0)
		return -1;
	return sshsig_public_key(&out->key, buf_text(&out->armored), out->armored.len, err);
}

static int obtain(struct seal_signature *out, const struct seal_signer *signer,
    struct passphrase_source *passphrase, const struct buf *seal, struct error *err)
{
	if (signer->ssh_key != NULL)
		return make_with_ssh(out, signer, seal, err);
	if (signer->signature == NULL)
		return make_with_key(out, signer, passphrase, seal, err);
	if (read_signature(out, signer->signature, err) == 0)
		return 0;
	(void)error_recode(err, ERR_SEAL);
	return error_prefix(err, "signature '%s'", signer->signature);
}

int seal_signature_make(struct seal_signature *out, const struct seal_signer *signer,
    struct passphrase_source *passphrase, const struct buf *seal, struct error *err)
{
	char kid[LAYOUT_KID_LEN + 1];
	const char *source = signer->ssh_key != NULL     ? signer->ssh_key
			     : signer->signature != NULL ? signer->signature
							 : signer->keys;

	if (obtain(out, signer, passphrase, seal, err) != 0)
		return -1;
	if (sshsig_verify(buf_text(&out->armored), out->armored.len, name_space_of(signer),
		&out->key, buf_text(seal), seal->len, err) != 0)
		return error_prefix(err, "the signature of '%s' over %s", source,
		    signer->is_root ? TRUST_UPDATE_LIST : LAYOUT_SEAL);
	ssh_public_key_kid(kid, &out->key);
	if (signer->is_root)
		trust_update_signature_name(out->name, kid);
	else
		layout_signature_name(out->name, kid);
	return 0;
}
