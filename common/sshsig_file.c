#include "common/sshsig_file.h"

#include <string.h>

#include "common/base64.h"
#include "common/limits.h"

#define BEGIN "-----BEGIN SSH SIGNATURE-----"
#define END "-----END SSH SIGNATURE-----"
#define MAGIC "SSHSIG"

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

int sshsig_public_key(
    struct ssh_public_key *out, const char *armored, size_t len, struct error *err)
{
	static const uint8_t version_1[] = {0, 0, 0, 1};
	struct blob blob;
	struct ssh_wire key;

	if (decode(&blob, armored, len, err) != 0)
		return -1;
	struct ssh_wire w = {.at = blob.bytes, .left = blob.len};
	if (!ssh_wire_bytes(&w, MAGIC, strlen(MAGIC)) ||
	    !ssh_wire_bytes(&w, version_1, sizeof(version_1)) || !ssh_wire_string(&w, &key))
		return error_set(err, ERR_SEAL, "not an OpenSSH signature inside the base64");
	if (ssh_public_key_parse_wire(out, &key, err) != 0)
		return error_recode(err, ERR_SEAL);
	return 0;
}
