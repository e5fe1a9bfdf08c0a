#include "common/file_write.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "common/fd.h"

int file_write_new(
    int dir_fd, const char *name, const void *bytes, size_t len, mode_t mode, struct error *err)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_sys(err, "'%s': create", name);
	int result = 0;
	if (fd_write_all(fd, bytes, len) != 0 || fchmod(fd, mode) != 0 || fsync(fd) != 0)
		result = error_sys(err, "'%s': write", name);
	/* Some file systems tell of a full disk only here. */
	if (close(fd) != 0 && result == 0)
		result = error_sys(err, "'%s': close", name);
	if (result != 0)
		(void)unlinkat(dir_fd, name, 0);
	return result;
}
