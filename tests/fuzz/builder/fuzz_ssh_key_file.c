/*
 * Files that --ssh-key names: a public key comes out of one spelling or another, or an error.
 */
#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "builder/ssh_key_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct ssh_public_key key;
	struct ssh_public_key again;
	auto_buf struct buf line = BUF_INIT(4096);

	assert(sodium_init() >= 0);
	if (ssh_key_text_public(&key, (const char *)data, size, &err) != 0) {
		assert(err.code == ERR_KEY || err.code == ERR_NONE);
		return 0;
	}
	ssh_public_key_line(&line, &key);
	assert(ssh_key_text_public(&again, line.data, line.len, &err) == 0);
	assert(ssh_public_key_equal(&key, &again));
	return 0;
}
