#include "common/trust_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/limits.h"

static int compare_names(const void *a, const void *b)
{
	const struct trust_file *left = a;
	const struct trust_file *right = b;

	return strcmp(left->name, right->name);
}

static int list(struct trust_files *out, DIR *dir, struct error *err)
{
	const struct dirent *entry;
	size_t capacity = 0;

	errno = 0;
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.') {
			if (out->count >= LIMIT_TRUST_FILES_MAX)
				return error_set(
				    err, ERR_LIMIT, "more than %u files", LIMIT_TRUST_FILES_MAX);
			out->items =
			    mem_grow(out->items, out->count, &capacity, sizeof(*out->items));
			out->items[out->count++] =
			    (struct trust_file){.name = mem_strdup(entry->d_name),
				.content = BUF_INIT(LIMIT_TRUST_FILE_BYTES_MAX)};
		}
		errno = 0;
	}
	if (errno != 0)
		return error_sys(err, "readdir");
	if (out->count > 0)
		qsort(out->items, out->count, sizeof(*out->items), compare_names);
	return 0;
}

static int read_file(
    struct trust_file *file, int dir_fd, int link_flag, struct stat *st, struct error *err)
{
	/* A FIFO must not keep us, nor a terminal become ours. */
	auto_fd int fd =
	    openat(dir_fd, file->name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | link_flag);

	if (fd < 0 && errno == ELOOP && link_flag != 0)
		return error_set(err, ERR_TRUST, "%s: a link", file->name);

	if (fd < 0 && errno == ENOENT)
		return error_set(err, ERR_TRUST, "%s: missing", file->name);
	if (fd < 0 || fstat(fd, st) != 0)
		return error_sys(err, "%s", file->name);
	if (S_ISDIR(st->st_mode) && link_flag == 0)
		return error_set(err, ERR_TRUST,
		    "'%s' is a directory, and a trust directory has files only (the one that "
		    "keygen makes is DIR/trust)",
		    file->name);
	if (!S_ISREG(st->st_mode))
		return error_set(err, ERR_TRUST, "%s: not a regular file", file->name);
	return buf_read_fd(&file->content, fd, file->name, err);
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool has_same_names(const struct trust_files *a, const struct trust_files *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->items[i].name, b->items[i].name) != 0)
			return false;
	}
	return true;
}

/*
 * After the last file was read: every name must still lead to the file that was read. Then there
 * was a moment, that of the last look, when they all stood there together.
 */
static int check_unchanged(
    const struct trust_files *f, DIR *dir, const struct stat *stats, struct error *err)
{
	auto_trust_files struct trust_files now = TRUST_FILES_INIT;
	bool is_same = true;

	rewinddir(dir);
	if (list(&now, dir, err) != 0)
		return -1;
	is_same = has_same_names(f, &now);
	for (size_t i = 0; is_same && i < f->count; i++) {
		struct stat st;

		is_same = fstatat(dirfd(dir), f->items[i].name, &st, 0) == 0 &&
			  is_same_file(&st, &stats[i]);
	}
	return is_same ? 0
		       : error_set(err, ERR_TRUST, "was changed while it was read: run this again");
}

int trust_files_read(
    struct trust_files *out, const char *path, enum trust_files_origin origin, struct error *err)
{
	struct stat st;
	int link_flag = origin == TRUST_FILES_MEDIUM ? O_NOFOLLOW : 0;
	auto_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | link_flag);
	auto_dir DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	*out = (struct trust_files)TRUST_FILES_INIT;
	if (dir == NULL && (errno == ENOTDIR || errno == ENOENT))
		return error_set(
		    err, ERR_TRUST, "%s", errno == ENOENT ? "there is none" : "not a directory");
	if (dir != NULL)
		(void)steal_fd(&fd); /* dir has it */
	if (dir == NULL || fstat(dirfd(dir), &st) != 0)
		return error_sys(err, "cannot be opened");
	out->others_may_write = (st.st_mode & S_IWOTH) != 0;
	if (list(out, dir, err) != 0)
		return -1;
	auto_free struct stat *stats = mem_zalloc(out->count, sizeof(*stats));
	for (size_t i = 0; i < out->count; i++) {
		if (read_file(&out->items[i], dirfd(dir), link_flag, &stats[i], err) != 0)
			return -1;
		if ((stats[i].st_mode & S_IWOTH) != 0)
			out->others_may_write = true;
	}
	return check_unchanged(out, dir, stats, err);
}

void trust_files_release(struct trust_files *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free(f->items[i].name);
		buf_release(&f->items[i].content);
	}
	free(f->items);
	*f = (struct trust_files)TRUST_FILES_INIT;
}

const struct buf *trust_files_find(const struct trust_files *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++) {
		if (strcmp(f->items[i].name, name) == 0)
			return &f->items[i].content;
	}
	return NULL;
}

void trust_files_list(struct buf *b, const struct trust_files *f)
{
	for (size_t i = 0; i < f->count; i++) {
		struct digest d;
		char hex[DIGEST_HEX_LEN + 1];

		digest_of(&d, buf_text(&f->items[i].content), f->items[i].content.len);
		digest_hex(hex, &d);
		buf_printf(b, "%s  %s\n", hex, f->items[i].name);
	}
}

void trust_files_id(struct digest *out, const struct trust_files *f)
{
	auto_buf struct buf b = BUF_INIT(LIMIT_TRUST_FILES_MAX * KIB);

	trust_files_list(&b, f);
	digest_of(out, buf_text(&b), b.len);
}
