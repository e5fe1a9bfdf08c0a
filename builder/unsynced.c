#include "builder/unsynced.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <sys/vfs.h>

#include "common/fd.h"

#define THREADS 4

/* Every THREADS-th file, from first on. Nobody else looks at them until the thread was joined. */
struct share {
	struct unsynced *all;
	size_t first;
	pthread_t thread;
	bool is_running;
};

static void *sync_share(void *context)
{
	const struct share *s = context;

	for (size_t i = s->first; i < s->all->count; i += THREADS) {
		struct unsynced_file *f = &s->all->files[i];
		if ((f->is_directory ? fd_sync_directory(f->fd) : fsync(f->fd)) != 0)
			f->sys_errno = errno;
	}
	return NULL;
}

/* Where a sync has nothing to wait for, threads would only cost time. */
static bool is_in_memory(const struct unsynced *u)
{
	struct statfs fs;

	return u->count > 0 && fstatfs(u->files[0].fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

/* The first share is our own, as is one whose thread does not start. */
static void sync_all(struct unsynced *u)
{
	struct share shares[THREADS];
	size_t begun = is_in_memory(u) ? 1 : u->count;

	for (size_t i = 0; i < THREADS; i++) {
		struct share *s = &shares[i];
		*s = (struct share){.all = u, .first = i};
		s->is_running =
		    i > 0 && i < begun && pthread_create(&s->thread, NULL, sync_share, s) == 0;
	}
	for (size_t i = 0; i < THREADS; i++) {
		if (!shares[i].is_running)
			(void)sync_share(&shares[i]);
	}
	for (size_t i = 0; i < THREADS; i++) {
		if (shares[i].is_running)
			(void)pthread_join(shares[i].thread, NULL);
	}
}

int unsynced_add(struct unsynced *u, int fd, bool is_directory, struct error *err)
{
	auto_fd int taken = fd;

	if (u->count == UNSYNCED_MAX && unsynced_sync(u, err) != 0)
		return -1;
	/* Begun already, it gets its place on the disk before the commit that all will share. It
	 * tells of no error that fsync() would not tell of. */
	if (!is_directory)
		(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	u->files[u->count++] =
	    (struct unsynced_file){.fd = steal_fd(&taken), .is_directory = is_directory};
	return 0;
}

int unsynced_sync(struct unsynced *u, struct error *err)
{
	int sys_errno = 0;

	sync_all(u);
	for (size_t i = 0; i < u->count; i++) {
		/* Some file systems tell of a full disk only when a file is closed. */
		if (close(u->files[i].fd) != 0 && u->files[i].sys_errno == 0)
			u->files[i].sys_errno = errno;
		if (sys_errno == 0)
			sys_errno = u->files[i].sys_errno;
	}
	u->count = 0;
	errno = sys_errno;
	return sys_errno == 0 ? 0 : error_sys(err, "sync");
}

void unsynced_release(struct unsynced *u)
{
	for (size_t i = 0; i < u->count; i++)
		(void)close(u->files[i].fd);
	u->count = 0;
}
