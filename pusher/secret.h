/*
 * Secrets as strings: in locked memory that is wiped when it is given back.
 */
#ifndef PUSHER_SECRET_H
#define PUSHER_SECRET_H

#include <stddef.h>

#include <sodium.h>

#include "common/mem.h"

/**
 * secret_alloc(size): size bytes of locked memory, never NULL: the process ends where memory runs
 * out. sodium_free() wipes and releases; NULL is fine there.
 */
void *secret_alloc(size_t size) __attribute__((malloc, returns_nonnull));

/** secret_strndup(bytes, len), secret_strdup(text): a NUL-terminated copy in locked memory. */
char *secret_strndup(const char *bytes, size_t len) __attribute__((malloc, returns_nonnull));
char *secret_strdup(const char *text) __attribute__((malloc, returns_nonnull));

static inline void cleanup_secret(void *slot)
{
	sodium_free(*(void **)slot);
}
#define auto_secret __attribute__((cleanup(cleanup_secret)))

#endif
