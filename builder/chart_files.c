#include "builder/chart_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/chart_path.h"
#include "common/limits.h"

struct walk {
	struct chart_files *out;
	size_t entry_count;
	size_t content_bytes;
	struct error *err;
};

static void cleanup_dir(DIR **slot)
{
	if (*slot != NULL)
		(void)closedir(*slot);
}
#define auto_dir __attribute__((cleanup(cleanup_dir)))

void chart_files_release(struct chart_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->items[i].path);
		buf_release(&files->items[i].content);
	}
	free(files->items);
	*files = (struct chart_files){.items = NULL};
}

static int compare_files(const void *left, const void *right)
{
	const struct chart_file *a = left;
	const struct chart_file *b = right;

	return strcmp(a->path, b->path);
}

struct chart_file *chart_files_find(const struct chart_files *files, const char *path)
{
	const struct chart_file key = {.path = (char *)(uintptr_t)path};

	if (files->count == 0)
		return NULL;
	return bsearch(&key, files->items, files->count, sizeof(key), compare_files);
}

void chart_files_remove(struct chart_files *files, const char *path)
{
	struct chart_file *file = chart_files_find(files, path);

	if (file == NULL)
		return;
	free(file->path);
	buf_release(&file->content);
	size_t after = files->count - (size_t)(file - files->items) - 1;
	memmove(file, file + 1, after * sizeof(*file));
	files->count--;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);
	size_t end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/*
 * True for "charts/NAME" and "charts/X/charts/NAME", with NAME in *out: where Helm looks for a
 * chart.
 */
static bool is_subchart_place(const char *path, const char **out)
{
	while (strncmp(path, "charts/", 7) == 0) {
		path += 7;
		const char *slash = strchr(path, '/');
		if (slash == NULL) {
			*out = path;
			return true;
		}
		path = slash + 1;
	}
	return false;
}

/*
 * What Helm leaves out with no .helmignore: its rule "templates/.?*", and hidden places for
 * subcharts.
 */
static bool is_left_out(const char *path)
{
	const char *name;

	if (strncmp(path, "templates/.", 11) == 0)
		return strchr(path + 11, '/') == NULL;
	return is_subchart_place(path, &name) && (*name == '.' || *name == '_');
}

static int check_handled(struct walk *w, const char *path)
{
	const char *name;

	if (strcmp(path, ".helmignore") == 0 || chart_path_is_requirements(path))
		return error_set(
		    w->err, ERR_UNSUPPORTED, "'%s' is not handled by this version", path);
	if (!is_subchart_place(path, &name))
		return 0;
	if (ends_with(name, ".tgz"))
		return error_set(w->err, ERR_UNSUPPORTED,
		    "'%s': an archive in charts/ is not handled by this version", path);
	if (!ends_with(name, ".prov"))
		return error_set(
		    w->err, ERR_CHART, "'%s': not a chart, but directly in charts/", path);
	return 0;
}

static int refuse_type(struct walk *w, const char *path, mode_t mode)
{
	if (S_ISLNK(mode))
		return error_set(
		    w->err, ERR_UNSUPPORTED, "'%s': links are not handled by this version", path);
	return error_set(w->err, ERR_CHART, "'%s': neither a regular file nor a directory", path);
}

static int count_content(struct walk *w, const char *path, size_t size)
{
	if (size > LIMIT_CHART_FILE_BYTES_MAX)
		return error_set(w->err, ERR_LIMIT, "'%s': larger than %u bytes", path,
		    LIMIT_CHART_FILE_BYTES_MAX);
	if (size > LIMIT_CHART_CONTENT_BYTES_MAX - w->content_bytes)
		return error_set(w->err, ERR_LIMIT, "more than %u bytes in all files",
		    LIMIT_CHART_CONTENT_BYTES_MAX);
	w->content_bytes += size;
	return 0;
}

static void strip_byte_order_mark(struct buf *content)
{
	if (content->len < 3 || memcmp(content->data, "\xEF\xBB\xBF", 3) != 0)
		return;
	content->len -= 3;
	memmove(content->data, content->data + 3, content->len + 1);
}

/* fd has just been opened, so what it is, is asked again: the name may have changed hands. */
static int read_file(struct walk *w, int fd, char **path_take)
{
	const char *path = *path_take;
	auto_buf struct buf content = BUF_INIT(LIMIT_CHART_FILE_BYTES_MAX);
	struct stat st;

	if (fstat(fd, &st) != 0)
		return error_sys(w->err, "'%s'", path);
	if (!S_ISREG(st.st_mode))
		return refuse_type(w, path, st.st_mode);
	if (check_handled(w, path) != 0)
		return -1;
	if (buf_read_fd(&content, fd, path, w->err) != 0 ||
	    count_content(w, path, content.len) != 0)
		return -1;
	strip_byte_order_mark(&content);
	w->out->items =
	    mem_grow(w->out->items, w->out->count, &w->out->capacity, sizeof(struct chart_file));
	w->out->items[w->out->count++] =
	    (struct chart_file){.path = steal_ptr(path_take), .content = content};
	content = (struct buf)BUF_INIT(0);
	return 0;
}

static int read_directory(struct walk *w, int directory_fd, const char *path, size_t depth);

static int read_entry(
    struct walk *w, int directory_fd, const char *name, char **path_take, size_t depth)
{
	const char *path = *path_take;
	struct stat st;

	if (++w->entry_count > LIMIT_CHART_ENTRIES_MAX)
		return error_set(w->err, ERR_LIMIT, "more than %u files and directories",
		    LIMIT_CHART_ENTRIES_MAX);
	if (strlen(path) > LIMIT_CHART_PATH_BYTES_MAX || depth > LIMIT_CHART_PATH_DEPTH_MAX)
		return error_set(
		    w->err, ERR_LIMIT, "'%.64s...': the path is too long or too deep", path);
	if (fstatat(directory_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return error_sys(w->err, "'%s'", path);
	/* Not opened, because opening alone can do harm to a device. */
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return refuse_type(w, path, st.st_mode);
	auto_fd int fd =
	    openat(directory_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return error_sys(w->err, "'%s'", path);
	if (S_ISDIR(st.st_mode))
		return read_directory(w, steal_fd(&fd), path, depth + 1);
	return read_file(w, fd, path_take);
}

/* Takes directory_fd. path is "" at the top. */
static int read_directory(struct walk *w, int directory_fd, const char *path, size_t depth)
{
	auto_fd int fd = directory_fd;
	auto_dir DIR *dir = fdopendir(fd);
	const struct dirent *entry;

	if (dir == NULL)
		return error_sys(w->err, "'%s'", path);
	int stream_fd = steal_fd(&fd); /* the stream closes it */
	while (errno = 0, (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		auto_free char *entry_path =
		    mem_printf("%s%s%s", path, *path != '\0' ? "/" : "", entry->d_name);
		if (is_left_out(entry_path))
			continue;
		if (read_entry(w, stream_fd, entry->d_name, &entry_path, depth) != 0)
			return -1;
	}
	return errno != 0 ? error_sys(w->err, "'%s'", path) : 0;
}

int chart_files_read(struct chart_files *out, int directory_fd, struct error *err)
{
	struct walk w = {.out = out, .err = err};

	*out = (struct chart_files){.items = NULL};
	int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "'.'");
	if (read_directory(&w, fd, "", 1) != 0)
		return -1;
	if (out->count != 0)
		qsort(out->items, out->count, sizeof(*out->items), compare_files);
	return 0;
}
