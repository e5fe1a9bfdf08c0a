#include "common/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PIECE_BYTES (4U * 1024U)

void buf_release(struct buf *b)
{
	if (b->wipes && b->data != NULL)
		explicit_bzero(b->data, b->capacity);
	free(b->data);
	b->data = NULL;
	b->len = 0;
	b->capacity = 0;
	b->overflowed = false;
}

/* realloc(3) may move the content and leave what it held behind. */
static char *grow(const struct buf *b, size_t capacity)
{
	if (!b->wipes)
		return mem_realloc(b->data, capacity, 1);
	char *moved = mem_alloc(capacity);
	if (b->data != NULL) {
		memcpy(moved, b->data, b->len);
		explicit_bzero(b->data, b->capacity);
		free(b->data);
	}
	return moved;
}

char *buf_room(struct buf *b, size_t len)
{
	if (len > b->max - b->len) {
		b->overflowed = true;
		return NULL;
	}
	size_t need = b->len + len + 1;
	if (need > b->capacity) {
		size_t capacity = b->capacity > b->max / 2 ? b->max + 1 : b->capacity * 2;
		if (capacity < need)
			capacity = need < 64 ? 64 : need;
		b->data = grow(b, capacity);
		b->capacity = capacity;
	}
	return b->data + b->len;
}

void buf_reserve(struct buf *b, size_t len)
{
	assert(b->data == NULL && len <= b->max);
	b->data = mem_alloc_large(len + 1);
	b->capacity = len + 1;
}

void buf_put(struct buf *b, const void *bytes, size_t len)
{
	char *room = buf_room(b, len);
	if (room == NULL)
		return;
	if (len != 0)
		memcpy(room, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

void buf_putc(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	auto_free char *text = NULL;
	va_list args;

	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0) {
		if (errno == ENOMEM)
			mem_exhausted();
		text = NULL;
		b->overflowed = true;
		return;
	}
	buf_put(b, text, (size_t)len);
}

int buf_check(const struct buf *b, const char *what, struct error *err)
{
	if (b->overflowed)
		return error_set(err, ERR_LIMIT, "%s: larger than %zu bytes", what, b->max);
	return 0;
}

const char *buf_text(const struct buf *b)
{
	return b->len != 0 ? b->data : "";
}

char *buf_steal(struct buf *b)
{
	char *data = b->data != NULL ? b->data : mem_strdup("");
	b->data = NULL;
	buf_release(b);
	return data;
}

/* What can be put behind the content without more memory. */
static size_t spare(const struct buf *b)
{
	size_t left = b->max - b->len;
	size_t room = b->capacity != 0 ? b->capacity - 1 - b->len : 0;

	return room < left ? room : left;
}

int buf_read_fd(struct buf *b, int fd, const char *what, struct error *err)
{
	char piece[PIECE_BYTES];

	for (;;) {
		/* What there is room for goes to its place; that there is no more is found out
		 * beside it. */
		size_t room = spare(b);
		size_t left = b->max - b->len - room;
		const struct iovec parts[] = {
		    {.iov_base = room != 0 ? b->data + b->len : piece, .iov_len = room},
		    {.iov_base = piece, .iov_len = left < sizeof(piece) ? left + 1 : sizeof(piece)},
		};
		ssize_t got = readv(fd, parts, 2);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(err, "%s: read", what);
		if (got == 0)
			return 0;
		size_t placed = (size_t)got < room ? (size_t)got : room;
		size_t rest = (size_t)got - placed;
		b->len += placed;
		buf_put(b, piece, rest <= left ? rest : left);
		b->overflowed = rest > left;
		if (b->overflowed)
			return buf_check(b, what, err);
	}
}
