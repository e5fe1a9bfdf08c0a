/*
 * A heap that wipes what is given back, for libcurl, which copies credentials into its own memory
 * and frees them as they are. It ends the process where there is no more: libcurl's URLs come out
 * shortened then.
 */
#ifndef PUSHER_WIPING_HEAP_H
#define PUSHER_WIPING_HEAP_H

#include <stddef.h>

/* As malloc(3) and strdup(3) do; never NULL. */
void *wiping_heap_malloc(size_t size);
void *wiping_heap_calloc(size_t count, size_t size);
void *wiping_heap_realloc(void *ptr, size_t size);
char *wiping_heap_strdup(const char *text);
void wiping_heap_free(void *ptr);

#endif
