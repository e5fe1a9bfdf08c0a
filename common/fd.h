/*
 * File descriptors: whole writes, and standard streams that are there.
 */
#ifndef COMMON_FD_H
#define COMMON_FD_H

#include <dirent.h>
#include <stddef.h>

#include "common/mem.h"

/** auto_dir: a DIR that is closed at the end of its scope; NULL is fine. */
static inline void cleanup_dir(DIR **slot)
{
	if (*slot != NULL)
		(void)closedir(*slot);
}
#define auto_dir __attribute__((cleanup(cleanup_dir)))

/** fd_write_all(fd, bytes, len): writes all of them, restarting after EINTR; -1 with errno. */
int fd_write_all(int fd, const void *bytes, size_t len) MUST_CHECK;

/** fd_sync_directory(fd): fsync() of a directory; file systems that have none (EINVAL) pass. -1
 * with errno. */
int fd_sync_directory(int fd) MUST_CHECK;

/**
 * fd_fill_standard(): opens /dev/null in the place of closed standard streams, the wrong way round,
 * so that using one stays an error and no file of ours gets its number. Ends the process where even
 * that fails.
 */
void fd_fill_standard(void);

#endif
