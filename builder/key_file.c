#include "builder/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "builder/key_box.h"
#include "builder/key_minisign.h"
#include "builder/key_openssh.h"
#include "builder/key_pkcs8.h"
#include "builder/pem.h"
#include "builder/secret_bytes.h"
#include "common/limits.h"

#define LABEL_PLAIN "PRIVATE KEY"
#define LABEL_ENCRYPTED "ENCRYPTED SIGSTORE PRIVATE KEY"
#define LABEL_ENCRYPTED_OLD "ENCRYPTED COSIGN PRIVATE KEY"
#define LABEL_OPENSSH "OPENSSH PRIVATE KEY"

static int check_file(int fd, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return error_sys(err, "fstat");
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_KEY, "not a regular file");
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return error_set(err, ERR_KEY, "belongs to another user");
	if ((st.st_mode & 077) != 0)
		return error_set(err, ERR_KEY, "others may read or write it: chmod 600 it");
	return 0;
}

static int read_key_file(struct secret_bytes *out, const char *path, struct error *err)
{
	auto_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && errno == ELOOP)
		return error_set(err, ERR_KEY, "a link; a secret key must be a file of its own");
	if (fd < 0 && errno == ENOENT)
		return error_set(err, ERR_SYSTEM, "there is none; 'builder keygen' makes one");
	if (fd < 0)
		return error_sys(err, "open");
	return check_file(fd, err) == 0 ? secret_bytes_read(out, fd, err) : -1;
}

/* What a PEM label says of the key inside, for those that are not taken. */
static const struct {
	const char *label;
	const char *advice;
} foreign[] = {
    {"ENCRYPTED PRIVATE KEY", "encrypted in a form that is not read here: 'openssl pkey -in FILE "
			      "-out COPY' takes the passphrase off"},
    {"EC PRIVATE KEY", "an ECDSA key; only Ed25519 keys sign here: make one with 'builder keygen'"},
    {"RSA PRIVATE KEY", "an RSA key; only Ed25519 keys sign here: make one with 'builder keygen'"},
    {"PUBLIC KEY", "a public key, not a secret one"},
};

static bool find_pem(
    const struct secret_bytes *text, const char *label, const char **body, size_t *body_len)
{
	return pem_find((const char *)text->bytes, text->len, label, body, body_len);
}

static bool is_minisign(const struct secret_bytes *text)
{
	size_t len = strlen(KEY_MINISIGN_COMMENT);

	return text->len >= len && memcmp(text->bytes, KEY_MINISIGN_COMMENT, len) == 0;
}

/* Which form it is, and what stands between BEGIN and END. */
static int recognise(enum key_form *out, const struct secret_bytes *text, const char **body,
    size_t *body_len, struct error *err)
{
	if (find_pem(text, LABEL_PLAIN, body, body_len))
		*out = KEY_FORM_PKCS8;
	else if (find_pem(text, LABEL_ENCRYPTED, body, body_len) ||
		 find_pem(text, LABEL_ENCRYPTED_OLD, body, body_len))
		*out = KEY_FORM_ENCRYPTED;
	else if (find_pem(text, LABEL_OPENSSH, body, body_len))
		*out = KEY_FORM_OPENSSH;
	else if (is_minisign(text))
		*out = KEY_FORM_MINISIGN;
	else {
		for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
			if (find_pem(text, foreign[i].label, body, body_len))
				return error_set(err, ERR_KEY, "%s", foreign[i].advice);
		}
		return error_set(err, ERR_KEY,
		    "no secret key that is known here: neither '" LABEL_PLAIN
		    "' nor '" LABEL_ENCRYPTED "' nor '" LABEL_OPENSSH
		    "' in PEM, nor one of minisign");
	}
	return 0;
}

static struct secret_key *open_encrypted(
    const struct secret_bytes *box, struct passphrase_source *source, struct error *err)
{
	auto_secret_bytes struct secret_bytes der = SECRET_BYTES_INIT;
	const struct passphrase *passphrase = passphrase_source_get(source, err);

	if (passphrase == NULL || secret_bytes_init(&der, LIMIT_KEY_FILE_BYTES_MAX, err) != 0 ||
	    key_box_open(
		der.bytes, &der.len, (const char *)box->bytes, box->len, passphrase, err) != 0)
		return NULL;
	return key_pkcs8_parse(der.bytes, der.len, err);
}

static struct secret_key *load(const char *path, bool foreign_too, struct passphrase_source *source,
    enum key_form *out_form, struct error *err)
{
	auto_secret_bytes struct secret_bytes text = SECRET_BYTES_INIT;
	auto_secret_bytes struct secret_bytes content = SECRET_BYTES_INIT;
	const char *body;
	size_t body_len;

	source->key = path;
	if (read_key_file(&text, path, err) != 0 ||
	    recognise(out_form, &text, &body, &body_len, err) != 0)
		return NULL;
	if (!foreign_too && *out_form != KEY_FORM_PKCS8 && *out_form != KEY_FORM_ENCRYPTED) {
		(void)error_set(err, ERR_KEY,
		    "a key of %s: 'builder key import' makes one of it that can be used here",
		    *out_form == KEY_FORM_OPENSSH ? "OpenSSH" : "minisign");
		return NULL;
	}
	if (*out_form == KEY_FORM_MINISIGN)
		return key_minisign_parse((const char *)text.bytes, text.len, source, err);
	if (secret_bytes_base64(&content, LIMIT_KEY_FILE_BYTES_MAX, body, body_len, err) != 0) {
		(void)error_prefix(err, "between BEGIN and END");
		return NULL;
	}
	switch (*out_form) {
	case KEY_FORM_ENCRYPTED:
		return open_encrypted(&content, source, err);
	case KEY_FORM_OPENSSH:
		return key_openssh_parse(content.bytes, content.len, err);
	default:
		return key_pkcs8_parse(content.bytes, content.len, err);
	}
}

struct secret_key *key_file_load(
    const char *path, struct passphrase_source *source, struct error *err)
{
	enum key_form form;
	struct secret_key *key = load(path, false, source, &form, err);

	if (key == NULL)
		(void)error_prefix(err, "key '%s'", path);
	return key;
}

struct secret_key *key_file_import(
    const char *path, struct passphrase_source *source, enum key_form *out_form, struct error *err)
{
	struct secret_key *key = load(path, true, source, out_form, err);

	if (key == NULL)
		(void)error_prefix(err, "key '%s'", path);
	return key;
}

int key_file_write_secret(struct key_text *out, const struct secret_key *key,
    const struct passphrase *passphrase, struct error *err)
{
	auto_secret_bytes struct secret_bytes der = SECRET_BYTES_INIT;
	auto_buf struct buf box = BUF_INIT(LIMIT_KEY_FILE_BYTES_MAX / 4);

	*out = (struct key_text){.bytes = NULL, .len = 0};
	if (secret_bytes_init(&der, KEY_PKCS8_BYTES, err) != 0)
		return -1;
	key_pkcs8_put(der.bytes, key);
	der.len = KEY_PKCS8_BYTES;
	out->bytes = sodium_malloc(LIMIT_KEY_FILE_BYTES_MAX);
	if (out->bytes == NULL)
		return error_sys(err, "key: locked memory");
	if (passphrase == NULL) {
		out->len = pem_put(out->bytes, LABEL_PLAIN, der.bytes, der.len);
		return 0;
	}
	if (key_box_seal(&box, der.bytes, der.len, passphrase, err) != 0)
		return -1;
	out->len = pem_put(out->bytes, LABEL_ENCRYPTED, box.data, box.len);
	return 0;
}

void key_text_release(struct key_text *t)
{
	sodium_free(t->bytes);
	t->bytes = NULL;
	t->len = 0;
}
