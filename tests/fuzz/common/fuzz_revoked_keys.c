/*
 * revoked_keys: what is accepted marks the keys that stand in it and no other, and can be written
 * as a file that is read as the same.
 */
#include <assert.h>
#include <string.h>

#include "common/limits.h"
#include "common/trust_signers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char signers[] =
    "enclave namespaces=\"seal-v1@sallyport.dev\" ssh-ed25519 "
    "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	auto_trust struct trust *t = mem_zalloc(1, sizeof(*t));
	auto_trust struct trust *read_again = mem_zalloc(1, sizeof(*read_again));
	auto_buf struct buf text = BUF_INIT(2 * LIMIT_TRUST_FILE_BYTES_MAX);
	bool is_listed = false;

	assert(trust_parse_allowed_signers(t, signers, strlen(signers), &err) == 0);
	if (trust_parse_revoked_keys(t, (const char *)data, size, &err) != 0) {
		assert(err.code == ERR_FORMAT);
		return 0;
	}
	for (size_t i = 0; i < t->revoked_count; i++) {
		is_listed = is_listed || ssh_public_key_equal(&t->revoked[i], &t->keys[0].key);
		ssh_public_key_line(&text, &t->revoked[i]);
		buf_putc(&text, '\n');
	}
	assert(t->keys[0].is_revoked == is_listed);
	assert(trust_parse_revoked_keys(read_again, buf_text(&text), text.len, &err) == 0);
	assert(read_again->revoked_count == t->revoked_count);
	return 0;
}
