#include "common/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Writes in a row that take nothing and say no reason; then it would go on for ever. */
#define IDLE_WRITES_MAX 100U

int fd_write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;
	unsigned idle = 0;

	while (len > 0) {
		ssize_t put = write(fd, at, len);
		if (put < 0 && errno == EINTR)
			continue;
		idle = put == 0 ? idle + 1 : 0;
		if (idle > IDLE_WRITES_MAX)
			errno = EIO;
		if (put < 0 || idle > IDLE_WRITES_MAX)
			return -1;
		at += put;
		len -= (size_t)put;
	}
	return 0;
}

int fd_sync_directory(int fd)
{
	return fsync(fd) == 0 || errno == EINVAL ? 0 : -1;
}

void fd_fill_standard(void)
{
	static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
			_exit(1);
	}
}
