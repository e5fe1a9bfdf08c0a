#include "builder/trust_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/file_write.h"
#include "common/interrupt.h"
#include "common/staging.h"

#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

static int fill(int fd, const struct trust_files *files, const struct buf *list,
    const struct seal_signature *signature, struct error *err)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct buf *content = &files->items[i].content;

		if (file_write_new(
			fd, files->items[i].name, buf_text(content), content->len, 0644, err) != 0)
			return -1;
	}
	if (file_write_new(fd, TRUST_UPDATE_LIST, buf_text(list), list->len, 0644, err) != 0 ||
	    file_write_new(fd, signature->name, buf_text(&signature->armored),
		signature->armored.len, 0644, err) != 0)
		return -1;
	if (fchmod(fd, 0755) != 0 || fd_sync_directory(fd) != 0)
		return error_sys(err, "sync");
	return interrupt_check(err);
}

static int publish(int parent_fd, const char *staging, const char *name, struct error *err)
{
	if (renameat2(parent_fd, staging, parent_fd, name, RENAME_NOREPLACE) != 0)
		return errno == EEXIST ? error_set(err, ERR_EXISTS, "it exists")
				       : error_sys(err, "rename");
	return fd_sync_directory(parent_fd) == 0 ? 0 : error_sys(err, "sync of its directory");
}

static int make_in(int parent_fd, const char *name, const struct trust_files *files,
    const struct buf *list, const struct seal_signature *signature, struct error *err)
{
	struct error ignored = ERROR_INIT;
	auto_free char *staging = NULL;

	if (faccessat(parent_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return error_set(err, ERR_EXISTS, "it exists");
	staging_sweep(parent_fd, name);
	auto_fd int fd = staging_make(parent_fd, name, &staging, err);
	if (fd < 0)
		return -1;
	int result = fill(fd, files, list, signature, err);
	if (result == 0)
		result = publish(parent_fd, staging, name, err);
	/* Gone already where it has its name; what cannot be removed the next one sweeps. */
	if (result != 0 && staging_remove(parent_fd, staging, &ignored) != 0)
		ignored.code = ERR_NONE;
	return result;
}

int trust_writer_make(const char *path, const struct trust_files *files, const struct buf *list,
    const struct seal_signature *signature, struct error *err)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	auto_free char *parent = mem_strndup(path, len);
	char *slash = strrchr(parent, '/');
	auto_free char *name = mem_strdup(slash == NULL ? parent : slash + 1);
	if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return error_set(
		    err, ERR_USAGE, "output '%s': the name of the new directory is missing", path);
	if (slash != NULL)
		slash[slash == parent] = '\0';
	auto_fd int parent_fd = open(slash == NULL ? "." : parent, DIRECTORY_FLAGS);
	if (parent_fd < 0)
		return error_sys(err, "output '%s'", path);
	if (make_in(parent_fd, name, files, list, signature, err) != 0)
		return error_prefix(err, "output '%s'", path);
	return 0;
}

/* Under a dot name, which is no part of an update, until it is whole. One that a killed run has
 * left is written anew. */
static int add_in(int dir_fd, const struct seal_signature *signature, struct error *err)
{
	auto_free char *unfinished = mem_printf(".%s.new", signature->name);

	if (unlinkat(dir_fd, unfinished, 0) != 0 && errno != ENOENT)
		return error_sys(err, "'%s': remove", unfinished);
	if (file_write_new(dir_fd, unfinished, buf_text(&signature->armored),
		signature->armored.len, 0644, err) != 0)
		return -1;
	/* Where that is refused (some network and FUSE file systems), a second name is given. */
	int result = renameat2(dir_fd, unfinished, dir_fd, signature->name, RENAME_NOREPLACE);
	if (result != 0 && (errno == EINVAL || errno == ENOSYS))
		result = linkat(dir_fd, unfinished, dir_fd, signature->name, 0);
	if (result != 0)
		(void)(errno == EEXIST ? error_set(err, ERR_EXISTS, "this key has signed it")
				       : error_sys(err, "'%s': rename", signature->name));
	if (unlinkat(dir_fd, unfinished, 0) != 0 && errno != ENOENT && result == 0)
		result = error_sys(err, "'%s': remove", unfinished);
	return result == 0 ? 0 : -1;
}

int trust_writer_add(const char *path, const struct seal_signature *signature, struct error *err)
{
	auto_fd int fd = open(path, DIRECTORY_FLAGS | O_NOFOLLOW);

	if (fd < 0)
		return error_sys(err, "trust update '%s'", path);
	if (add_in(fd, signature, err) != 0)
		return error_prefix(err, "trust update '%s'", path);
	return fd_sync_directory(fd) == 0 ? 0 : error_sys(err, "trust update '%s': sync", path);
}
