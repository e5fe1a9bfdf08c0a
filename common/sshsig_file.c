#include "common/sshsig_file.h"

#include <string.h>

#include "common/base64.h"
#include "common/limits.h"

#define BEGIN "-----BEGIN SSH SIGNATURE-----"
#define END "-----END SSH SIGNATURE-----"
#define MAGIC "SSHSIG"
#define VERSION_BYTES 4

struct blob {
	uint8_t bytes[LIMIT_SIGNATURE_BYTES_MAX];
	size_t len;
};

static int decode(struct blob *out, const char *text, size_t len, struct error *err)
{
	const size_t begin_len = strlen(BEGIN);

	if (len > LIMIT_SIGNATURE_BYTES_MAX)
		return error_set(err, ERR_LIMIT, "larger than %u bytes", LIMIT_SIGNATURE_BYTES_MAX);
	if (len < begin_len || memcmp(text, BEGIN, begin_len) != 0)
		return error_set(err, ERR_SEAL, "not an OpenSSH signature file");
	const char *body = text + begin_len;
	const char *end = memmem(body, len - begin_len, "\n" END, strlen("\n" END));
	if (end == NULL || !base64_parse(out->bytes, sizeof(out->bytes), body, (size_t)(end - body),
			       " \r\n", &out->len))
		return error_set(err, ERR_SEAL, "not an OpenSSH signature file");
	return 0;
}

int sshsig_normalize(struct buf *out, const char *text, size_t len, struct error *err)
{
	struct blob blob;

	if (decode(&blob, text, len, err) != 0)
		return -1;
	sshsig_armor(out, blob.bytes, blob.len);
	return buf_check(out, "the signature", err);
}

/* The wire string at *at, within the blob; false where it does not fit. */
static bool take_string(const struct blob *b, size_t *at, const uint8_t **out, size_t *out_len)
{
	if (b->len - *at < 4)
		return false;
	const uint8_t *p = b->bytes + *at;
	uint32_t len = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	if (len > b->len - *at - 4)
		return false;
	*out = p + 4;
	*out_len = len;
	*at += 4 + (size_t)len;
	return true;
}

int sshsig_public_key(
    struct ssh_public_key *out, const char *armored, size_t len, struct error *err)
{
	auto_buf struct buf base64 = BUF_INIT(2 * LIMIT_SIGNATURE_BYTES_MAX);
	struct blob blob;
	size_t at = strlen(MAGIC) + VERSION_BYTES;
	const uint8_t *key;
	size_t key_len;

	if (decode(&blob, armored, len, err) != 0)
		return -1;
	if (blob.len < at || memcmp(blob.bytes, MAGIC, strlen(MAGIC)) != 0 ||
	    !take_string(&blob, &at, &key, &key_len))
		return error_set(err, ERR_SEAL, "not an OpenSSH signature inside the base64");
	/* The key is a wire form of its own, beginning with its type. */
	struct blob inner = {.len = key_len};
	const uint8_t *type;
	size_t type_len;
	memcpy(inner.bytes, key, key_len);
	at = 0;
	if (!take_string(&inner, &at, &type, &type_len))
		return error_set(err, ERR_SEAL, "no public key inside the signature");
	base64_put(&base64, key, key_len);
	if (ssh_public_key_parse(
		out, (const char *)type, type_len, buf_text(&base64), base64.len, err) != 0)
		return error_recode(err, ERR_SEAL);
	return 0;
}
