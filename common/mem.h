/*
 * Memory: allocators that end the process when memory runs out, scope-bound cleanup, hand-over.
 *
 * A size that comes from input never reaches these unchecked: it goes through struct buf, which has
 * a cap and fails normally.
 */
#ifndef COMMON_MEM_H
#define COMMON_MEM_H

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/banned.h"

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/** mem_exhausted(): says so and ends the process, status 1; for libraries that report it to us. */
_Noreturn void mem_exhausted(void);

/** mem_alloc(size): size bytes, uninitialised, never NULL; release with free(). */
void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));

/**
 * mem_alloc_large(size): mem_alloc() of memory that will be written from end to end. Where it is
 * much it lies in large pages, if the system has them: the kernel takes as long to hand out the
 * small ones as it takes to make a tar of what will be in them.
 */
void *mem_alloc_large(size_t size) __attribute__((malloc, returns_nonnull));

/** mem_zalloc(count, size): count * size zero bytes; an overflowing product ends the process. */
void *mem_zalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/** mem_realloc(ptr, count, size): resizes to count * size bytes; an overflow ends the process. */
void *mem_realloc(void *ptr, size_t count, size_t size) __attribute__((returns_nonnull));

/** mem_strdup(text), mem_strndup(text, len): a NUL-terminated copy, owned by the caller. */
char *mem_strdup(const char *text) __attribute__((malloc, returns_nonnull));
char *mem_strndup(const char *text, size_t len) __attribute__((malloc, returns_nonnull));

/** mem_printf(format, ...): a formatted string, owned by the caller. */
char *mem_printf(const char *format, ...) PRINTF_LIKE(1, 2) __attribute__((returns_nonnull));

/** mem_grow(ptr, count, capacity, size): room for one more element; doubles *capacity when full. */
void *mem_grow(void *ptr, size_t count, size_t *capacity, size_t size) MUST_CHECK;

static inline void cleanup_free(void *slot)
{
	free(*(void **)slot);
}

static inline void cleanup_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

#define auto_free __attribute__((cleanup(cleanup_free)))
#define auto_fd __attribute__((cleanup(cleanup_fd)))

/** steal_fd(slot): takes the descriptor out of an auto_fd variable. */
static inline int steal_fd(int *slot)
{
	int fd = *slot;
	*slot = -1;
	return fd;
}

/** steal_ptr(slot): takes the pointer out of an auto_free variable, with its type. */
#define steal_ptr(slot)                                                                            \
	__extension__({                                                                            \
		__auto_type stolen_ = *(slot);                                                     \
		*(slot) = NULL;                                                                    \
		stolen_;                                                                           \
	})

#endif
