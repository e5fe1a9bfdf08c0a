/*
 * The list of a seal has one spelling: what is accepted is byte for byte what is written again.
 */
#include <assert.h>
#include <string.h>

#include "common/limits.h"
#include "common/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	auto_seal struct seal s = SEAL_INIT;
	auto_buf struct buf again = BUF_INIT(LIMIT_SEAL_BYTES_MAX);

	if (seal_parse(&s, (const char *)data, size, &err) != 0) {
		assert(err.code == ERR_SEAL);
		return 0;
	}
	for (size_t i = 1; i < s.blob_count; i++)
		assert(digest_compare(&s.blobs[i - 1], &s.blobs[i]) < 0);
	seal_write(&again, &s);
	assert(again.len == size && memcmp(again.data, data, size) == 0);
	return 0;
}
