#include "builder/chart_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/directory_names.h"
#include "builder/helmignore.h"
#include "common/fd.h"
#include "common/limits.h"

#define OPEN_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

struct walk {
	struct chart_files *out;
	struct helmignore ignore;
	int root_fd;
	char *root; /* owned; the real path of the directory */
	size_t entry_count;
	size_t content_bytes;
	struct error *err;
};

/* A directory that is being read, and the one that it was found in. */
struct place {
	const struct place *parent;
	const char *path; /* "" at the top */
	int fd;           /* borrowed */
	size_t depth;
	dev_t device;
	ino_t inode;
};

/* What a name stands for, links followed. */
struct found {
	struct stat st;
	char *target;       /* owned; the real path that a link leads to, NULL if it is none */
	const char *inside; /* the part of target beneath the chart directory, NULL if outside */
};

static void found_release(struct found *f)
{
	free(f->target);
}
#define auto_found __attribute__((cleanup(found_release)))

/* fd is borrowed. Of all directories together there is a limit. */
static int list_names(struct walk *w, int fd, const char *path, struct directory_names *out)
{
	size_t max = LIMIT_CHART_ENTRIES_MAX - w->entry_count;

	if (directory_names_read(out, fd, max, w->err) != 0) {
		if (w->err->code == ERR_LIMIT)
			return error_set(w->err, ERR_LIMIT, "more than %u files and directories",
			    LIMIT_CHART_ENTRIES_MAX);
		return error_prefix(w->err, "'%s'", path);
	}
	w->entry_count += out->count;
	return 0;
}

/* The part of a real path beneath the chart directory; "" for that directory itself. */
static const char *beneath(const struct walk *w, const char *real)
{
	size_t len = strlen(w->root);

	if (strcmp(w->root, "/") == 0)
		return real + 1;
	if (strncmp(real, w->root, len) != 0 || (real[len] != '/' && real[len] != '\0'))
		return NULL;
	return real[len] == '/' ? real + len + 1 : real + len;
}

static int follow_link(struct walk *w, const char *path, struct found *out)
{
	auto_free char *link = mem_printf("%s/%s", w->root, path);

	out->target = realpath(link, NULL);
	if (out->target == NULL && (errno == ENOENT || errno == ENOTDIR))
		return error_set(w->err, ERR_CHART, "'%s': a link that leads nowhere", path);
	if (out->target == NULL && errno == ELOOP)
		return error_set(w->err, ERR_CHART, "'%s': a link that leads in a circle", path);
	if (out->target == NULL || lstat(out->target, &out->st) != 0)
		return error_sys(w->err, "'%s'", path);
	out->inside = beneath(w, out->target);
	return 0;
}

static int find(struct walk *w, int fd, const char *name, const char *path, struct found *out)
{
	if (fstatat(fd, name, &out->st, AT_SYMLINK_NOFOLLOW) != 0)
		return error_sys(w->err, "'%s'", path);
	return S_ISLNK(out->st.st_mode) ? follow_link(w, path, out) : 0;
}

static int check_found(struct walk *w, const char *path, const struct found *f)
{
	if (f->target != NULL && f->inside == NULL)
		return error_set(w->err, ERR_CHART,
		    "'%s': a link out of the chart directory, to '%s'", path, f->target);
	/* Not opened, because opening alone can do harm to a device. */
	if (!S_ISREG(f->st.st_mode) && !S_ISDIR(f->st.st_mode))
		return error_set(
		    w->err, ERR_CHART, "'%s': neither a regular file nor a directory", path);
	return 0;
}

/* A real path has no links in it: where one stands by now, nobody follows it. */
static int open_beneath(const struct walk *w, const char *inside)
{
	auto_fd int fd = openat(w->root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	while (fd >= 0) {
		size_t len = strcspn(inside, "/");
		auto_free char *name = mem_strndup(len != 0 ? inside : ".", len != 0 ? len : 1);
		bool is_last = inside[len] == '\0';
		int next = openat(
		    fd, name, is_last ? OPEN_FLAGS : O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
		if (is_last)
			return next;
		(void)close(fd);
		fd = next;
		inside += len + 1;
	}
	return -1;
}

/* What check_found() has passed: a link has its inside. */
static int open_found(struct walk *w, const struct place *at, const char *name, const char *path,
    const struct found *f)
{
	int fd = f->inside != NULL ? open_beneath(w, f->inside) : openat(at->fd, name, OPEN_FLAGS);

	return fd >= 0 ? fd : error_sys(w->err, "'%s'", path);
}

/* fd has just been opened, so what it is, is asked again: the name may have changed hands. */
static int read_file(struct walk *w, int fd, char **path_take)
{
	const char *path = *path_take;
	auto_buf struct buf content = BUF_INIT(LIMIT_CHART_FILE_BYTES_MAX);
	struct found f = {.target = NULL};

	if (fstat(fd, &f.st) != 0)
		return error_sys(w->err, "'%s'", path);
	if (!S_ISREG(f.st.st_mode))
		return error_set(w->err, ERR_CHART, "'%s': changed while it was read", path);
	auto_free char *what = mem_printf("'%s'", path);
	/* Room for all of it at once; what is too large for that is found to be so. */
	(void)buf_room(&content, (size_t)f.st.st_size);
	if (buf_check(&content, what, w->err) != 0 || buf_read_fd(&content, fd, what, w->err) != 0)
		return -1;
	if (content.len > LIMIT_CHART_CONTENT_BYTES_MAX - w->content_bytes)
		return error_set(w->err, ERR_LIMIT, "more than %u bytes in all files",
		    LIMIT_CHART_CONTENT_BYTES_MAX);
	w->content_bytes += content.len;
	chart_files_take(w->out, path_take, &content);
	return 0;
}

static int read_directory(struct walk *w, const struct place *at);

/* A link to a directory that is being read would be followed for ever. */
static int check_circle(struct walk *w, const struct place *place)
{
	for (const struct place *p = place->parent; p != NULL; p = p->parent) {
		if (p->device == place->device && p->inode == place->inode)
			return error_set(w->err, ERR_CHART,
			    "'%s': a link to a directory that it lies in", place->path);
	}
	return 0;
}

static int enter_directory(struct walk *w, const struct place *parent, int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return error_sys(w->err, "'%s'", path);
	const struct place place = {.parent = parent,
	    .path = path,
	    .fd = fd,
	    .depth = parent->depth + 1,
	    .device = st.st_dev,
	    .inode = st.st_ino};
	if (check_circle(w, &place) != 0)
		return -1;
	return read_directory(w, &place);
}

static int check_path(struct walk *w, const char *path, size_t depth)
{
	if (strlen(path) > LIMIT_CHART_PATH_BYTES_MAX || depth > LIMIT_CHART_PATH_DEPTH_MAX)
		return error_set(
		    w->err, ERR_LIMIT, "'%.64s...': the path is too long or too deep", path);
	return 0;
}

static int read_entry(struct walk *w, const struct place *at, const char *name)
{
	auto_free char *path = mem_printf("%s%s%s", at->path, *at->path != '\0' ? "/" : "", name);
	auto_found struct found f = {.target = NULL};
	bool ignored;

	if (check_path(w, path, at->depth) != 0 || find(w, at->fd, name, path, &f) != 0)
		return -1;
	if (helmignore_match(&w->ignore, path, S_ISDIR(f.st.st_mode), &ignored, w->err) != 0)
		return -1;
	if (ignored)
		return 0;
	if (check_found(w, path, &f) != 0)
		return -1;
	auto_fd int fd = open_found(w, at, name, path, &f);
	if (fd < 0)
		return -1;
	if (S_ISDIR(f.st.st_mode))
		return enter_directory(w, at, fd, path);
	return read_file(w, fd, &path);
}

static int read_directory(struct walk *w, const struct place *at)
{
	auto_directory_names struct directory_names names = DIRECTORY_NAMES_INIT;

	if (list_names(w, at->fd, at->path, &names) != 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		if (read_entry(w, at, names.items[i]) != 0)
			return -1;
	}
	return 0;
}

static int read_rules(struct walk *w)
{
	static const char name[] = ".helmignore";
	const struct place top = {.path = "", .fd = w->root_fd};
	auto_buf struct buf rules = BUF_INIT(LIMIT_HELMIGNORE_BYTES_MAX);
	auto_found struct found f = {.target = NULL};

	if (fstatat(w->root_fd, name, &f.st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
		return helmignore_parse(&w->ignore, NULL, 0, w->err);
	if (find(w, w->root_fd, name, name, &f) != 0 || check_found(w, name, &f) != 0)
		return -1;
	if (S_ISDIR(f.st.st_mode))
		return error_set(w->err, ERR_CHART, "'%s': a directory", name);
	auto_fd int fd = open_found(w, &top, name, name, &f);
	if (fd < 0 || buf_read_fd(&rules, fd, name, w->err) != 0)
		return -1;
	if (helmignore_parse(&w->ignore, buf_text(&rules), rules.len, w->err) != 0)
		return error_prefix(w->err, "%s", name);
	return 0;
}

static int read_all(struct walk *w, const char *path)
{
	struct stat opened, named;

	w->root = realpath(path, NULL);
	if (w->root == NULL || fstat(w->root_fd, &opened) != 0 || lstat(w->root, &named) != 0)
		return error_sys(w->err, "'%s'", path);
	if (opened.st_dev != named.st_dev || opened.st_ino != named.st_ino)
		return error_set(w->err, ERR_SYSTEM, "'%s': replaced while it was read", path);
	const struct place top = {.path = "",
	    .fd = w->root_fd,
	    .depth = 1,
	    .device = opened.st_dev,
	    .inode = opened.st_ino};
	if (read_rules(w) != 0)
		return -1;
	return read_directory(w, &top);
}

int chart_directory_read(
    struct chart_files *out, int directory_fd, const char *path, struct error *err)
{
	struct walk w = {
	    .out = out, .ignore = HELMIGNORE_INIT, .root_fd = directory_fd, .err = err};

	*out = (struct chart_files)CHART_FILES_INIT;
	int status = read_all(&w, path);
	helmignore_release(&w.ignore);
	free(w.root);
	return status;
}
