/*
 * A public key in PEM: what is accepted is written back byte for byte.
 */
#include <assert.h>
#include <string.h>

#include "common/spki_pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	uint8_t key[ED25519_PUBLIC_BYTES];
	auto_buf struct buf b = BUF_INIT(1000);

	if (spki_pem_parse(key, (const char *)data, size, &err) != 0) {
		assert(err.code == ERR_FORMAT);
		return 0;
	}
	spki_pem_put(&b, key);
	assert(b.len == size && memcmp(b.data, data, size) == 0);
	return 0;
}
