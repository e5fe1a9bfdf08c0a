#include "builder/key_box.h"

#include <string.h>

#include <sodium.h>

#include "common/base64.h"
#include "common/json.h"
#include "common/limits.h"

#define SALT_BYTES 32
#define COST_N 65536U
#define COST_R 8U
#define COST_P 1U

struct box {
	uint64_t cost_n;
	uint8_t salt[SALT_BYTES];
	uint8_t nonce[crypto_secretbox_NONCEBYTES];
	uint8_t ciphertext[LIMIT_KEY_FILE_BYTES_MAX];
	size_t ciphertext_len;
};

static int take_base64(const json_t *object, const char *name, uint8_t *out, size_t room,
    size_t *out_len, struct error *err)
{
	const char *text;

	if (json_strict_string(object, name, JSON_REQUIRED, &text, err) != 0)
		return -1;
	if (!base64_parse(out, room, text, strlen(text), NULL, out_len))
		return error_set(
		    err, ERR_KEY, "member '%s' is not base64 of at most %zu bytes", name, room);
	return 0;
}

static int take_name(const json_t *object, const char *expected, struct error *err)
{
	const char *name;

	if (json_strict_string(object, "name", JSON_REQUIRED, &name, err) != 0)
		return -1;
	if (strcmp(name, expected) != 0)
		return error_set(err, ERR_KEY, "'%.60s' in the place of %s", name, expected);
	return 0;
}

static int parse_kdf(struct box *out, const json_t *kdf, struct error *err)
{
	const json_t *params;
	uint64_t r = 0;
	uint64_t p = 0;
	size_t salt_len;

	if (take_name(kdf, "scrypt", err) != 0 ||
	    json_strict_object(kdf, "params", JSON_REQUIRED, &params, err) != 0 ||
	    json_strict_size(params, "N", JSON_REQUIRED, &out->cost_n, err) != 0 ||
	    json_strict_size(params, "r", JSON_REQUIRED, &r, err) != 0 ||
	    json_strict_size(params, "p", JSON_REQUIRED, &p, err) != 0 ||
	    take_base64(kdf, "salt", out->salt, sizeof(out->salt), &salt_len, err) != 0)
		return -1;
	/* The costs that cosign accepts; anything else would let a key file choose how much memory
	 * we take. */
	if ((out->cost_n != COST_N / 2 && out->cost_n != COST_N && out->cost_n != COST_N * 2) ||
	    r != COST_R || p != COST_P || salt_len != SALT_BYTES)
		return error_set(err, ERR_KEY, "scrypt parameters that cosign does not use");
	return 0;
}

static int parse_box(struct box *out, const char *json, size_t len, struct error *err)
{
	const json_t *kdf;
	const json_t *cipher;
	size_t nonce_len;
	json_auto_t *root = json_strict_load(json, len, err);

	if (root == NULL || json_strict_object(root, "kdf", JSON_REQUIRED, &kdf, err) != 0 ||
	    parse_kdf(out, kdf, err) != 0 ||
	    json_strict_object(root, "cipher", JSON_REQUIRED, &cipher, err) != 0 ||
	    take_name(cipher, "nacl/secretbox", err) != 0 ||
	    take_base64(cipher, "nonce", out->nonce, sizeof(out->nonce), &nonce_len, err) != 0 ||
	    take_base64(root, "ciphertext", out->ciphertext, sizeof(out->ciphertext),
		&out->ciphertext_len, err) != 0)
		return -1;
	if (nonce_len != sizeof(out->nonce) || out->ciphertext_len <= crypto_secretbox_MACBYTES)
		return error_set(err, ERR_KEY, "nonce or ciphertext too short");
	return 0;
}

/* The secretbox key, in locked memory; NULL with err set. */
static uint8_t *derive(const struct passphrase *passphrase, const uint8_t salt[SALT_BYTES],
    uint64_t cost_n, struct error *err)
{
	uint8_t *key = sodium_malloc(crypto_secretbox_KEYBYTES);

	if (key != NULL && crypto_pwhash_scryptsalsa208sha256_ll((const uint8_t *)passphrase->bytes,
			       passphrase->len, salt, SALT_BYTES, cost_n, COST_R, COST_P, key,
			       crypto_secretbox_KEYBYTES) == 0)
		return key;
	sodium_free(key);
	(void)error_sys(err, "scrypt");
	return NULL;
}

int key_box_open(uint8_t *out, size_t *out_len, const char *json, size_t len,
    const struct passphrase *passphrase, struct error *err)
{
	auto_free struct box *box = mem_zalloc(1, sizeof(*box));

	if (parse_box(box, json, len, err) != 0)
		return error_recode(err, ERR_KEY);
	uint8_t *key = derive(passphrase, box->salt, box->cost_n, err);
	if (key == NULL)
		return -1;
	int opened =
	    crypto_secretbox_open_easy(out, box->ciphertext, box->ciphertext_len, box->nonce, key);
	sodium_free(key);
	if (opened != 0)
		return error_set(err, ERR_KEY, "wrong passphrase, or a damaged file");
	*out_len = box->ciphertext_len - crypto_secretbox_MACBYTES;
	return 0;
}

int key_box_seal(struct buf *b, const uint8_t *secret, size_t len,
    const struct passphrase *passphrase, struct error *err)
{
	auto_free struct box *box = mem_zalloc(1, sizeof(*box));

	if (len > sizeof(box->ciphertext) - crypto_secretbox_MACBYTES)
		return error_set(err, ERR_LIMIT, "secret too large");
	randombytes_buf(box->salt, sizeof(box->salt));
	randombytes_buf(box->nonce, sizeof(box->nonce));
	uint8_t *key = derive(passphrase, box->salt, COST_N, err);
	if (key == NULL)
		return -1;
	(void)crypto_secretbox_easy(box->ciphertext, secret, len, box->nonce, key);
	sodium_free(key);
	buf_printf(b,
	    "{\"kdf\":{\"name\":\"scrypt\",\"params\":{\"N\":%u,\"r\":%u,\"p\":%u},\"salt\":\"",
	    COST_N, COST_R, COST_P);
	base64_put(b, box->salt, sizeof(box->salt));
	buf_puts(b, "\"},\"cipher\":{\"name\":\"nacl/secretbox\",\"nonce\":\"");
	base64_put(b, box->nonce, sizeof(box->nonce));
	buf_puts(b, "\"},\"ciphertext\":\"");
	base64_put(b, box->ciphertext, len + crypto_secretbox_MACBYTES);
	buf_puts(b, "\"}");
	return buf_check(b, "encrypted key", err);
}
