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

bool base64_parse(
    uint8_t *out, size_t room, const char *text, size_t len, const char *ignore, size_t *out_len)
{
	unsigned char any = 0;

	/* libsodium 1.0.18 takes bytes outside ASCII for letters of the alphabet. */
	for (size_t i = 0; i < len; i++)
		any |= (unsigned char)text[i];
	return (any & 0x80) == 0 && sodium_base642bin(out, room, text, len, ignore, out_len, NULL,
					sodium_base64_VARIANT_ORIGINAL) == 0;
}
