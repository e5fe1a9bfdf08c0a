/*
 * One new file, whole.
 */
#ifndef COMMON_FILE_WRITE_H
#define COMMON_FILE_WRITE_H

#include <sys/types.h>

#include "common/error.h"

/**
 * file_write_new(dir_fd, name, bytes, len, mode, err): creates, writes, syncs and closes a file
 * that must not exist; links are not followed; the umask has no say. ERR_SYSTEM with the errno
 * (EEXIST where it is there). A file that could not be finished is removed again.
 */
int file_write_new(int dir_fd, const char *name, const void *bytes, size_t len, mode_t mode,
    struct error *err) MUST_CHECK;

/** file_write_unsynced(dir_fd, name, bytes, len, mode, err): the same, but neither synced nor
 * closed: its descriptor, for the caller to do both; -1 with err set and no file. */
int file_write_unsynced(int dir_fd, const char *name, const void *bytes, size_t len, mode_t mode,
    struct error *err) MUST_CHECK;

#endif
