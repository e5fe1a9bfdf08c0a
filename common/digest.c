#include "common/digest.h"

#include <string.h>

static const char prefix[] = "sha256:";
#define PREFIX_LEN (sizeof(prefix) - 1)

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool digest_parse_hex(struct digest *out, const char *text, size_t len)
{
	if (len != DIGEST_HEX_LEN)
		return false;
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		int high = hex_value(text[2 * i]);
		int low = hex_value(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out->bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

int digest_parse(struct digest *out, const char *text, size_t len, struct error *err)
{
	int shown = len > 100 ? 100 : (int)len;

	if (len >= PREFIX_LEN && memcmp(text, prefix, PREFIX_LEN) == 0) {
		if (digest_parse_hex(out, text + PREFIX_LEN, len - PREFIX_LEN))
			return 0;
		return error_set(err, ERR_FORMAT,
		    "digest '%.*s': not 64 lower-case hex digits after sha256:", shown, text);
	}
	if (memchr(text, ':', len) != NULL)
		return error_set(
		    err, ERR_FORMAT, "digest '%.*s': the algorithm is not sha256", shown, text);
	return error_set(err, ERR_FORMAT, "digest '%.*s': not of the form sha256:HEX", shown, text);
}

void digest_hex(char out[DIGEST_HEX_LEN + 1], const struct digest *d)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		out[2 * i] = digits[d->bytes[i] >> 4];
		out[2 * i + 1] = digits[d->bytes[i] & 15];
	}
	out[DIGEST_HEX_LEN] = '\0';
}

void digest_text(char out[DIGEST_TEXT_LEN + 1], const struct digest *d)
{
	memcpy(out, prefix, PREFIX_LEN);
	digest_hex(out + PREFIX_LEN, d);
}

void digest_stream_init(struct digest_stream *s)
{
	sha256_init(&s->sha256);
}

void digest_stream_update(struct digest_stream *s, const void *bytes, size_t len)
{
	sha256_update(&s->sha256, len, bytes);
}

void digest_stream_finish(struct digest_stream *s, struct digest *out)
{
	sha256_digest(&s->sha256, sizeof(out->bytes), out->bytes);
}

void digest_of(struct digest *out, const void *bytes, size_t len)
{
	struct digest_stream s;

	digest_stream_init(&s);
	digest_stream_update(&s, bytes, len);
	digest_stream_finish(&s, out);
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, DIGEST_BYTES) == 0;
}

int digest_compare(const void *a, const void *b)
{
	return memcmp(
	    ((const struct digest *)a)->bytes, ((const struct digest *)b)->bytes, DIGEST_BYTES);
}
