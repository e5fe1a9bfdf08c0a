/*
 * What lies in a layout and does not belong to it: found before it is sealed.
 * Source: design formats.md 1.4.
 */
#ifndef BUILDER_STRAY_FILES_H
#define BUILDER_STRAY_FILES_H

#include <stddef.h>

#include "common/layout.h"

struct stray {
	char *path; /* owned; as in SEAL; hostile */
	enum stray_kind {
		STRAY_OLD_SEAL,       /* SEAL or a signature, of whatever file type */
		STRAY_EMPTY,          /* an empty directory */
		STRAY_FILE,           /* any other file, link, device, ... */
		STRAY_FULL_DIRECTORY, /* a directory with something in it */
	} kind;
};

struct stray_files {
	struct stray *items; /* owned; sorted by path */
	size_t count;
	size_t capacity;
};

#define STRAY_FILES_INIT                                                                           \
	{                                                                                          \
		.items = NULL, .count = 0, .capacity = 0                                           \
	}

/**
 * stray_files_find(out, l, blobs, count, err): everything in the layout but oci-layout, index.json
 * and these blobs (sorted). Nothing is entered or followed; more than LIMIT_STRAY_FILES_MAX are
 * ERR_LIMIT. Release with stray_files_release(), also after a failure.
 */
int stray_files_find(struct stray_files *out, const struct layout *l, const struct digest *blobs,
    size_t count, struct error *err) MUST_CHECK;
void stray_files_release(struct stray_files *s);
#define auto_stray_files __attribute__((cleanup(stray_files_release)))

#endif
