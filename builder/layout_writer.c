#include "builder/layout_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "builder/unsynced.h"
#include "common/fd.h"
#include "common/file_write.h"
#include "common/interrupt.h"
#include "common/layout.h"
#include "common/staging.h"

#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct layout_writer {
	int parent_fd;
	int root_fd;
	int blobs_fd;       /* blobs/sha256 */
	char *name;         /* last component of the place */
	char *staging;      /* name of the staging directory; NULL once it is gone */
	char *staging_path; /* the same with its parent, for messages and for opening it */
	char *path;         /* the place as it was given, for messages */
	int old_fd;         /* what was replaced, locked until it is removed */
	bool exchange;      /* something is there that will be replaced */
	struct unsynced unsynced;
};

/* Takes "a/b/" apart into "a" and "b". */
static int split_path(const char *path, char **out_parent, char **out_name, struct error *err)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	const char *slash = memrchr(path, '/', len);
	const char *last = slash != NULL ? slash + 1 : path;
	size_t last_len = len - (size_t)(last - path);

	if (last_len == 0 || (last_len == 1 && last[0] == '.') ||
	    (last_len == 2 && last[0] == '.' && last[1] == '.'))
		return error_set(
		    err, ERR_USAGE, "output '%s': the name of the new directory is missing", path);
	if (last_len > 200)
		return error_set(
		    err, ERR_USAGE, "output '%s': the name is longer than 200 bytes", path);
	*out_name = mem_strndup(last, last_len);
	*out_parent = slash == NULL ? mem_strdup(".")
				    : mem_strndup(path, slash == path ? 1 : (size_t)(slash - path));
	return 0;
}

/* A visitor: what a layout does not have, we do not remove either. */
static int refuse_foreign(void *context, const char *path, bool is_regular, struct error *err)
{
	struct digest d;
	static const char prefix[] = "blobs/sha256/";
	const size_t prefix_len = sizeof(prefix) - 1;
	bool known = strcmp(path, LAYOUT_INDEX) == 0 || strcmp(path, LAYOUT_OCI_LAYOUT) == 0 ||
		     strcmp(path, LAYOUT_SEAL) == 0 || layout_is_signature_name(path) ||
		     (strncmp(path, prefix, prefix_len) == 0 &&
			 digest_parse_hex(&d, path + prefix_len, strlen(path + prefix_len)));

	if (known && is_regular) {
		*(bool *)context |= strcmp(path, LAYOUT_INDEX) == 0;
		return 0;
	}
	return error_set(err, ERR_EXISTS, "'%s' in it belongs to no layout", path);
}

static int check_replaceable(const char *path, struct error *err)
{
	auto_layout struct layout old = LAYOUT_INIT;
	bool has_index = false;

	if (layout_open(&old, path, err) != 0)
		return error_recode(err, ERR_EXISTS);
	if (layout_each(&old, refuse_foreign, &has_index, err) != 0)
		return error_prefix(err, "output '%s' is not replaced", path);
	if (!has_index)
		return error_set(
		    err, ERR_EXISTS, "output '%s' is not replaced: it is no layout", path);
	return 0;
}

static int check_place(struct layout_writer *w, const char *path, bool replace, struct error *err)
{
	struct stat st;

	if (fstatat(w->parent_fd, w->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : error_sys(err, "output '%s'", path);
	if (!replace)
		return error_set(
		    err, ERR_EXISTS, "output '%s' exists (--force replaces a layout)", path);
	w->exchange = true;
	return check_replaceable(path, err);
}

static int make_directories(struct layout_writer *w, struct error *err)
{
	if (mkdirat(w->root_fd, "blobs", 0755) != 0 ||
	    mkdirat(w->root_fd, "blobs/sha256", 0755) != 0)
		return error_sys(err, "'%s': mkdir", w->staging_path);
	w->blobs_fd = openat(w->root_fd, "blobs/sha256", DIRECTORY_FLAGS);
	return w->blobs_fd >= 0 ? 0 : error_sys(err, "'%s'", w->staging_path);
}

static int prepare(struct layout_writer *w, const char *path, bool replace, struct error *err)
{
	auto_free char *parent = NULL;

	if (split_path(path, &parent, &w->name, err) != 0)
		return -1;
	w->parent_fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->parent_fd < 0)
		return error_sys(err, "output '%s': directory '%s'", path, parent);
	if (check_place(w, path, replace, err) != 0)
		return -1;
	staging_sweep(w->parent_fd, w->name);
	w->root_fd = staging_make(w->parent_fd, w->name, &w->staging, err);
	if (w->root_fd < 0)
		return error_prefix(err, "output '%s'", path);
	w->staging_path = mem_printf("%s/%s", parent, w->staging);
	return make_directories(w, err);
}

struct layout_writer *layout_writer_new(const char *path, bool replace, struct error *err)
{
	auto_layout_writer struct layout_writer *w = mem_zalloc(1, sizeof(*w));

	w->parent_fd = w->root_fd = w->blobs_fd = w->old_fd = -1;
	w->unsynced = (struct unsynced)UNSYNCED_INIT;
	w->path = mem_strdup(path);
	if (prepare(w, path, replace, err) != 0)
		return NULL;
	return steal_ptr(&w);
}

void layout_writer_free(struct layout_writer *w)
{
	struct error ignored = ERROR_INIT;

	if (w == NULL)
		return;
	unsynced_release(&w->unsynced);
	/* What cannot be removed now, the next builder sweeps. */
	if (w->staging != NULL && staging_remove(w->parent_fd, w->staging, &ignored) != 0)
		ignored.code = ERR_NONE;
	cleanup_fd(&w->blobs_fd);
	cleanup_fd(&w->root_fd);
	cleanup_fd(&w->parent_fd);
	cleanup_fd(&w->old_fd);
	free(w->path);
	free(w->name);
	free(w->staging);
	free(w->staging_path);
	free(w);
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int layout_writer_check_outside(const struct layout_writer *w, const char *path, struct error *err)
{
	struct stat directory;
	struct stat here;
	struct stat above;
	/* Without the right to list them: what lies above is often closed for that. */
	const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	auto_fd int fd = openat(w->parent_fd, ".", flags);

	if (stat(path, &directory) != 0 || !S_ISDIR(directory.st_mode))
		return 0;
	if (fd < 0 || fstat(fd, &here) != 0)
		return error_sys(err, "'%s'", w->staging_path);
	for (;;) {
		if (is_same_file(&here, &directory))
			return error_set(err, ERR_USAGE,
			    "output '%s' would lie inside '%s', which is to be packed", w->name,
			    path);
		int up = openat(fd, "..", flags);
		if (up < 0 || fstat(up, &above) != 0) {
			(void)error_sys(err, "above '%s'", w->staging_path);
			cleanup_fd(&up);
			return -1;
		}
		cleanup_fd(&fd);
		fd = up;
		if (is_same_file(&above, &here))
			return 0;
		here = above;
	}
}

static int write_file(struct layout_writer *w, int dir_fd, const char *name, const void *bytes,
    size_t len, struct error *err)
{
	int fd = file_write_unsynced(dir_fd, name, bytes, len, 0644, err);

	if (fd < 0)
		return -1;
	return unsynced_add(&w->unsynced, fd, false, err);
}

int layout_writer_blob(struct layout_writer *w, const struct digest *digest, const void *bytes,
    size_t len, struct error *err)
{
	char hex[DIGEST_HEX_LEN + 1];

	if (interrupt_check(err) != 0)
		return -1;
	digest_hex(hex, digest);
	if (faccessat(w->blobs_fd, hex, F_OK, 0) == 0)
		return 0;
	if (write_file(w, w->blobs_fd, hex, bytes, len, err) != 0)
		return error_prefix(err, "'%s/blobs/sha256'", w->staging_path);
	return 0;
}

int layout_writer_file(
    struct layout_writer *w, const char *name, const void *bytes, size_t len, struct error *err)
{
	if (interrupt_check(err) != 0)
		return -1;
	if (write_file(w, w->root_fd, name, bytes, len, err) != 0)
		return error_prefix(err, "'%s'", w->staging_path);
	return 0;
}

const char *layout_writer_staging(const struct layout_writer *w)
{
	return w->staging_path;
}

/* Modes that no umask decides; then all files, and the directories that name them, are on the disk.
 */
static int settle(struct layout_writer *w, struct error *err)
{
	static const char *const directories[] = {".", "blobs", "blobs/sha256"};

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		auto_fd int fd = openat(w->root_fd, directories[i], DIRECTORY_FLAGS);
		if (fd < 0 || fchmod(fd, 0755) != 0)
			return error_sys(err, "'%s': sync", w->staging_path);
		if (unsynced_add(&w->unsynced, steal_fd(&fd), true, err) != 0)
			return error_prefix(err, "'%s'", w->staging_path);
	}
	return unsynced_sync(&w->unsynced, err) == 0 ? 0
						     : error_prefix(err, "'%s'", w->staging_path);
}

/*
 * Without RENAME_NOREPLACE (some network and FUSE file systems) an empty directory takes the name
 * first: mkdir fails where something is there, and a rename replaces nothing but an empty
 * directory.
 */
static int rename_over_empty(struct layout_writer *w)
{
	if (mkdirat(w->parent_fd, w->name, 0700) != 0)
		return -1;
	if (renameat(w->parent_fd, w->staging, w->parent_fd, w->name) == 0)
		return 0;
	int saved = errno;
	(void)unlinkat(w->parent_fd, w->name, AT_REMOVEDIR);
	errno = saved;
	return -1;
}

static int take_name(struct layout_writer *w, struct error *err)
{
	int result = renameat2(w->parent_fd, w->staging, w->parent_fd, w->name,
	    w->exchange ? RENAME_EXCHANGE : RENAME_NOREPLACE);

	if (result != 0 && !w->exchange && (errno == EINVAL || errno == ENOSYS))
		result = rename_over_empty(w);
	if (result == 0)
		return 0;
	if (errno == EEXIST || errno == ENOTEMPTY)
		return error_set(
		    err, ERR_EXISTS, "output '%s' was made by another process meanwhile", w->name);
	if (w->exchange && (errno == EINVAL || errno == ENOSYS))
		return error_set(err, ERR_SYSTEM,
		    "output '%s': this file system cannot replace a directory in one step: remove "
		    "the old one first",
		    w->name);
	return error_sys(err, "output '%s': rename", w->name);
}

/* Is what now has the staging name the directory that was looked at? */
static bool is_staging(const struct layout_writer *w, int fd)
{
	struct stat looked_at;
	struct stat taken;

	return fstat(fd, &looked_at) == 0 &&
	       fstatat(w->parent_fd, w->staging, &taken, AT_SYMLINK_NOFOLLOW) == 0 &&
	       looked_at.st_dev == taken.st_dev && looked_at.st_ino == taken.st_ino;
}

/*
 * Takes the place of what is there. It was looked at before the charts were packed, perhaps minutes
 * ago, and what has its place at the end is deleted: so it is looked at again, and given back if it
 * is another one after all. Its lock keeps other builders from sweeping it or replacing us.
 */
static int exchange(struct layout_writer *w, struct error *err)
{
	auto_fd int old = openat(w->parent_fd, w->name, DIRECTORY_FLAGS);

	if (old < 0)
		return error_sys(err, "output '%s'", w->path);
	if (flock(old, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? error_set(err, ERR_BUSY,
						  "output '%s': another builder is at it", w->path)
					    : error_sys(err, "output '%s': lock", w->path);
	if (check_replaceable(w->path, err) != 0 || take_name(w, err) != 0)
		return -1;
	w->old_fd = steal_fd(&old);
	if (is_staging(w, w->old_fd))
		return 0;
	if (renameat2(w->parent_fd, w->staging, w->parent_fd, w->name, RENAME_EXCHANGE) == 0)
		return error_set(err, ERR_EXISTS,
		    "output '%s' was made anew by another process meanwhile", w->path);
	(void)error_sys(err,
	    "output '%s' was made anew by another process meanwhile; that is now '%s'", w->path,
	    w->staging);
	free(w->staging);
	w->staging = NULL;
	return -1;
}

int layout_writer_publish(struct layout_writer *w, struct error *err)
{
	if (interrupt_check(err) != 0 || settle(w, err) != 0 ||
	    (w->exchange ? exchange(w, err) : take_name(w, err)) != 0)
		return -1;
	/* From here on the layout is there; after an exchange the staging name is the old one's. */
	auto_free char *old = w->exchange ? mem_strdup(w->staging) : NULL;
	free(w->staging);
	w->staging = NULL;
	if (fd_sync_directory(w->parent_fd) != 0)
		return error_sys(err, "output '%s': sync of its directory", w->name);
	if (old != NULL && staging_remove(w->parent_fd, old, err) != 0)
		return error_prefix(err, "the new layout is in place, but the old one remains");
	return 0;
}
