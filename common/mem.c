#include "common/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* To get one large page takes as long as to get the small ones of a tenth of it; memory that is
 * left over at the end is not worth more than that. */
#define LARGE_PAGE_BYTES ((size_t)2 << 20)
#define LARGE_FROM_BYTES ((size_t)512 << 10)

_Noreturn void mem_exhausted(void)
{
	static const char text[] = "out of memory\n";

	/* Nothing may allocate here, and there is nothing left to do where even this write fails.
	 */
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
	_exit(1);
}

void *mem_alloc(size_t size)
{
	void *ptr = malloc(size != 0 ? size : 1);
	if (ptr == NULL)
		mem_exhausted();
	return ptr;
}

void *mem_alloc_large(size_t size)
{
	if (size < LARGE_FROM_BYTES || size > SIZE_MAX - LARGE_PAGE_BYTES)
		return mem_alloc(size);
	size_t pages = (size + LARGE_PAGE_BYTES - 1) / LARGE_PAGE_BYTES;
	void *ptr = aligned_alloc(LARGE_PAGE_BYTES, pages * LARGE_PAGE_BYTES);
	if (ptr == NULL)
		mem_exhausted();
	(void)madvise(ptr, pages * LARGE_PAGE_BYTES, MADV_HUGEPAGE);
	return ptr;
}

void *mem_zalloc(size_t count, size_t size)
{
	void *ptr = calloc(count != 0 ? count : 1, size != 0 ? size : 1);
	if (ptr == NULL)
		mem_exhausted();
	return ptr;
}

void *mem_realloc(void *ptr, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		mem_exhausted();
	size_t bytes = count * size;
	void *grown = realloc(ptr, bytes != 0 ? bytes : 1);
	if (grown == NULL)
		mem_exhausted();
	return grown;
}

char *mem_strndup(const char *text, size_t len)
{
	char *copy = mem_alloc(len + 1);
	if (len != 0)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *mem_strdup(const char *text)
{
	return mem_strndup(text, strlen(text));
}

char *mem_printf(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		mem_exhausted();
	return text;
}

void *mem_grow(void *ptr, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return ptr;
	*capacity = *capacity != 0 ? *capacity * 2 : 8;
	return mem_realloc(ptr, *capacity, size);
}
