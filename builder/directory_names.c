#include "builder/directory_names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/fd.h"
#include "common/mem.h"

void directory_names_release(struct directory_names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->items[i]);
	free(n->items);
	*n = (struct directory_names)DIRECTORY_NAMES_INIT;
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static int read_names(struct directory_names *out, DIR *dir, size_t max, struct error *err)
{
	const struct dirent *entry;

	while (errno = 0, (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (out->count == max)
			return error_set(err, ERR_LIMIT, "more than %zu entries", max);
		out->items = mem_grow(out->items, out->count, &out->capacity, sizeof(char *));
		out->items[out->count++] = mem_strdup(entry->d_name);
	}
	if (errno != 0)
		return error_sys(err, "cannot be read");
	if (out->count != 0)
		qsort(out->items, out->count, sizeof(char *), compare_names);
	return 0;
}

int directory_names_read(struct directory_names *out, int fd, size_t max, struct error *err)
{
	/* A description of its own: its place in the directory is not fd's. */
	int own_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *dir = own_fd >= 0 ? fdopendir(own_fd) : NULL;

	*out = (struct directory_names)DIRECTORY_NAMES_INIT;
	if (dir == NULL) {
		(void)error_sys(err, "cannot be read");
		if (own_fd >= 0)
			(void)close(own_fd);
		return -1;
	}
	return read_names(out, dir, max, err);
}
