/*
 * gunzip() over any bytes. What it takes has the length that its trailer says.
 */
#include <assert.h>
#include <stdint.h>

#include "builder/gunzip.h"
#include "common/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf struct buf out = BUF_INIT(MIB);
	struct error err = ERROR_INIT;

	if (gunzip(&out, (const char *)data, size, &err) != 0) {
		assert(err.code == ERR_CHART || err.code == ERR_LIMIT);
		assert(err.text[0] != '\0');
		return 0;
	}
	const uint8_t *length = data + size - 4;
	assert(out.len == (length[0] | (size_t)length[1] << 8 | (size_t)length[2] << 16));
	return 0;
}
