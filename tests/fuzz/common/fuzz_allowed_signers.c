/*
 * allowed_signers: what is accepted has keys within their windows and limits, each once, and can be
 * written as a file that is read as the same.
 */
#include <assert.h>
#include <string.h>

#include "common/limits.h"
#include "common/timestamp.h"
#include "common/trust_signers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* OpenSSH's form of a time, out of ours. */
static void put_time(struct buf *b, const char *option, int64_t seconds)
{
	char t[TIMESTAMP_TEXT_LEN + 1];

	timestamp_text(t, seconds);
	buf_printf(b, ",%s=\"%.4s%.2s%.2s%.2s%.2s%.2sZ\"", option, t, t + 5, t + 8, t + 11, t + 14,
	    t + 17);
}

static void put_key(struct buf *b, const struct trust_key *key)
{
	buf_printf(b, "%s namespaces=\"%s\"", key->principal,
	    key->for_seals ? SSHSIG_NAMESPACE_SEAL : SSHSIG_NAMESPACE_TRUST);
	if (key->valid_after != INT64_MIN)
		put_time(b, "valid-after", key->valid_after);
	if (key->valid_before != INT64_MAX)
		put_time(b, "valid-before", key->valid_before);
	buf_putc(b, ' ');
	ssh_public_key_line(b, &key->key);
	buf_putc(b, '\n');
}

static bool is_same(const struct trust_key *a, const struct trust_key *b)
{
	return strcmp(a->principal, b->principal) == 0 && a->for_seals == b->for_seals &&
	       a->valid_after == b->valid_after && a->valid_before == b->valid_before &&
	       ssh_public_key_equal(&a->key, &b->key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	auto_trust struct trust *t = mem_zalloc(1, sizeof(*t));
	auto_trust struct trust *read_again = mem_zalloc(1, sizeof(*read_again));
	auto_buf struct buf text = BUF_INIT(LIMIT_TRUST_FILE_BYTES_MAX);

	if (trust_parse_allowed_signers(t, (const char *)data, size, &err) != 0) {
		assert(err.code == ERR_FORMAT || err.code == ERR_LIMIT);
		return 0;
	}
	assert(t->key_count >= 1 && t->key_count <= LIMIT_TRUST_KEYS_MAX);
	for (size_t i = 0; i < t->key_count; i++) {
		assert(t->keys[i].valid_after < t->keys[i].valid_before);
		put_key(&text, &t->keys[i]);
	}
	assert(trust_parse_allowed_signers(read_again, text.data, text.len, &err) == 0);
	assert(read_again->key_count == t->key_count);
	for (size_t i = 0; i < t->key_count; i++)
		assert(is_same(&t->keys[i], &read_again->keys[i]));
	return 0;
}
