#include "builder/gunzip.h"

#include <stdint.h>
#include <string.h>

#include <libdeflate.h>
#include <zlib.h>

#define HEADER_BYTES 10
#define TRAILER_BYTES 8
#define CHUNK_BYTES (256U * 1024U)

enum { FTEXT = 1, FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, FRESERVED = 0xE0 };

struct cursor {
	const unsigned char *bytes;
	size_t len;
	size_t at;
};

static int refuse_end(struct error *err)
{
	return error_set(err, ERR_CHART, "gzip: cut off");
}

static int skip(struct cursor *c, size_t count, struct error *err)
{
	if (count > c->len - c->at)
		return refuse_end(err);
	c->at += count;
	return 0;
}

static int skip_string(struct cursor *c, struct error *err)
{
	const unsigned char *end = memchr(c->bytes + c->at, '\0', c->len - c->at);

	if (end == NULL)
		return refuse_end(err);
	c->at = (size_t)(end - c->bytes) + 1;
	return 0;
}

static int skip_extra(struct cursor *c, struct error *err)
{
	if (c->len - c->at < 2)
		return refuse_end(err);
	size_t count = c->bytes[c->at] | (size_t)c->bytes[c->at + 1] << 8;
	return skip(c, 2 + count, err);
}

static int check_header_crc(struct cursor *c, struct error *err)
{
	size_t header = c->at;

	if (skip(c, 2, err) != 0)
		return -1;
	uint32_t crc = libdeflate_crc32(0, c->bytes, header) & 0xFFFF;
	if (crc != (c->bytes[header] | (uint32_t)c->bytes[header + 1] << 8))
		return error_set(err, ERR_CHART, "gzip: the header's CRC is wrong");
	return 0;
}

static int skip_header(struct cursor *c, struct error *err)
{
	if (c->len < 3 || memcmp(c->bytes, "\x1F\x8B\x08", 3) != 0)
		return error_set(err, ERR_CHART, "not a gzipped archive");
	if (c->len < HEADER_BYTES)
		return refuse_end(err);
	unsigned flags = c->bytes[3];
	if ((flags & FRESERVED) != 0)
		return error_set(err, ERR_CHART, "gzip: unknown header flags");
	c->at = HEADER_BYTES;
	if ((flags & FEXTRA) != 0 && skip_extra(c, err) != 0)
		return -1;
	if ((flags & FNAME) != 0 && skip_string(c, err) != 0)
		return -1;
	if ((flags & FCOMMENT) != 0 && skip_string(c, err) != 0)
		return -1;
	if ((flags & FHCRC) != 0 && check_header_crc(c, err) != 0)
		return -1;
	return 0;
}

/* Inflates until the deflate stream ends; the input is below 4 GiB by its cap. */
static int inflate_all(struct buf *out, z_stream *z, struct error *err)
{
	for (;;) {
		size_t left = out->max - out->len;
		size_t room = left < CHUNK_BYTES ? left : CHUNK_BYTES;
		char past_cap = 0;
		char *into = room != 0 ? buf_room(out, room) : &past_cap;

		z->next_out = (unsigned char *)into;
		z->avail_out = (unsigned)(room != 0 ? room : 1);
		int status = inflate(z, Z_NO_FLUSH);
		size_t got = (size_t)((char *)z->next_out - into);
		if (room == 0 && got != 0)
			return error_set(
			    err, ERR_LIMIT, "larger than %zu bytes when unpacked", out->max);
		out->len += got;
		if (status == Z_STREAM_END)
			return 0;
		if (status == Z_MEM_ERROR)
			return error_set(err, ERR_SYSTEM, "out of memory");
		if (status == Z_BUF_ERROR ||
		    (status == Z_OK && z->avail_in == 0 && z->avail_out != 0))
			return refuse_end(err);
		if (status != Z_OK)
			return error_set(err, ERR_CHART, "gzip: broken data");
	}
}

static uint32_t read_le32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int check_trailer(struct cursor *c, const char *content, size_t len, struct error *err)
{
	const unsigned char *trailer = c->bytes + c->at;

	if (skip(c, TRAILER_BYTES, err) != 0)
		return -1;
	if (read_le32(trailer) != libdeflate_crc32(0, content, len))
		return error_set(err, ERR_CHART, "gzip: the CRC is wrong");
	if (read_le32(trailer + 4) != (uint32_t)len)
		return error_set(err, ERR_CHART, "gzip: the length is wrong");
	if (c->at != c->len)
		return error_set(err, ERR_CHART, "gzip: %zu bytes after its end", c->len - c->at);
	return 0;
}

int gunzip(struct buf *out, const char *bytes, size_t len, struct error *err)
{
	struct cursor c = {.bytes = (const unsigned char *)bytes, .len = len, .at = 0};
	size_t before = out->len;
	z_stream z = {.next_in = NULL};

	if (len > UINT32_MAX)
		return error_set(err, ERR_LIMIT, "larger than %u bytes", UINT32_MAX);
	if (skip_header(&c, err) != 0)
		return -1;
	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return error_set(err, ERR_SYSTEM, "out of memory");
	z.next_in =
	    (z_const unsigned char *)(uintptr_t)(c.bytes + c.at); /* zlib does not write there */
	z.avail_in = (unsigned)(len - c.at);
	int status = inflate_all(out, &z, err);
	c.at = len - z.avail_in;
	(void)inflateEnd(&z);
	if (status != 0)
		return -1;
	if (out->data != NULL)
		out->data[out->len] = '\0';
	return check_trailer(&c, buf_text(out) + before, out->len - before, err);
}
