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

int trust_writer_add(const char *path, const struct seal_signature *signature, struct error *err)
{
	auto_fd int fd = open(path, DIRECTORY_FLAGS | O_NOFOLLOW);

	if (fd < 0)
		return error_sys(err, "trust update '%s'", path);
	if (file_write_new(fd, signature->name, buf_text(&signature->armored),
		signature->armored.len, 0644, err) != 0)
		return err->sys_errno == EEXIST
			   ? error_set(
				 err, ERR_EXISTS, "trust update '%s': this key has signed it", path)
			   : error_prefix(err, "trust update '%s'", path);
	return fd_sync_directory(fd) == 0 ? 0 : error_sys(err, "trust update '%s': sync", path);
}
