/*
 * Tar archives made by hand, block by block, so that they can be as wrong as a test needs them.
 */
#ifndef TESTS_UNIT_BUILDER_TAR_FIXTURE_H
#define TESTS_UNIT_BUILDER_TAR_FIXTURE_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <zlib.h>

#include "common/buf.h"
#include "common/limits.h"

#define TAR_FIXTURE_INIT BUF_INIT(256 * MIB)

static inline void tar_pad(struct buf *tar)
{
	static const char zeros[512];

	if (tar->len % 512 != 0)
		buf_put(tar, zeros, 512 - tar->len % 512);
}

/* Writes the sum over the header that begins at offset. */
static inline void tar_sum(struct buf *tar, size_t offset)
{
	char *header = tar->data + offset;
	unsigned sum = 0;
	char text[8];

	memset(header + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)header[i];
	(void)snprintf(text, sizeof(text), "%06o", sum);
	memcpy(header + 148, text, 7); /* with its NUL; a blank stays behind it */
}

/* A header whose name is name_len bytes, for a size that need not be that of what follows. */
static inline size_t tar_header(
    struct buf *tar, char type, const char *name, size_t name_len, const char *size)
{
	size_t offset = tar->len;
	char header[512] = "";

	memcpy(header, name, name_len < 100 ? name_len : 100);
	memcpy(header + 100, "0000644", 8);
	memcpy(header + 108, "0000000", 8);
	memcpy(header + 116, "0000000", 8);
	memcpy(header + 124, size, strlen(size) < 12 ? strlen(size) : 12);
	memcpy(header + 136, "00000000000", 12);
	header[156] = type;
	memcpy(header + 257, "ustar\00000", 8);
	buf_put(tar, header, sizeof(header));
	tar_sum(tar, offset);
	return offset;
}

static inline void tar_entry(
    struct buf *tar, char type, const char *name, const char *content, size_t len)
{
	char size[32];

	(void)snprintf(size, sizeof(size), "%011zo", len);
	(void)tar_header(tar, type, name, strlen(name), size);
	buf_put(tar, content, len);
	tar_pad(tar);
}

static inline void tar_file(struct buf *tar, const char *name, const char *content)
{
	tar_entry(tar, '0', name, content, strlen(content));
}

static inline void tar_end(struct buf *tar)
{
	static const char zeros[1024];

	buf_put(tar, zeros, sizeof(zeros));
}

/* One gzip member, stored or deflated by zlib. */
static inline void gzip(struct buf *out, const char *bytes, size_t len)
{
	z_stream z = {.next_in = (unsigned char *)(uintptr_t)bytes, .avail_in = (unsigned)len};

	if (deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	size_t bound = deflateBound(&z, len);
	z.next_out = (unsigned char *)buf_room(out, bound);
	z.avail_out = (unsigned)bound;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	out->len += z.total_out;
	out->data[out->len] = '\0';
	(void)deflateEnd(&z);
}

#endif
