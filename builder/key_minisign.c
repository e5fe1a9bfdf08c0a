#include "builder/key_minisign.h"

#include <string.h>

#include <sodium.h>

#include "builder/secret_bytes.h"

#define KEY_NUMBER_BYTES 8
#define SECRET_BYTES 64 /* seed, then the public key */
#define CHECK_BYTES 32

/* The file's second line, decoded. Nothing in it needs alignment. */
struct minisign_key {
	uint8_t signature_algorithm[2]; /* "Ed" */
	uint8_t kdf_algorithm[2];       /* "Sc", or zero for no passphrase */
	uint8_t check_algorithm[2];     /* "B2" */
	uint8_t salt[crypto_pwhash_scryptsalsa208sha256_SALTBYTES];
	uint8_t operations[8]; /* little-endian, as libsodium counts cost */
	uint8_t memory[8];     /* little-endian, in bytes */
	/* With a passphrase, combined with scrypt's output by XOR. */
	uint8_t number[KEY_NUMBER_BYTES];
	uint8_t secret[SECRET_BYTES];
	uint8_t check[CHECK_BYTES];
};
#define HIDDEN_BYTES (KEY_NUMBER_BYTES + SECRET_BYTES + CHECK_BYTES)
_Static_assert(sizeof(struct minisign_key) == 158, "no padding");

static uint64_t little_endian(const uint8_t bytes[8])
{
	uint64_t value = 0;

	for (int i = 7; i >= 0; i--)
		value = value << 8 | bytes[i];
	return value;
}

/* The second line of the two; NULL where there are not exactly two. Line ends of either kind. */
static const char *second_line(const char *text, size_t len, size_t *out_len)
{
	const char *newline = memchr(text, '\n', len);

	if (len < strlen(KEY_MINISIGN_COMMENT) ||
	    memcmp(text, KEY_MINISIGN_COMMENT, strlen(KEY_MINISIGN_COMMENT)) != 0 ||
	    newline == NULL)
		return NULL;
	const char *line = newline + 1;
	size_t left = (size_t)(text + len - line);
	while (left > 0 && (line[left - 1] == '\n' || line[left - 1] == '\r'))
		left--;
	*out_len = left;
	return memchr(line, '\n', left) == NULL ? line : NULL;
}

static int unlock(struct minisign_key *k, struct passphrase_source *source, struct error *err)
{
	uint64_t operations = little_endian(k->operations);
	uint64_t memory = little_endian(k->memory);
	auto_secret_bytes struct secret_bytes stream = SECRET_BYTES_INIT;

	/* A key file may not choose how much memory and time we take. */
	if (operations > crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_SENSITIVE ||
	    memory > crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_SENSITIVE)
		return error_set(
		    err, ERR_KEY, "scrypt parameters beyond those that minisign chooses");
	const struct passphrase *passphrase = passphrase_source_get(source, err);
	if (passphrase == NULL || secret_bytes_init(&stream, HIDDEN_BYTES, err) != 0)
		return -1;
	if (crypto_pwhash_scryptsalsa208sha256(stream.bytes, HIDDEN_BYTES, passphrase->bytes,
		passphrase->len, k->salt, operations, (size_t)memory) != 0)
		return error_sys(err, "scrypt with %llu MiB", (unsigned long long)memory >> 20);
	for (size_t i = 0; i < KEY_NUMBER_BYTES; i++)
		k->number[i] ^= stream.bytes[i];
	for (size_t i = 0; i < SECRET_BYTES; i++)
		k->secret[i] ^= stream.bytes[KEY_NUMBER_BYTES + i];
	for (size_t i = 0; i < CHECK_BYTES; i++)
		k->check[i] ^= stream.bytes[KEY_NUMBER_BYTES + SECRET_BYTES + i];
	return 0;
}

/* Without a passphrase minisign leaves zeros; then the public key tells of damage. */
static bool check_holds(const struct minisign_key *k, bool is_locked)
{
	crypto_generichash_state state;
	uint8_t found[CHECK_BYTES];

	(void)crypto_generichash_init(&state, NULL, 0, sizeof(found));
	(void)crypto_generichash_update(
	    &state, k->signature_algorithm, sizeof(k->signature_algorithm));
	(void)crypto_generichash_update(&state, k->number, sizeof(k->number));
	(void)crypto_generichash_update(&state, k->secret, sizeof(k->secret));
	(void)crypto_generichash_final(&state, found, sizeof(found));
	sodium_memzero(&state, sizeof(state));
	return sodium_memcmp(found, k->check, sizeof(found)) == 0 ||
	       (!is_locked && sodium_is_zero(k->check, sizeof(k->check)));
}

static int open_key(struct minisign_key *k, struct passphrase_source *source, struct error *err)
{
	static const uint8_t no_kdf[2] = {0, 0};
	bool is_locked = memcmp(k->kdf_algorithm, "Sc", 2) == 0;

	if (memcmp(k->signature_algorithm, "Ed", 2) != 0 ||
	    memcmp(k->check_algorithm, "B2", 2) != 0 ||
	    (!is_locked && memcmp(k->kdf_algorithm, no_kdf, 2) != 0))
		return error_set(err, ERR_KEY, "not a secret key of minisign (signify's differ)");
	if (is_locked && unlock(k, source, err) != 0)
		return -1;
	if (!check_holds(k, is_locked))
		return error_set(err, ERR_KEY, "%s",
		    is_locked ? "wrong passphrase, or a damaged file" : "a damaged file");
	return 0;
}

struct secret_key *key_minisign_parse(
    const char *text, size_t len, struct passphrase_source *source, struct error *err)
{
	auto_secret_bytes struct secret_bytes decoded = SECRET_BYTES_INIT;
	size_t line_len = 0;
	const char *line = second_line(text, len, &line_len);

	if (line == NULL) {
		(void)error_set(err, ERR_KEY, "not the two lines of a secret key of minisign");
		return NULL;
	}
	/* One byte more, which tells an overlong line. */
	if (secret_bytes_base64(&decoded, sizeof(struct minisign_key) + 1, line, line_len, err) !=
	    0)
		return NULL;
	struct minisign_key *k = (struct minisign_key *)decoded.bytes;
	if (decoded.len != sizeof(*k)) {
		(void)error_set(err, ERR_KEY, "not a secret key of minisign: %zu bytes, not %zu",
		    decoded.len, sizeof(*k));
		return NULL;
	}
	if (open_key(k, source, err) != 0)
		return NULL;
	auto_secret_key struct secret_key *key = secret_key_from_seed(k->secret, err);
	if (key != NULL && !secret_key_has_public(key, k->secret + ED25519_SEED_BYTES)) {
		(void)error_set(err, ERR_KEY, "its public key is not that of its secret key");
		return NULL;
	}
	return steal_ptr(&key);
}
