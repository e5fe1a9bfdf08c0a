#include "common/base64.h"

#include <sodium.h>

void base64_put(struct buf *b, const void *bytes, size_t len)
{
	size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	char *room = buf_room(b, size);

	if (room == NULL)
		return;
	sodium_bin2base64(room, size, bytes, len, sodium_base64_VARIANT_ORIGINAL);
	b->len += size - 1;
}
