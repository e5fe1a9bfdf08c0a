/*
 * Files and directories that are written, but not yet known to be on the disk.
 *
 * Synced one by one, each waits for a commit of the journal and a flush of the disk of its own.
 * When they are synced at the same time the kernel lets them share both, and each call still
 * answers for its own file, which syncfs() does not on every file system.
 */
#ifndef BUILDER_UNSYNCED_H
#define BUILDER_UNSYNCED_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/mem.h"

#define UNSYNCED_MAX 64

struct unsynced_file {
	int fd;
	bool is_directory;
	int sys_errno; /* of its sync */
};

struct unsynced {
	struct unsynced_file files[UNSYNCED_MAX];
	size_t count;
};

#define UNSYNCED_INIT                                                                              \
	{                                                                                          \
		.count = 0                                                                         \
	}

/**
 * unsynced_add(u, fd, is_directory, err): takes fd, also where it fails. When u is full, all before
 * it are synced first: then it fails as unsynced_sync() does.
 */
int unsynced_add(struct unsynced *u, int fd, bool is_directory, struct error *err) MUST_CHECK;

/**
 * unsynced_sync(u, err): all of them are on the disk and closed. ERR_SYSTEM with the errno of the
 * first that failed; nothing is tried again. A directory of a file system that syncs none passes.
 */
int unsynced_sync(struct unsynced *u, struct error *err) MUST_CHECK;

/** unsynced_release(u): closes what is left. */
void unsynced_release(struct unsynced *u);

#endif
