#include "common/file_write.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "common/fd.h"

int file_write_unsynced(
    int dir_fd, const char *name, const void *bytes, size_t len, mode_t mode, struct error *err)
{
	auto_fd int fd =
	    openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_sys(err, "'%s': create", name);
	if (fd_write_all(fd, bytes, len) == 0 && fchmod(fd, mode) == 0)
		return steal_fd(&fd);
	(void)error_sys(err, "'%s': write", name);
	(void)unlinkat(dir_fd, name, 0);
	return -1;
}

int file_write_new(
    int dir_fd, const char *name, const void *bytes, size_t len, mode_t mode, struct error *err)
{
	int fd = file_write_unsynced(dir_fd, name, bytes, len, mode, err);

	if (fd < 0)
		return -1;
	int result = fsync(fd) == 0 ? 0 : error_sys(err, "'%s': write", name);
	/* Some file systems tell of a full disk only here. */
	if (close(fd) != 0 && result == 0)
		result = error_sys(err, "'%s': close", name);
	if (result != 0)
		(void)unlinkat(dir_fd, name, 0);
	return result;
}
