#include "common/layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/limits.h"

#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define FILE_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* Which mount a descriptor is on: the kernel's mount id, else (before Linux 5.8) the device number.
 */
static int mount_id_of(int fd, struct statx *st)
{
	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_SIZE | STATX_MNT_ID, st) != 0)
		return -1;
	if ((st->stx_mask & STATX_MNT_ID) == 0)
		st->stx_mnt_id = (uint64_t)st->stx_dev_major << 32 | st->stx_dev_minor;
	return 0;
}

/*
 * A directory below another, on the same mount; *out stays -1 where there is none. Only what the
 * machine refuses is an error: too many files, a failing disk, no permission.
 */
static int open_below(
    int *out, int parent_fd, const char *name, uint64_t mount_id, struct error *err)
{
	struct statx st;
	auto_fd int fd = openat(parent_fd, name, DIRECTORY_FLAGS);

	*out = -1;
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0 || mount_id_of(fd, &st) != 0)
		return error_sys(err, "%s", name);
	if (st.stx_mnt_id == mount_id)
		*out = steal_fd(&fd);
	return 0;
}

static int open_root(struct layout *out, const char *path, struct error *err)
{
	size_t len = strlen(path);

	/* A link followed by a slash would be followed. */
	while (len > 1 && path[len - 1] == '/')
		len--;
	auto_free char *bare = mem_strndup(path, len);
	out->root_fd = open(bare, DIRECTORY_FLAGS);
	if (out->root_fd >= 0)
		return 0;
	/* O_DIRECTORY answers ENOTDIR to a link as well. */
	if (errno == ENOTDIR || errno == ELOOP)
		return error_set(
		    err, ERR_FORMAT, "layout '%s': not a directory (a link is not followed)", path);
	return error_sys(err, "layout '%s'", path);
}

/* blobs/sha256; blobs_fd stays -1 where it is not there. */
static int open_blobs(struct layout *out, struct error *err)
{
	auto_fd int blobs = -1;

	if (open_below(&blobs, out->root_fd, "blobs", out->mount_id, err) != 0)
		return -1;
	if (blobs < 0)
		return 0;
	return open_below(&out->blobs_fd, blobs, "sha256", out->mount_id, err);
}

int layout_open(struct layout *out, const char *path, struct error *err)
{
	struct statx st;

	*out = (struct layout)LAYOUT_INIT;
	if (open_root(out, path, err) != 0)
		return -1;
	int result = mount_id_of(out->root_fd, &st);
	if (result == 0) {
		out->mount_id = st.stx_mnt_id;
		result = open_blobs(out, err);
	} else {
		(void)error_sys(err, "statx");
	}
	if (result == 0)
		return 0;
	layout_close(out);
	return error_prefix(err, "layout '%s'", path);
}

void layout_close(struct layout *l)
{
	cleanup_fd(&l->root_fd);
	cleanup_fd(&l->blobs_fd);
	*l = (struct layout)LAYOUT_INIT;
}

/* path is the name in SEAL, for messages; name is what is opened below dir_fd. */
static int open_regular(const struct layout *l, int dir_fd, const char *name, const char *path,
    uint64_t *out_size, struct error *err)
{
	struct stat before;
	struct statx st;

	/* Looked at before it is opened: opening a device can do things. */
	if (dir_fd < 0)
		errno = ENOENT;
	if (dir_fd < 0 || fstatat(dir_fd, name, &before, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno != ENOENT)
			return error_sys(err, "%s", path);
		(void)error_set(err, ERR_FORMAT, "%s: missing%s", path,
		    strcmp(path, LAYOUT_INDEX) == 0 ? ": is this an OCI image layout?" : "");
		err->sys_errno = ENOENT;
		return -1;
	}
	if (!S_ISREG(before.st_mode))
		return error_set(err, ERR_FORMAT, "%s: not a regular file", path);
	auto_fd int fd = openat(dir_fd, name, FILE_FLAGS);
	if (fd < 0 && errno == ELOOP)
		return error_set(err, ERR_FORMAT, "%s: not a regular file", path);
	if (fd < 0 || mount_id_of(fd, &st) != 0)
		return error_sys(err, "%s", path);
	if (!S_ISREG(st.stx_mode))
		return error_set(err, ERR_FORMAT, "%s: not a regular file", path);
	if (st.stx_mnt_id != l->mount_id)
		return error_set(err, ERR_FORMAT, "%s: a mount point inside the layout", path);
	*out_size = st.stx_size;
	return steal_fd(&fd);
}

int layout_open_file(
    const struct layout *l, const char *name, uint64_t *out_size, struct error *err)
{
	return open_regular(l, l->root_fd, name, name, out_size, err);
}

int layout_open_blob(
    const struct layout *l, const struct digest *digest, uint64_t *out_size, struct error *err)
{
	char path[] =
	    "blobs/sha256/................................................................";
	char *name = path + strlen("blobs/sha256/");

	digest_hex(name, digest);
	return open_regular(l, l->blobs_fd, name, path, out_size, err);
}

int layout_read_file(const struct layout *l, const char *name, struct buf *out, struct error *err)
{
	uint64_t size;
	auto_fd int fd = layout_open_file(l, name, &size, err);

	if (fd < 0)
		return -1;
	return buf_read_fd(out, fd, name, err);
}

void layout_signature_name(char out[LAYOUT_SIGNATURE_NAME_LEN + 1], const char *kid)
{
	memcpy(out, "SEAL.", 5);
	memcpy(out + 5, kid, LAYOUT_KID_LEN);
	memcpy(out + 5 + LAYOUT_KID_LEN, ".sig", 5);
}

bool layout_is_signature_name(const char *name)
{
	return strlen(name) == LAYOUT_SIGNATURE_NAME_LEN && memcmp(name, "SEAL.", 5) == 0 &&
	       strspn(name + 5, "0123456789abcdef") == LAYOUT_KID_LEN &&
	       strcmp(name + 5 + LAYOUT_KID_LEN, ".sig") == 0;
}

/*
 * Visits the entries of one directory but the one named inner, which is a level of its own. A name
 * too long for any of ours is still shown.
 */
static int each_entry(int dir_fd, const char *prefix, const char *inner, layout_visit *visit,
    void *context, struct error *err)
{
	auto_fd int fd = openat(dir_fd, ".", DIRECTORY_FLAGS);
	auto_dir DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (dir == NULL)
		return error_sys(err, "layout: %s: opendir", prefix);
	(void)steal_fd(&fd);
	for (;;) {
		struct stat st;
		errno = 0;
		const struct dirent *entry = readdir(dir);

		if (entry == NULL)
			break;
		const char *name = entry->d_name;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    (inner != NULL && strcmp(name, inner) == 0))
			continue;
		auto_free char *path = mem_printf("%s%s", prefix, name);
		bool found = fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
		if (visit(context, path, found && S_ISREG(st.st_mode), err) != 0)
			return -1;
	}
	if (errno != 0)
		return error_sys(err, "layout: %s: readdir", prefix);
	return 0;
}

int layout_each(const struct layout *l, layout_visit *visit, void *context, struct error *err)
{
	bool whole = l->blobs_fd >= 0;

	if (each_entry(l->root_fd, "", whole ? "blobs" : NULL, visit, context, err) != 0)
		return -1;
	if (!whole)
		return 0;
	auto_fd int blobs = -1;
	if (open_below(&blobs, l->root_fd, "blobs", l->mount_id, err) != 0)
		return -1;
	if (blobs < 0)
		return error_set(err, ERR_FORMAT, "blobs: changed while it was read");
	if (each_entry(blobs, "blobs/", "sha256", visit, context, err) != 0)
		return -1;
	return each_entry(l->blobs_fd, "blobs/sha256/", NULL, visit, context, err);
}
