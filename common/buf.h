/*
 * Growable bytes with a cap that is fixed when they are made.
 *
 * Writing past the cap drops what does not fit and marks the buffer; a sequence of puts is
 * therefore checked once, by buf_check(), before its content is used. The content is always
 * followed by a NUL byte that is not counted in len.
 */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/mem.h"

struct buf {
	char *data; /* owned; NULL only while nothing was written */
	size_t len;
	size_t capacity;
	size_t max;
	bool overflowed;
	bool wipes; /* the content is secret: no memory that held it is given back as it is */
};

#define BUF_INIT(max_bytes)                                                                        \
	{                                                                                          \
		.data = NULL, .len = 0, .capacity = 0, .max = (max_bytes)                          \
	}
/** For secrets that are too long for locked memory; not for buf_printf(), which makes a copy. */
#define BUF_SECRET_INIT(max_bytes)                                                                 \
	{                                                                                          \
		.data = NULL, .len = 0, .capacity = 0, .max = (max_bytes), .wipes = true           \
	}

/** buf_release(b): frees the content and leaves b empty, with its cap. */
void buf_release(struct buf *b);

/** buf_put(b, bytes, len), buf_puts(b, text), buf_putc(b, c), buf_printf(b, format, ...): append.
 */
void buf_put(struct buf *b, const void *bytes, size_t len);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);

/**
 * buf_room(b, len): space for len more bytes behind the content, to be filled by the caller, who
 * then adds what it wrote to b->len. Returns NULL and marks the overflow where that would pass the
 * cap.
 */
char *buf_room(struct buf *b, size_t len);

/** buf_reserve(b, len): room for len bytes, up to the cap, before anything is written:
 * mem_alloc_large(). */
void buf_reserve(struct buf *b, size_t len);

/** buf_check(b, what, err): 0, or -1 with ERR_LIMIT "<what>: larger than N bytes" after an
 * overflow. */
int buf_check(const struct buf *b, const char *what, struct error *err) MUST_CHECK;

/** buf_text(b): the content as a string, "" when empty. Borrowed. */
const char *buf_text(const struct buf *b);

/** buf_steal(b): the content, NUL-terminated, owned by the caller; b is left empty. */
char *buf_steal(struct buf *b);

/**
 * buf_read_fd(b, fd, what, err): appends all that fd yields until its end. ERR_LIMIT past the cap
 * (never reads more than one byte beyond it), ERR_SYSTEM on a read error. Restarts after EINTR.
 */
int buf_read_fd(struct buf *b, int fd, const char *what, struct error *err) MUST_CHECK;

#define auto_buf __attribute__((cleanup(buf_release)))

#endif
