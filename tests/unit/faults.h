/*
 * System calls that fail when a test wants it: each is defined here under libc's own name, so that
 * the linker takes it for every object of the program. For one test file of a program.
 */
#ifndef TESTS_UNIT_FAULTS_H
#define TESTS_UNIT_FAULTS_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/expect.h"

enum fault_call {
	CALL_WRITE,
	CALL_FSYNC,
	CALL_FCHMOD,
	CALL_MKDIRAT,
	CALL_OPENAT,
	CALL_FLOCK,
	CALL_RENAMEAT2,
	CALL_COUNT
};

/* Fails the n-th call of a kind from now on; counts them all. */
struct faults {
	_Atomic unsigned seen[CALL_COUNT]; /* by any thread */
	unsigned fail_at[CALL_COUNT];      /* 1 is the next one; 0: none */
	int sys_errno[CALL_COUNT];
	bool lasting; /* and every one after it */
};
static struct faults faults;

static inline void faults_clear(void)
{
	faults = (struct faults){.lasting = false};
}

/** faults_plan(call, n, number): the n-th call from now on fails with this errno. */
static inline void faults_plan(enum fault_call call, unsigned n, int number)
{
	faults_clear();
	faults.fail_at[call] = n;
	faults.sys_errno[call] = number;
}

static inline bool fault_strikes(enum fault_call call)
{
	unsigned n = ++faults.seen[call];
	unsigned at = faults.fail_at[call];

	if (at == 0 || n < at || (n > at && !faults.lasting))
		return false;
	errno = faults.sys_errno[call];
	return true;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	return fault_strikes(CALL_WRITE) ? -1 : syscall(SYS_write, fd, bytes, len);
}

int fsync(int fd)
{
	return fault_strikes(CALL_FSYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fchmod(int fd, mode_t mode)
{
	return fault_strikes(CALL_FCHMOD) ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

int mkdirat(int fd, const char *path, mode_t mode)
{
	return fault_strikes(CALL_MKDIRAT) ? -1 : (int)syscall(SYS_mkdirat, fd, path, mode);
}

int flock(int fd, int operation)
{
	return fault_strikes(CALL_FLOCK) ? -1 : (int)syscall(SYS_flock, fd, operation);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return fault_strikes(CALL_RENAMEAT2)
		   ? -1
		   : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

int openat(int fd, const char *path, int flags, ...)
{
	mode_t mode = 0;

	if ((flags & O_CREAT) != 0) {
		va_list args;

		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	return fault_strikes(CALL_OPENAT) ? -1 : (int)syscall(SYS_openat, fd, path, flags, mode);
}

#endif
