#include "common/sshsig.h"

#include <string.h>

#include <nettle/sha2.h>
#include <sodium.h>

#include "common/base64.h"
#include "common/digest.h"
#include "common/limits.h"

#define MAGIC "SSHSIG"
#define MAGIC_LEN 6
#define HASH_NAME "sha512"
#define ARMOR_BEGIN "-----BEGIN SSH SIGNATURE-----\n"
#define ARMOR_END "-----END SSH SIGNATURE-----\n"
#define ARMOR_COLUMNS 70

static const char *const type_names[] = {
    [SSH_KEY_ED25519] = "ssh-ed25519",
    [SSH_KEY_SK_ED25519] = "sk-ssh-ed25519@openssh.com",
};
#define TYPE_COUNT (sizeof(type_names) / sizeof(type_names[0]))

/* string type, string of 32 bytes, string application */
#define WIRE_KEY_BYTES_MAX (4 + 26 + 4 + ED25519_PUBLIC_BYTES + 4 + SSH_APPLICATION_LEN_MAX)

/* The SSH wire types of RFC 4251 section 5, as far as signatures need them. */
static void put_u32(struct buf *b, uint32_t value)
{
	const unsigned char bytes[] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
	    (unsigned char)(value >> 8), (unsigned char)value};
	buf_put(b, bytes, sizeof(bytes));
}

static void put_string(struct buf *b, const void *bytes, size_t len)
{
	put_u32(b, (uint32_t)len);
	buf_put(b, bytes, len);
}

static void put_text(struct buf *b, const char *text)
{
	put_string(b, text, strlen(text));
}

static void put_wire_key(struct buf *b, const struct ssh_public_key *key)
{
	put_text(b, type_names[key->type]);
	put_string(b, key->ed25519, sizeof(key->ed25519));
	if (key->type == SSH_KEY_SK_ED25519)
		put_text(b, key->application);
}

/* Bytes of a signature file that are the signature's own. */
static size_t signature_bytes(const struct ssh_public_key *key)
{
	return key->type == SSH_KEY_SK_ED25519 ? SSHSIG_SIGNATURE_BYTES_MAX
					       : ED25519_SIGNATURE_BYTES;
}

void ssh_public_key_of_ed25519(
    struct ssh_public_key *out, const uint8_t bytes[ED25519_PUBLIC_BYTES])
{
	*out = (struct ssh_public_key){.ed25519 = {0}};
	memcpy(out->ed25519, bytes, sizeof(out->ed25519));
}

static bool parse_type(enum ssh_key_type *out, const char *type, size_t len)
{
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		if (len == strlen(type_names[i]) && memcmp(type, type_names[i], len) == 0) {
			*out = (enum ssh_key_type)i;
			return true;
		}
	}
	return false;
}

/* What follows the key in the wire form of an authenticator's; its length is compared later. */
static bool take_application(struct ssh_public_key *out, const unsigned char *wire, size_t len)
{
	if (len < 4 || len - 4 > SSH_APPLICATION_LEN_MAX)
		return false;
	for (size_t i = 4; i < len; i++) {
		if (wire[i] <= ' ' || wire[i] > '~')
			return false;
		out->application[i - 4] = (char)wire[i];
	}
	return strncmp(out->application, "ssh:", 4) == 0;
}

/* The key at its place in the wire form: right if writing it again gives the same. */
static bool parse_wire(struct ssh_public_key *out, const unsigned char *wire, size_t len)
{
	auto_buf struct buf expected = BUF_INIT(WIRE_KEY_BYTES_MAX);
	size_t at = 4 + strlen(type_names[out->type]) + 4;

	if (len < at + ED25519_PUBLIC_BYTES)
		return false;
	memcpy(out->ed25519, wire + at, ED25519_PUBLIC_BYTES);
	at += ED25519_PUBLIC_BYTES;
	if (out->type == SSH_KEY_SK_ED25519 && !take_application(out, wire + at, len - at))
		return false;
	put_wire_key(&expected, out);
	return expected.len == len && memcmp(expected.data, wire, len) == 0;
}

static int take_type(struct ssh_public_key *out, const char *type, size_t len, struct error *err)
{
	*out = (struct ssh_public_key){.ed25519 = {0}};
	if (parse_type(&out->type, type, len))
		return 0;
	return error_set(err, ERR_FORMAT, "key type '%.*s': only %s and %s are taken",
	    len > 64 ? 64 : (int)len, type, type_names[SSH_KEY_ED25519],
	    type_names[SSH_KEY_SK_ED25519]);
}

static int take_wire(
    struct ssh_public_key *out, const unsigned char *wire, size_t len, struct error *err)
{
	if (parse_wire(out, wire, len))
		return 0;
	return error_set(
	    err, ERR_FORMAT, "not an %s public key inside the base64", type_names[out->type]);
}

int ssh_public_key_parse(struct ssh_public_key *out, const char *type, size_t type_len,
    const char *base64, size_t base64_len, struct error *err)
{
	unsigned char wire[WIRE_KEY_BYTES_MAX];
	size_t len;

	if (take_type(out, type, type_len, err) != 0)
		return -1;
	if (!base64_parse(wire, sizeof(wire), base64, base64_len, NULL, &len))
		return error_set(
		    err, ERR_FORMAT, "not the base64 of an %s public key", type_names[out->type]);
	return take_wire(out, wire, len, err);
}

int ssh_public_key_parse_wire(
    struct ssh_public_key *out, const struct ssh_wire *wire, struct error *err)
{
	struct ssh_wire rest = *wire;
	struct ssh_wire type;

	if (!ssh_wire_string(&rest, &type))
		return error_set(err, ERR_FORMAT, "not an OpenSSH public key");
	if (take_type(out, (const char *)type.at, type.left, err) != 0)
		return -1;
	return take_wire(out, wire->at, wire->left, err);
}

void ssh_public_key_line(struct buf *b, const struct ssh_public_key *key)
{
	auto_buf struct buf wire = BUF_INIT(WIRE_KEY_BYTES_MAX);

	put_wire_key(&wire, key);
	buf_puts(b, type_names[key->type]);
	buf_putc(b, ' ');
	base64_put(b, wire.data, wire.len);
}

static void wire_digest(struct digest *out, const struct ssh_public_key *key)
{
	auto_buf struct buf wire = BUF_INIT(WIRE_KEY_BYTES_MAX);

	put_wire_key(&wire, key);
	digest_of(out, wire.data, wire.len);
}

void ssh_public_key_kid(char out[LAYOUT_KID_LEN + 1], const struct ssh_public_key *key)
{
	struct digest d;
	char hex[DIGEST_HEX_LEN + 1];

	wire_digest(&d, key);
	digest_hex(hex, &d);
	memcpy(out, hex, LAYOUT_KID_LEN);
	out[LAYOUT_KID_LEN] = '\0';
}

void ssh_public_key_fingerprint(char out[SSH_FINGERPRINT_LEN + 1], const struct ssh_public_key *key)
{
	struct digest d;

	wire_digest(&d, key);
	memcpy(out, "SHA256:", 7);
	sodium_bin2base64(out + 7, SSH_FINGERPRINT_LEN + 1 - 7, d.bytes, sizeof(d.bytes),
	    sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

bool ssh_public_key_equal(const struct ssh_public_key *a, const struct ssh_public_key *b)
{
	return memcmp(a->ed25519, b->ed25519, sizeof(a->ed25519)) == 0;
}

void sshsig_signed_data(struct buf *b, const char *name_space, const void *message, size_t len)
{
	uint8_t hash[SHA512_DIGEST_SIZE];
	struct sha512_ctx sha512;

	sha512_init(&sha512);
	sha512_update(&sha512, len, message);
	sha512_digest(&sha512, sizeof(hash), hash);
	buf_put(b, MAGIC, MAGIC_LEN);
	put_text(b, name_space);
	put_text(b, ""); /* reserved */
	put_text(b, HASH_NAME);
	put_string(b, hash, sizeof(hash));
}

/* The blob inside the armor: everything but the signature follows from the key and the namespace.
 */
static void put_blob(struct buf *b, const char *name_space, const struct ssh_public_key *key,
    const uint8_t *signature)
{
	auto_buf struct buf inner = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);

	buf_put(b, MAGIC, MAGIC_LEN);
	put_u32(b, 1);
	put_wire_key(&inner, key);
	put_string(b, inner.data, inner.len);
	put_text(b, name_space);
	put_text(b, ""); /* reserved */
	put_text(b, HASH_NAME);
	buf_release(&inner);
	put_text(&inner, type_names[key->type]);
	put_string(&inner, signature, ED25519_SIGNATURE_BYTES);
	buf_put(&inner, signature + ED25519_SIGNATURE_BYTES,
	    signature_bytes(key) - ED25519_SIGNATURE_BYTES);
	put_string(b, inner.data, inner.len);
}

void sshsig_armor(struct buf *b, const void *blob, size_t len)
{
	auto_buf struct buf base64 = BUF_INIT(2 * LIMIT_SIGNATURE_BYTES_MAX);

	base64_put(&base64, blob, len);
	buf_puts(b, ARMOR_BEGIN);
	for (size_t at = 0; at < base64.len; at += ARMOR_COLUMNS) {
		size_t left = base64.len - at;
		buf_put(b, base64.data + at, left < ARMOR_COLUMNS ? left : ARMOR_COLUMNS);
		buf_putc(b, '\n');
	}
	buf_puts(b, ARMOR_END);
}

void sshsig_encode(struct buf *b, const char *name_space, const struct ssh_public_key *key,
    const uint8_t *signature)
{
	auto_buf struct buf blob = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);

	put_blob(&blob, name_space, key, signature);
	sshsig_armor(b, blob.data, blob.len);
}

/* The signature out of an armored file: the last bytes of the blob. What comes before is compared
 * later. */
static int take_signature(uint8_t *out, size_t count, const char *armored, size_t len)
{
	size_t frame = strlen(ARMOR_BEGIN) + strlen(ARMOR_END);
	unsigned char blob[LIMIT_SIGNATURE_BYTES_MAX];
	size_t blob_len;

	if (len <= frame || len > LIMIT_SIGNATURE_BYTES_MAX)
		return -1;
	if (!base64_parse(
		blob, sizeof(blob), armored + strlen(ARMOR_BEGIN), len - frame, "\n", &blob_len) ||
	    blob_len <= count)
		return -1;
	memcpy(out, blob + blob_len - count, count);
	return 0;
}

/*
 * What an authenticator signs in the place of the data: it sees no more than their digest, and adds
 * its flags and counter. Source: OpenSSH PROTOCOL.u2f, "SSH U2F Signatures".
 */
static void put_sk_signed_data(
    struct buf *b, const struct ssh_public_key *key, const uint8_t *tail, const struct buf *data)
{
	struct digest d;

	digest_of(&d, key->application, strlen(key->application));
	buf_put(b, d.bytes, sizeof(d.bytes));
	buf_put(b, tail, SSH_SK_TAIL_BYTES);
	digest_of(&d, data->data, data->len);
	buf_put(b, d.bytes, sizeof(d.bytes));
}

static int verify_signature(const char *name_space, const struct ssh_public_key *key,
    const uint8_t *signature, const void *message, size_t len, struct error *err)
{
	const uint8_t *tail = signature + ED25519_SIGNATURE_BYTES;
	auto_buf struct buf data = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);
	auto_buf struct buf sk_data = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);
	const struct buf *signed_data = &data;

	sshsig_signed_data(&data, name_space, message, len);
	if (key->type == SSH_KEY_SK_ED25519) {
		put_sk_signed_data(&sk_data, key, tail, &data);
		signed_data = &sk_data;
	}
	if (crypto_sign_verify_detached(signature, (const unsigned char *)signed_data->data,
		signed_data->len, key->ed25519) != 0)
		return error_set(err, ERR_SEAL, "the signature does not hold");
	if (key->type == SSH_KEY_SK_ED25519 && (tail[0] & SSH_SK_USER_PRESENT) == 0)
		return error_set(err, ERR_SEAL,
		    "signed by an authenticator that nobody touched (its key was made with "
		    "no-touch-required)");
	return 0;
}

int sshsig_verify(const char *armored, size_t armored_len, const char *name_space,
    const struct ssh_public_key *key, const void *message, size_t len, struct error *err)
{
	uint8_t signature[SSHSIG_SIGNATURE_BYTES_MAX];
	auto_buf struct buf expected = BUF_INIT(2 * LIMIT_SIGNATURE_BYTES_MAX);

	if (take_signature(signature, signature_bytes(key), armored, armored_len) != 0)
		return error_set(err, ERR_SEAL, "not an OpenSSH signature file");
	/* One spelling only: nothing in the file but the bytes of the signature is free. */
	sshsig_encode(&expected, name_space, key, signature);
	if (expected.len != armored_len || memcmp(expected.data, armored, armored_len) != 0)
		return error_set(err, ERR_SEAL,
		    "not, byte for byte, the form that ssh-keygen writes for this key and the "
		    "namespace %s",
		    name_space);
	return verify_signature(name_space, key, signature, message, len, err);
}
