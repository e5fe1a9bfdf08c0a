/*
 * Signature files and public key lines. Over one message, one signature file verifies: the one that
 * was made for it. A mutated file that verified would be a second spelling, or a forgery.
 */
#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "common/sshsig_file.h"

#define NAMESPACE "seal-v1@sallyport.dev"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char message[] = "a list\n";

/* The key of the seed 00 01 .. 1f, and its signature file over the message. */
static void make(struct ssh_public_key *key, struct buf *armored)
{
	uint8_t seed[crypto_sign_SEEDBYTES];
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	uint8_t signature[ED25519_SIGNATURE_BYTES];
	auto_buf struct buf signed_data = BUF_INIT(4096);

	for (size_t i = 0; i < sizeof(seed); i++)
		seed[i] = (uint8_t)i;
	(void)crypto_sign_seed_keypair(key->ed25519, secret, seed);
	sshsig_signed_data(&signed_data, NAMESPACE, message, strlen(message));
	(void)crypto_sign_detached(
	    signature, NULL, (const unsigned char *)signed_data.data, signed_data.len, secret);
	sshsig_encode(armored, NAMESPACE, key, signature);
}

static void check_signature(const char *text, size_t size)
{
	struct error err = ERROR_INIT;
	static struct ssh_public_key key;
	static struct buf made = BUF_INIT(4096); /* once: it takes longer than all the rest */
	auto_buf struct buf good = BUF_INIT(4096);

	if (made.len == 0)
		make(&key, &made);
	buf_put(&good, made.data, made.len);
	bool is_good = size == good.len && memcmp(text, good.data, size) == 0;
	int result = sshsig_verify(text, size, NAMESPACE, &key, message, strlen(message), &err);
	assert((result == 0) == is_good);
	assert(result == 0 || err.code == ERR_SEAL);
	/* The same edits, laid over the good file, so that the frame does not hide what is inside.
	 */
	for (size_t i = 0; i < good.len && i < size; i++)
		good.data[i] = (char)(good.data[i] ^ text[i]);
	bool is_same = true;
	for (size_t i = 0; i < size && i < good.len; i++)
		is_same = is_same && text[i] == 0;
	result =
	    sshsig_verify(good.data, good.len, NAMESPACE, &key, message, strlen(message), &err);
	assert((result == 0) == is_same);
}

static void check_key(const char *text, size_t size)
{
	struct error err = ERROR_INIT;
	struct ssh_public_key key;
	auto_buf struct buf line = BUF_INIT(1000);
	const char *space = memchr(text, ' ', size);

	if (space == NULL)
		return;
	size_t type_len = (size_t)(space - text);
	if (ssh_public_key_parse(&key, text, type_len, space + 1, size - type_len - 1, &err) != 0) {
		assert(err.code == ERR_FORMAT);
		return;
	}
	ssh_public_key_line(&line, &key);
	assert(line.len == size && memcmp(line.data, text, size) == 0);
}

/* What another spelling is turned into is turned into itself. */
static void check_spelling(const char *text, size_t size)
{
	struct error err = ERROR_INIT;
	struct ssh_public_key key;
	auto_buf struct buf once = BUF_INIT(4096);
	auto_buf struct buf twice = BUF_INIT(4096);

	if (sshsig_public_key(&key, text, size, &err) != 0)
		assert(err.code == ERR_SEAL || err.code == ERR_LIMIT);
	if (sshsig_normalize(&once, text, size, &err) != 0)
		return;
	if (sshsig_normalize(&twice, once.data, once.len, &err) != 0)
		return; /* no blob in it, or one as large as a file may be */
	assert(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	assert(sodium_init() >= 0);
	check_signature((const char *)data, size);
	check_key((const char *)data, size);
	check_spelling((const char *)data, size);
	return 0;
}
