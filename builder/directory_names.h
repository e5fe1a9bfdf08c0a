/*
 * The names in a directory, sorted: so that its own order has no say in what is made of it.
 */
#ifndef BUILDER_DIRECTORY_NAMES_H
#define BUILDER_DIRECTORY_NAMES_H

#include <stddef.h>

#include "common/error.h"

struct directory_names {
	char **items; /* owned, each too; sorted by bytes; without "." and ".." */
	size_t count;
	size_t capacity;
};

#define DIRECTORY_NAMES_INIT                                                                       \
	{                                                                                          \
		.items = NULL, .count = 0, .capacity = 0                                           \
	}

/**
 * directory_names_read(out, fd, max, err): of the directory that fd, borrowed, has opened.
 *
 * Returns 0, or -1 with err set, naming no directory: ERR_SYSTEM; ERR_LIMIT where there are more
 * than max. Release with directory_names_release(), also then.
 */
int directory_names_read(
    struct directory_names *out, int fd, size_t max, struct error *err) MUST_CHECK;
void directory_names_release(struct directory_names *n);
#define auto_directory_names __attribute__((cleanup(directory_names_release)))

#endif
