#include "common/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES (16U * 1024U)

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

int buf_read_fd(struct buf *b, int fd, const char *what, struct error *err)
{
	char piece[READ_BYTES]; /* so that many small files take no more memory than they need */

	for (;;) {
		size_t left = b->max - b->len;
		ssize_t got = read(fd, piece, left < sizeof(piece) ? left + 1 : sizeof(piece));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(err, "%s: read", what);
		if (got == 0)
			return 0;
		buf_put(b, piece, (size_t)got <= left ? (size_t)got : left);
		b->overflowed = (size_t)got > left;
		if (b->overflowed)
			return buf_check(b, what, err);
	}
}
