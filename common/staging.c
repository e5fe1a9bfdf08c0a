#include "common/staging.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <sodium.h>

#include "common/fd.h"

#define INFIX ".tmp-"
#define RANDOM_BYTES 8
#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define LEVELS 3 /* root, blobs, sha256 */

/*
 * Opens and locks the directory just made: its descriptor, or -1 with *out_taken where a sweep by
 * another process was faster, which then removes it.
 */
static int lock_new(int parent_fd, const char *staging, bool *out_taken, struct error *err)
{
	struct stat st;
	auto_fd int fd = openat(parent_fd, staging, DIRECTORY_FLAGS);

	*out_taken = fd < 0 && errno == ENOENT;
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0)
		*out_taken = errno == EWOULDBLOCK;
	else if (fd >= 0 && fstat(fd, &st) == 0 && st.st_nlink > 0)
		return steal_fd(&fd);
	else if (fd >= 0)
		*out_taken = true;
	if (*out_taken)
		return -1;
	(void)error_sys(err, "'%s': lock", staging);
	(void)unlinkat(parent_fd, staging, AT_REMOVEDIR);
	return -1;
}

int staging_make(int parent_fd, const char *name, char **out_staging, struct error *err)
{
	*out_staging = NULL;
	for (int attempt = 0; attempt < 16; attempt++) {
		uint8_t random[RANDOM_BYTES];
		char hex[2 * RANDOM_BYTES + 1];
		bool taken;

		randombytes_buf(random, sizeof(random));
		sodium_bin2hex(hex, sizeof(hex), random, sizeof(random));
		auto_free char *staging = mem_printf(".%s" INFIX "%s", name, hex);
		if (mkdirat(parent_fd, staging, 0700) != 0) {
			if (errno == EEXIST) /* not ours, whatever it is */
				continue;
			return error_sys(err, "'%s': mkdir", staging);
		}
		int fd = lock_new(parent_fd, staging, &taken, err);
		if (fd >= 0)
			*out_staging = steal_ptr(&staging);
		if (fd >= 0 || !taken)
			return fd;
	}
	return error_set(err, ERR_BUSY, "no staging directory could be kept: others remove it");
}

/* Unlinks the files of one directory and descends into its directories, levels - 1 times. */
static int remove_below(int dir_fd, int levels, struct error *err)
{
	auto_fd int fd = openat(dir_fd, ".", DIRECTORY_FLAGS);
	auto_dir DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (dir == NULL)
		return error_sys(err, "opendir");
	(void)steal_fd(&fd);
	while ((entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
			continue;
		auto_fd int inner = levels > 1 ? openat(dir_fd, name, DIRECTORY_FLAGS) : -1;
		int unopened = levels > 1 && inner < 0 ? errno : 0;
		if (inner >= 0 && remove_below(inner, levels - 1, err) != 0)
			return -1;
		if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			continue;
		/* Not empty because it could not be entered: that is the reason. */
		if (errno == ENOTEMPTY && unopened != 0)
			errno = unopened;
		return error_sys(err, "'%s': remove", name);
	}
	return 0;
}

int staging_remove(int parent_fd, const char *staging, struct error *err)
{
	auto_fd int fd = openat(parent_fd, staging, DIRECTORY_FLAGS);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_sys(err, "'%s'", staging);
	if (remove_below(fd, LEVELS, err) != 0)
		return error_prefix(err, "'%s'", staging);
	if (unlinkat(parent_fd, staging, AT_REMOVEDIR) != 0 && errno != ENOENT)
		return error_sys(err, "'%s': remove", staging);
	return 0;
}

static bool is_staging_of(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return entry[0] == '.' && strncmp(entry + 1, name, len) == 0 &&
	       strncmp(entry + 1 + len, INFIX, strlen(INFIX)) == 0 &&
	       strspn(entry + 1 + len + strlen(INFIX), "0123456789abcdef") == 2 * RANDOM_BYTES &&
	       entry[1 + len + strlen(INFIX) + 2 * RANDOM_BYTES] == '\0';
}

void staging_sweep(int parent_fd, const char *name)
{
	auto_fd int fd = openat(parent_fd, ".", DIRECTORY_FLAGS);
	auto_dir DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (dir == NULL)
		return;
	(void)steal_fd(&fd);
	while ((entry = readdir(dir)) != NULL) {
		struct stat st;
		struct error ignored = ERROR_INIT;

		if (!is_staging_of(entry->d_name, name))
			continue;
		auto_fd int held = openat(parent_fd, entry->d_name, DIRECTORY_FLAGS);
		if (held >= 0 && fstat(held, &st) == 0 && st.st_uid == geteuid() &&
		    flock(held, LOCK_EX | LOCK_NB) == 0 &&
		    staging_remove(parent_fd, entry->d_name, &ignored) != 0)
			continue; /* it stays, and the next one tries again */
	}
}
