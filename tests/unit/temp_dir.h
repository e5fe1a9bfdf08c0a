/*
 * A directory of a test's own, removed with all that is in it, and the files that tests put there.
 */
#ifndef TESTS_UNIT_TEMP_DIR_H
#define TESTS_UNIT_TEMP_DIR_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "tests/unit/expect.h"

struct temp_dir {
	char *path; /* owned */
	int fd;
};

static inline int temp_dir_unlink(
    const char *path, const struct stat *st, int kind, struct FTW *position)
{
	(void)st;
	(void)kind;
	(void)position;
	return remove(path);
}

static inline void temp_dir_open(struct temp_dir *t)
{
	const char *parent = getenv("TMPDIR");

	t->path = mem_printf("%s/sallyport-XXXXXX", parent != NULL ? parent : "/tmp");
	assert_non_null(mkdtemp(t->path));
	t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(t->fd >= 0);
}

static inline void temp_dir_close(struct temp_dir *t)
{
	(void)close(t->fd);
	(void)nftw(t->path, temp_dir_unlink, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	free(t->path);
}

/** temp_write(dir_fd, name, bytes, len): a file with this content, in the place of any other. */
static inline void temp_write(int dir_fd, const char *name, const void *bytes, size_t len)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0644), 0);
	for (size_t done = 0; done < len;) {
		ssize_t put = write(fd, (const char *)bytes + done, len - done);
		assert_true(put > 0);
		done += (size_t)put;
	}
	assert_int_equal(close(fd), 0);
}

static inline void temp_puts(int dir_fd, const char *name, const char *text)
{
	temp_write(dir_fd, name, text, strlen(text));
}

/** temp_read(dir_fd, name, out): all of a file, appended. */
static inline void temp_read(int dir_fd, const char *name, struct buf *out)
{
	struct error err = ERROR_INIT;
	auto_fd int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail_msg("%s cannot be opened", name);
	expect_ok(buf_read_fd(out, fd, name, &err), &err);
}

static inline bool temp_exists(int dir_fd, const char *name)
{
	return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline void temp_mkdir(int dir_fd, const char *name)
{
	assert_int_equal(mkdirat(dir_fd, name, 0755), 0);
}

/** temp_count(dir_fd): the entries of a directory, "." and ".." not counted. */
static inline size_t temp_count(int dir_fd)
{
	size_t count = 0;
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);

	assert_non_null(dir);
	for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	(void)closedir(dir);
	return count;
}

/** temp_path(t, name): a path below the directory, owned by the caller. */
static inline char *temp_path(const struct temp_dir *t, const char *name)
{
	return mem_printf("%s/%s", t->path, name);
}

/** open_descriptors(): how many this process has, to see that none was left behind. */
static inline size_t open_descriptors(void)
{
	int fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	size_t count = temp_count(fd);
	(void)close(fd);
	return count;
}

#endif
