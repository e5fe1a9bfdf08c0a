#include "builder/layout_update.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "common/fd.h"
#include "common/file_write.h"
#include "common/interrupt.h"
#include "common/staging.h"

#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define BLOB_PREFIX "blobs/sha256/"
#define BLOBS_PREFIX "blobs/"

struct layout_update {
	struct layout layout; /* locked */
	int parent_fd;
	int staging_fd;
	char *staging; /* its name; NULL while there is none */
	char *path;    /* as it was given, for messages */
};

static int lock(const struct layout_update *u, struct error *err)
{
	if (flock(u->layout.root_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return error_set(err, ERR_BUSY, "another builder is at it");
	return error_sys(err, "lock");
}

/* The name that the directory has in its parent, however it was spelt: "." for instance. */
static char *find_name(const char *path, struct error *err)
{
	auto_free char *real = realpath(path, NULL);

	if (real == NULL) {
		(void)error_sys(err, "realpath");
		return NULL;
	}
	const char *slash = strrchr(real, '/');
	if (slash == NULL || slash[1] == '\0') {
		(void)error_set(err, ERR_USAGE, "the root directory cannot be changed as a layout");
		return NULL;
	}
	return mem_strdup(slash + 1);
}

static int prepare(struct layout_update *u, const char *path, struct error *err)
{
	if (layout_open(&u->layout, path, err) != 0)
		return -1;
	auto_free char *name = find_name(path, err);
	if (name == NULL || lock(u, err) != 0)
		return error_prefix(err, "layout '%s'", path);
	u->parent_fd = openat(u->layout.root_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (u->parent_fd < 0)
		return error_sys(err, "layout '%s': the directory above it", path);
	staging_sweep(u->parent_fd, name);
	u->staging_fd = staging_make(u->parent_fd, name, &u->staging, err);
	return u->staging_fd >= 0 ? 0 : error_prefix(err, "beside layout '%s'", path);
}

struct layout_update *layout_update_new(const char *path, struct error *err)
{
	auto_layout_update struct layout_update *u = mem_zalloc(1, sizeof(*u));

	u->layout = (struct layout)LAYOUT_INIT;
	u->parent_fd = u->staging_fd = -1;
	u->path = mem_strdup(path);
	if (prepare(u, path, err) != 0)
		return NULL;
	return steal_ptr(&u);
}

void layout_update_free(struct layout_update *u)
{
	struct error ignored = ERROR_INIT;

	if (u == NULL)
		return;
	/* What cannot be removed now, the next builder sweeps. */
	if (u->staging != NULL && staging_remove(u->parent_fd, u->staging, &ignored) != 0)
		ignored.code = ERR_NONE;
	cleanup_fd(&u->staging_fd);
	cleanup_fd(&u->parent_fd);
	layout_close(&u->layout);
	free(u->staging);
	free(u->path);
	free(u);
}

const struct layout *layout_update_layout(const struct layout_update *u)
{
	return &u->layout;
}

/* Where RENAME_NOREPLACE is refused (some network and FUSE file systems), a second name is given
 * instead, which replaces nothing either. */
static int rename_new(int from_fd, const char *from, int to_fd, const char *to)
{
	if (renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	return linkat(from_fd, from, to_fd, to, 0);
}

static int put(struct layout_update *u, int dir_fd, const char *name, const void *bytes, size_t len,
    bool replace, struct error *err)
{
	if (interrupt_check(err) != 0 ||
	    file_write_new(u->staging_fd, name, bytes, len, 0644, err) != 0)
		return -1;
	int result = replace ? renameat(u->staging_fd, name, dir_fd, name)
			     : rename_new(u->staging_fd, name, dir_fd, name);
	if (result == 0)
		return 0;
	if (errno == EEXIST)
		(void)error_set(err, ERR_EXISTS, "'%s': %s exists", u->path, name);
	else if (errno == EXDEV)
		(void)error_set(err, ERR_SYSTEM,
		    "'%s' is a mount point, and a new file has to be written beside it first: put "
		    "the layout into a directory of that file system",
		    u->path);
	else
		(void)error_sys(err, "'%s': %s: rename", u->path, name);
	(void)unlinkat(u->staging_fd, name, 0);
	return -1;
}

static int put_in_root(struct layout_update *u, const char *name, const void *bytes, size_t len,
    bool replace, struct error *err)
{
	if (put(u, u->layout.root_fd, name, bytes, len, replace, err) != 0)
		return -1;
	if (fd_sync_directory(u->layout.root_fd) != 0)
		return error_sys(err, "'%s': sync", u->path);
	return 0;
}

int layout_update_replace(
    struct layout_update *u, const char *name, const void *bytes, size_t len, struct error *err)
{
	return put_in_root(u, name, bytes, len, true, err);
}

int layout_update_add(
    struct layout_update *u, const char *name, const void *bytes, size_t len, struct error *err)
{
	return put_in_root(u, name, bytes, len, false, err);
}

int layout_update_blob(struct layout_update *u, const struct digest *digest, const void *bytes,
    size_t len, struct error *err)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(hex, digest);
	if (faccessat(u->layout.blobs_fd, hex, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return put(u, u->layout.blobs_fd, hex, bytes, len, false, err);
}

/* The directory that a path of the layout is in, by its descriptor, and its name there. */
static int find_place(
    const struct layout_update *u, const char *path, int *out_blobs, const char **out_name)
{
	if (strncmp(path, BLOB_PREFIX, strlen(BLOB_PREFIX)) == 0) {
		*out_name = path + strlen(BLOB_PREFIX);
		return u->layout.blobs_fd;
	}
	if (strncmp(path, BLOBS_PREFIX, strlen(BLOBS_PREFIX)) == 0) {
		*out_name = path + strlen(BLOBS_PREFIX);
		*out_blobs = openat(u->layout.root_fd, "blobs", DIRECTORY_FLAGS);
		return *out_blobs;
	}
	*out_name = path;
	return u->layout.root_fd;
}

int layout_update_remove(struct layout_update *u, const char *path, struct error *err)
{
	const char *name;
	auto_fd int blobs = -1;
	int dir_fd = find_place(u, path, &blobs, &name);

	if (dir_fd < 0 || unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	/* A directory: EISDIR on Linux, EPERM elsewhere by POSIX. */
	if ((errno == EISDIR || errno == EPERM) && unlinkat(dir_fd, name, AT_REMOVEDIR) == 0)
		return 0;
	return error_sys(err, "'%s': %s: remove", u->path, path);
}

int layout_update_sync(struct layout_update *u, bool whole_disk, struct error *err)
{
	auto_fd int blobs = openat(u->layout.root_fd, "blobs", DIRECTORY_FLAGS);
	const int fds[] = {u->layout.blobs_fd, blobs, u->layout.root_fd};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] >= 0 && fd_sync_directory(fds[i]) != 0)
			return error_sys(err, "'%s': sync", u->path);
	}
	if (whole_disk && syncfs(u->layout.root_fd) != 0)
		return error_sys(err, "'%s': sync", u->path);
	return 0;
}
