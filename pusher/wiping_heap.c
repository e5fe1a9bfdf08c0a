#include "pusher/wiping_heap.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

void *wiping_heap_malloc(size_t size)
{
	return mem_alloc(size);
}

void *wiping_heap_calloc(size_t count, size_t size)
{
	return mem_zalloc(count, size);
}

char *wiping_heap_strdup(const char *text)
{
	return mem_strdup(text);
}

void wiping_heap_free(void *ptr)
{
	if (ptr != NULL)
		explicit_bzero(ptr, malloc_usable_size(ptr));
	free(ptr);
}

/* realloc(3) itself may move the block and leave the old one behind as it was. */
void *wiping_heap_realloc(void *ptr, size_t size)
{
	size_t old_size = ptr == NULL ? 0 : malloc_usable_size(ptr);
	void *moved = mem_alloc(size);

	if (ptr != NULL)
		memcpy(moved, ptr, old_size < size ? old_size : size);
	wiping_heap_free(ptr);
	return moved;
}
