#include "pusher/trust_place.h"

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

/* The parent directory and the last component, without slashes behind it. */
static int open_parent(struct trust_place *p, const char *path, struct error *err)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	auto_free char *trimmed = mem_strndup(path, len);
	char *slash = strrchr(trimmed, '/');
	p->name = mem_strdup(slash == NULL ? trimmed : slash + 1);
	if (p->name[0] == '\0' || strcmp(p->name, ".") == 0 || strcmp(p->name, "..") == 0)
		return error_set(err, ERR_USAGE,
		    "give the directory by its name, for it is replaced by another");
	if (slash != NULL)
		slash[slash == trimmed] = '\0';
	p->parent_fd = open(slash == NULL ? "." : trimmed, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return p->parent_fd >= 0 ? 0 : error_sys(err, "its parent directory");
}

/* Only what an update could have written may be taken away. */
static int check_content(const struct trust_place *p, struct error *err)
{
	auto_fd int fd = openat(p->dir_fd, ".", DIRECTORY_FLAGS);
	auto_dir DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (dir == NULL)
		return error_sys(err, "opendir");
	(void)steal_fd(&fd);
	errno = 0;
	while ((entry = readdir(dir)) != NULL) {
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (entry->d_name[0] == '.' ||
		    fstatat(p->dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		    !S_ISREG(st.st_mode))
			return error_set(err, ERR_TRUST,
			    "'%s' in it is no file of a trust directory and would be lost: apply "
			    "the "
			    "update to a plain copy, and bring that to where this came from",
			    entry->d_name);
		errno = 0;
	}
	return errno == 0 ? 0 : error_sys(err, "readdir");
}

static int check_place(const struct trust_place *p, struct error *err)
{
	struct stat parent;
	struct stat named;

	if (fstat(p->parent_fd, &parent) != 0 ||
	    fstatat(p->parent_fd, p->name, &named, AT_SYMLINK_NOFOLLOW) != 0)
		return error_sys(err, "stat");
	/* Another process exchanged it between our opening it and our lock. */
	if (named.st_dev != p->st.st_dev || named.st_ino != p->st.st_ino)
		return error_set(
		    err, ERR_BUSY, "another process has just replaced it: run this again");
	if (parent.st_dev != p->st.st_dev)
		return error_set(err, ERR_TRUST,
		    "a mount point, which cannot be exchanged: keep the trust in a directory below "
		    "it");
	return check_content(p, err);
}

static int open_and_lock(struct trust_place *p, const char *path, struct error *err)
{
	if (open_parent(p, path, err) != 0)
		return -1;
	p->dir_fd = openat(p->parent_fd, p->name, DIRECTORY_FLAGS);
	if (p->dir_fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return error_set(
		    err, ERR_TRUST, "not a directory, or a link to one: name the directory itself");
	if (p->dir_fd < 0 || fstat(p->dir_fd, &p->st) != 0)
		return error_sys(err, "open");
	if (flock(p->dir_fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK
			   ? error_set(err, ERR_BUSY, "another process is replacing it")
			   : error_sys(err, "lock");
	return check_place(p, err);
}

int trust_place_open(struct trust_place *out, const char *path, struct error *err)
{
	*out = (struct trust_place)TRUST_PLACE_INIT;
	out->path = mem_strdup(path);
	if (open_and_lock(out, path, err) != 0)
		return error_prefix(err, "trust directory '%s'", path);
	return 0;
}

void trust_place_close(struct trust_place *p)
{
	cleanup_fd(&p->dir_fd);
	cleanup_fd(&p->parent_fd);
	free(p->name);
	free(p->path);
	*p = (struct trust_place)TRUST_PLACE_INIT;
}

/* Everything but the exchange. */
static int fill(
    const struct trust_place *p, int fd, const struct trust_files *files, struct error *err)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct trust_file *file = &files->items[i];

		if (file_write_new(fd, file->name, buf_text(&file->content), file->content.len,
			0644, err) != 0)
			return -1;
	}
	if (fchown(fd, p->st.st_uid, p->st.st_gid) != 0)
		return error_sys(err, "giving the new directory the owner of the old");
	if (fchmod(fd, p->st.st_mode & 07775) != 0 || fd_sync_directory(fd) != 0)
		return error_sys(err, "sync");
	return interrupt_check(err);
}

static int exchange(const struct trust_place *p, const char *staging, struct error *err)
{
	if (renameat2(p->parent_fd, staging, p->parent_fd, p->name, RENAME_EXCHANGE) == 0)
		return 0;
	if (errno == EINVAL || errno == ENOSYS)
		return error_set(err, ERR_SYSTEM,
		    "this file system cannot exchange two directories: keep the trust on another");
	if (errno == EBUSY || errno == EXDEV)
		return error_set(err, ERR_TRUST,
		    "a mount point, which cannot be exchanged: keep the trust in a directory below "
		    "it");
	return error_sys(err, "exchange");
}

int trust_place_install(struct trust_place *p, const struct trust_files *files, struct error *err)
{
	struct error ignored = ERROR_INIT;
	auto_free char *staging = NULL;

	staging_sweep(p->parent_fd, p->name);
	auto_fd int fd = staging_make(p->parent_fd, p->name, &staging, err);
	if (fd < 0)
		return error_prefix(err, "beside trust directory '%s'", p->path);
	int result = fill(p, fd, files, err);
	if (result == 0)
		result = exchange(p, staging, err);
	if (result == 0 && fd_sync_directory(p->parent_fd) != 0)
		result = error_sys(err, "the new files are in place, but may not survive a crash");
	/* Under the staging name lies now what is not wanted: the new directory, or the old one. */
	if (staging_remove(p->parent_fd, staging, &ignored) != 0 && result == 0)
		ignored.code = ERR_NONE; /* the next one sweeps it */
	return result == 0 ? 0 : error_prefix(err, "trust directory '%s'", p->path);
}
