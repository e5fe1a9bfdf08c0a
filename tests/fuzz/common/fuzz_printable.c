/*
 * Whatever comes in, what comes out is one line of printable UTF-8; and what is printable already
 * comes out as it is. The JSON string of it is read back as the same.
 */
#include <assert.h>
#include <string.h>

#include "common/json.h"
#include "common/limits.h"
#include "common/printable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	auto_buf struct buf shown = BUF_INIT(16 * MIB);
	auto_buf struct buf again = BUF_INIT(16 * MIB);
	auto_buf struct buf json = BUF_INIT(64 * MIB);

	printable_put(&shown, text, size);
	assert(!shown.overflowed && printable_check(buf_text(&shown), shown.len));
	assert(memchr(buf_text(&shown), '\n', shown.len) == NULL);
	assert(strlen(buf_text(&shown)) == shown.len);
	if (printable_check(text, size))
		assert(shown.len == size && memcmp(buf_text(&shown), text, size) == 0);
	printable_put(&again, buf_text(&shown), shown.len);
	assert(strcmp(buf_text(&again), buf_text(&shown)) == 0);

	json_put_string(&json, buf_text(&shown), shown.len);
	json_auto_t *value =
	    json_loadb(buf_text(&json), json.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	assert(value != NULL && strcmp(json_string_value(value), buf_text(&shown)) == 0);
	return 0;
}
