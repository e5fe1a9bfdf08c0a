#include "builder/stray_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "common/fd.h"
#include "common/limits.h"

#define BLOB_PREFIX "blobs/sha256/"
#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

struct search {
	struct stray_files *out;
	const struct layout *layout;
	const struct digest *blobs;
	size_t blob_count;
};

void stray_files_release(struct stray_files *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->items[i].path);
	free(s->items);
	*s = (struct stray_files)STRAY_FILES_INIT;
}

static bool belongs(const struct search *s, const char *path)
{
	struct digest d;

	if (strcmp(path, LAYOUT_INDEX) == 0 || strcmp(path, LAYOUT_OCI_LAYOUT) == 0)
		return true;
	if (strncmp(path, BLOB_PREFIX, strlen(BLOB_PREFIX)) != 0 ||
	    !digest_parse_hex(&d, path + strlen(BLOB_PREFIX), strlen(path) - strlen(BLOB_PREFIX)))
		return false;
	return s->blob_count > 0 &&
	       bsearch(&d, s->blobs, s->blob_count, sizeof(d), digest_compare) != NULL;
}

/* Looked into for one name, which is not looked at. */
static bool has_entries(DIR *dir)
{
	const struct dirent *entry;

	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return true;
	}
	return false;
}

/* What is no directory is a file of some kind; what cannot be opened for another reason, nobody
 * knows. */
static int judge_kind(const struct search *s, const char *path, bool is_regular,
    enum stray_kind *out, struct error *err)
{
	*out = STRAY_FILE;
	if (strcmp(path, LAYOUT_SEAL) == 0 || layout_is_signature_name(path))
		*out = STRAY_OLD_SEAL;
	if (is_regular || *out == STRAY_OLD_SEAL)
		return 0;
	auto_fd int fd = openat(s->layout->root_fd, path, DIRECTORY_FLAGS);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP || errno == ENOENT))
		return 0;
	auto_dir DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (dir == NULL)
		return error_sys(err, "%s", path);
	(void)steal_fd(&fd);
	*out = has_entries(dir) ? STRAY_FULL_DIRECTORY : STRAY_EMPTY;
	return 0;
}

static int visit(void *context, const char *path, bool is_regular, struct error *err)
{
	const struct search *s = context;
	struct stray_files *out = s->out;
	enum stray_kind kind;

	if (belongs(s, path))
		return 0;
	if (judge_kind(s, path, is_regular, &kind, err) != 0)
		return -1;
	if (out->count >= LIMIT_STRAY_FILES_MAX)
		return error_set(err, ERR_LIMIT, "more than %u files that belong to nothing in it",
		    LIMIT_STRAY_FILES_MAX);
	out->items = mem_grow(out->items, out->count, &out->capacity, sizeof(*out->items));
	out->items[out->count++] = (struct stray){.path = mem_strdup(path), .kind = kind};
	return 0;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct stray *)a)->path, ((const struct stray *)b)->path);
}

int stray_files_find(struct stray_files *out, const struct layout *l, const struct digest *blobs,
    size_t count, struct error *err)
{
	struct search s = {.out = out, .layout = l, .blobs = blobs, .blob_count = count};

	if (layout_each(l, visit, &s, err) != 0)
		return -1;
	if (out->count > 0)
		qsort(out->items, out->count, sizeof(*out->items), compare_paths);
	return 0;
}
