#include "builder/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "builder/key_box.h"
#include "common/base64.h"
#include "common/limits.h"

#define PEM_COLUMNS 64
#define LABEL_PLAIN "PRIVATE KEY"
#define LABEL_PUBLIC "PUBLIC KEY"
#define LABEL_ENCRYPTED "ENCRYPTED SIGSTORE PRIVATE KEY"
#define LABEL_ENCRYPTED_OLD "ENCRYPTED COSIGN PRIVATE KEY"

/* RFC 8410: the DER that stands before the 32 bytes of an Ed25519 key. */
static const uint8_t pkcs8_head[] = {
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
static const uint8_t spki_head[] = {
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

/* Bytes of which some may be secret, in locked memory. */
struct secret_bytes {
	uint8_t *bytes;
	size_t len;
};

static void secret_bytes_release(struct secret_bytes *s)
{
	sodium_free(s->bytes);
	s->bytes = NULL;
}
#define auto_secret_bytes __attribute__((cleanup(secret_bytes_release)))

static int secret_bytes_init(struct secret_bytes *s, size_t size, struct error *err)
{
	s->len = 0;
	s->bytes = sodium_malloc(size);
	return s->bytes != NULL ? 0 : error_sys(err, "key: locked memory");
}

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
	const size_t room_bytes = LIMIT_KEY_FILE_BYTES_MAX + 1;
	auto_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && errno == ELOOP)
		return error_set(err, ERR_KEY, "a link; a secret key must be a file of its own");
	if (fd < 0 && errno == ENOENT)
		return error_set(err, ERR_SYSTEM, "there is none; 'builder keygen' makes one");
	if (fd < 0)
		return error_sys(err, "open");
	if (check_file(fd, err) != 0 || secret_bytes_init(out, room_bytes, err) != 0)
		return -1;
	for (;;) {
		size_t room = room_bytes - out->len;
		if (room == 0)
			return error_set(err, ERR_KEY, "not a key file: larger than %u bytes",
			    LIMIT_KEY_FILE_BYTES_MAX);
		ssize_t got = read(fd, out->bytes + out->len, room);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(err, "read");
		if (got == 0)
			return 0;
		out->len += (size_t)got;
	}
}

/*
 * Does PEM text of this label begin and end here? Then *body is what stands between. Secret stores
 * drop the last line end, and some editors write two characters for each.
 */
static bool find_pem(
    const struct secret_bytes *text, const char *label, const char **body, size_t *body_len)
{
	auto_free char *begin = mem_printf("-----BEGIN %s-----", label);
	auto_free char *end = mem_printf("\n-----END %s-----", label);
	const char *at = (const char *)text->bytes;
	size_t begin_len = strlen(begin);
	size_t end_len = strlen(end);
	size_t len = text->len;

	while (len > 0 && (at[len - 1] == '\n' || at[len - 1] == '\r'))
		len--;
	if (len < begin_len + end_len || memcmp(at, begin, begin_len) != 0 ||
	    memcmp(at + len - end_len, end, end_len) != 0)
		return false;
	*body = at + begin_len;
	*body_len = len - begin_len - end_len;
	return true;
}

static int decode_body(
    struct secret_bytes *out, const char *body, size_t body_len, struct error *err)
{
	if (secret_bytes_init(out, LIMIT_KEY_FILE_BYTES_MAX, err) != 0)
		return -1;
	if (!base64_parse(out->bytes, LIMIT_KEY_FILE_BYTES_MAX, body, body_len, "\r\n", &out->len))
		return error_set(err, ERR_KEY, "not base64 between BEGIN and END");
	return 0;
}

static struct secret_key *key_of_pkcs8(const struct secret_bytes *der, struct error *err)
{
	if (der->len != sizeof(pkcs8_head) + ED25519_SEED_BYTES ||
	    memcmp(der->bytes, pkcs8_head, sizeof(pkcs8_head)) != 0) {
		(void)error_set(err, ERR_KEY, "not an Ed25519 key; make one with 'builder keygen'");
		return NULL;
	}
	return secret_key_from_seed(der->bytes + sizeof(pkcs8_head), err);
}

static struct secret_key *open_encrypted(
    const struct secret_bytes *box, struct passphrase_source *source, struct error *err)
{
	auto_secret_bytes struct secret_bytes der = {.bytes = NULL, .len = 0};
	const struct passphrase *passphrase = passphrase_source_get(source, err);

	if (passphrase == NULL || secret_bytes_init(&der, LIMIT_KEY_FILE_BYTES_MAX, err) != 0 ||
	    key_box_open(
		der.bytes, &der.len, (const char *)box->bytes, box->len, passphrase, err) != 0)
		return NULL;
	return key_of_pkcs8(&der, err);
}

static struct secret_key *load(
    const char *path, struct passphrase_source *source, struct error *err)
{
	auto_secret_bytes struct secret_bytes text = {.bytes = NULL, .len = 0};
	auto_secret_bytes struct secret_bytes content = {.bytes = NULL, .len = 0};
	const char *body;
	size_t body_len;

	if (read_key_file(&text, path, err) != 0)
		return NULL;
	bool plain = find_pem(&text, LABEL_PLAIN, &body, &body_len);
	if (!plain && !find_pem(&text, LABEL_ENCRYPTED, &body, &body_len) &&
	    !find_pem(&text, LABEL_ENCRYPTED_OLD, &body, &body_len)) {
		(void)error_set(
		    err, ERR_KEY, "neither '" LABEL_PLAIN "' nor '" LABEL_ENCRYPTED "' in PEM");
		return NULL;
	}
	if (decode_body(&content, body, body_len, err) != 0)
		return NULL;
	return plain ? key_of_pkcs8(&content, err) : open_encrypted(&content, source, err);
}

struct secret_key *key_file_load(
    const char *path, struct passphrase_source *source, struct error *err)
{
	struct secret_key *key = load(path, source, err);

	if (key == NULL)
		(void)error_prefix(err, "key '%s'", path);
	return key;
}

/* Base64 in lines between BEGIN and END; returns the length. out has room for twice the bytes and
 * 256. */
static size_t write_pem(char *out, const char *label, const void *bytes, size_t len)
{
	size_t room = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	char *base64 = sodium_malloc(room);
	char *at = out;

	if (base64 == NULL)
		mem_exhausted();
	sodium_bin2base64(base64, room, bytes, len, sodium_base64_VARIANT_ORIGINAL);
	at += snprintf(at, 64, "-----BEGIN %s-----\n", label);
	for (size_t i = 0; i + 1 < room; i += PEM_COLUMNS) {
		size_t line = room - 1 - i < PEM_COLUMNS ? room - 1 - i : PEM_COLUMNS;
		memcpy(at, base64 + i, line);
		at += line;
		*at++ = '\n';
	}
	sodium_free(base64);
	at += snprintf(at, 64, "-----END %s-----\n", label);
	return (size_t)(at - out);
}

int key_file_write_secret(struct key_text *out, const struct secret_key *key,
    const struct passphrase *passphrase, struct error *err)
{
	auto_secret_bytes struct secret_bytes der = {.bytes = NULL, .len = 0};
	auto_buf struct buf box = BUF_INIT(LIMIT_KEY_FILE_BYTES_MAX / 4);

	*out = (struct key_text){.bytes = NULL, .len = 0};
	if (secret_bytes_init(&der, sizeof(pkcs8_head) + ED25519_SEED_BYTES, err) != 0)
		return -1;
	memcpy(der.bytes, pkcs8_head, sizeof(pkcs8_head));
	memcpy(der.bytes + sizeof(pkcs8_head), secret_key_seed(key), ED25519_SEED_BYTES);
	der.len = sizeof(pkcs8_head) + ED25519_SEED_BYTES;
	out->bytes = sodium_malloc(LIMIT_KEY_FILE_BYTES_MAX);
	if (out->bytes == NULL)
		return error_sys(err, "key: locked memory");
	if (passphrase == NULL) {
		out->len = write_pem(out->bytes, LABEL_PLAIN, der.bytes, der.len);
		return 0;
	}
	if (key_box_seal(&box, der.bytes, der.len, passphrase, err) != 0)
		return -1;
	out->len = write_pem(out->bytes, LABEL_ENCRYPTED, box.data, box.len);
	return 0;
}

void key_text_release(struct key_text *t)
{
	sodium_free(t->bytes);
	t->bytes = NULL;
	t->len = 0;
}

void key_file_write_public(struct buf *b, const struct ssh_public_key *key)
{
	uint8_t spki[sizeof(spki_head) + ED25519_PUBLIC_BYTES];
	char text[512];

	memcpy(spki, spki_head, sizeof(spki_head));
	memcpy(spki + sizeof(spki_head), key->ed25519, ED25519_PUBLIC_BYTES);
	buf_put(b, text, write_pem(text, LABEL_PUBLIC, spki, sizeof(spki)));
}
