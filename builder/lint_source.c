#include "builder/lint_source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/chart_archive.h"
#include "builder/chart_directory.h"
#include "builder/helmignore.h"

void lint_source_init(struct lint_source *s)
{
	*s = (struct lint_source){.chart_yaml_content = BUF_INIT(LIMIT_CHART_FILE_BYTES_MAX),
	    .values_content = BUF_INIT(LIMIT_CHART_FILE_BYTES_MAX),
	    .load_error = ERROR_INIT,
	    .archive = BUF_INIT(LIMIT_CHART_ARCHIVE_BYTES_MAX),
	    .provenance = BUF_INIT(LIMIT_PROVENANCE_BYTES_MAX)};
}

void lint_source_release(struct lint_source *s)
{
	buf_release(&s->chart_yaml_content);
	buf_release(&s->values_content);
	buf_release(&s->archive);
	buf_release(&s->provenance);
	chart_files_release(&s->files);
	lint_source_init(s);
}

static void strip_byte_order_mark(struct buf *content)
{
	if (content->len < 3 || memcmp(content->data, "\xEF\xBB\xBF", 3) != 0)
		return;
	content->len -= 3;
	memmove(content->data, content->data + 3, content->len + 1);
}

int lint_source_unpack(struct chart_files *out, const char *tgz, size_t len, struct error *err)
{
	auto_chart_archive struct chart_archive archive;

	*out = (struct chart_files)CHART_FILES_INIT;
	if (chart_archive_read(&archive, tgz, len, err) != 0)
		return -1;
	*out = archive.files;
	archive.files = (struct chart_files)CHART_FILES_INIT;
	chart_files_sort(out);
	return 0;
}

/* Whether a file, or a directory that it lies in, is ignored. */
static int is_ignored(struct helmignore *rules, const char *path, bool *out, struct error *err)
{
	auto_free char *part = mem_strdup(path);

	*out = false;
	for (char *slash = strchr(part, '/'); slash != NULL && !*out;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (helmignore_match(rules, part, true, out, err) != 0)
			return -1;
		*slash = '/';
	}
	return *out ? 0 : helmignore_match(rules, path, false, out, err);
}

/* Helm does not heed .helmignore when it loads an archive, but lint unpacks it first. */
static int drop_ignored(struct chart_files *files, struct error *err)
{
	auto_helmignore struct helmignore rules = HELMIGNORE_INIT;
	const struct chart_file *file = chart_files_find(files, ".helmignore");
	size_t kept = 0;
	int status = 0;

	if (helmignore_parse(
		&rules, file != NULL ? file->bytes : NULL, file != NULL ? file->len : 0, err) != 0)
		return -1;
	for (size_t i = 0; i < files->count; i++) {
		bool ignored = false;
		struct chart_file *item = &files->items[i];

		if (status == 0)
			status = is_ignored(&rules, item->path, &ignored, err);
		if (ignored) {
			free(item->path);
			free(item->store);
		} else {
			files->items[kept++] = *item;
		}
	}
	files->count = kept;
	return status;
}

/* What stands at a path in an archive, where directories are known by what is in them only. */
static enum lint_kind kind_in(const struct chart_files *files, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < files->count; i++) {
		const char *found = files->items[i].path;
		if (strncmp(found, path, len) == 0 && (found[len] == '\0' || found[len] == '/'))
			return found[len] == '\0' ? LINT_FILE : LINT_DIRECTORY;
	}
	return LINT_ABSENT;
}

static enum lint_kind kind_at(int directory_fd, const char *path)
{
	struct stat st;

	if (fstatat(directory_fd, path, &st, 0) != 0)
		return LINT_ABSENT;
	return S_ISDIR(st.st_mode) ? LINT_DIRECTORY : LINT_FILE;
}

static void copy_content(struct buf *out, const struct chart_files *files, const char *path)
{
	const struct chart_file *file = chart_files_find(files, path);

	out->len = 0;
	if (file != NULL)
		buf_put(out, file->bytes, file->len);
}

/* A file of a directory that could not be read as a whole; a link is not followed there. */
static void read_alone(struct buf *out, int directory_fd, const char *path, struct error *err)
{
	auto_fd int fd =
	    openat(directory_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		(void)error_sys(err, "'%s'", path);
	else if (!S_ISREG(st.st_mode))
		(void)error_set(err, ERR_CHART, "'%s': not a regular file", path);
	else if (buf_read_fd(out, fd, path, err) == 0)
		strip_byte_order_mark(out);
}

static void read_directory(struct lint_source *s, int fd, const char *path)
{
	struct error ignored = ERROR_INIT; /* load_error has more to say */

	s->chart_yaml = kind_at(fd, "Chart.yaml");
	s->values = kind_at(fd, "values.yaml");
	s->templates = kind_at(fd, "templates");
	s->crds = kind_at(fd, "crds");
	s->is_readable = chart_directory_read(&s->files, fd, path, &s->load_error) == 0;
	if (s->is_readable) {
		chart_files_sort(&s->files);
		copy_content(&s->chart_yaml_content, &s->files, "Chart.yaml");
		copy_content(&s->values_content, &s->files, "values.yaml");
		return;
	}
	if (s->chart_yaml == LINT_FILE)
		read_alone(&s->chart_yaml_content, fd, "Chart.yaml", &ignored);
	if (s->values == LINT_FILE)
		read_alone(&s->values_content, fd, "values.yaml", &ignored);
}

static int read_provenance(struct lint_source *s, const char *path, struct error *err)
{
	auto_free char *name = mem_printf("%s.prov", path);
	auto_fd int fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : error_sys(err, "'%s'", name);
	return buf_read_fd(&s->provenance, fd, "provenance", err);
}

static int read_archive(struct lint_source *s, int fd, const char *path, struct error *err)
{
	s->is_archive = true;
	if (buf_read_fd(&s->archive, fd, "archive", &s->load_error) != 0)
		return 0;
	s->is_readable = lint_source_unpack(
			     &s->files, buf_text(&s->archive), s->archive.len, &s->load_error) == 0;
	if (!s->is_readable)
		return 0;
	s->chart_yaml = kind_in(&s->files, "Chart.yaml");
	s->values = kind_in(&s->files, "values.yaml");
	s->templates = kind_in(&s->files, "templates");
	s->crds = kind_in(&s->files, "crds");
	copy_content(&s->chart_yaml_content, &s->files, "Chart.yaml");
	copy_content(&s->values_content, &s->files, "values.yaml");
	s->is_unpacked = true;
	s->is_readable = drop_ignored(&s->files, &s->load_error) == 0;
	return read_provenance(s, path, err);
}

int lint_source_read(struct lint_source *out, const char *path, struct error *err)
{
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	lint_source_init(out);
	if (fd < 0 || fstat(fd, &st) != 0)
		return error_sys(err, "cannot be opened");
	if (S_ISREG(st.st_mode))
		return read_archive(out, fd, path, err);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ERR_CHART, "neither a directory nor a regular file");
	read_directory(out, fd, path);
	return 0;
}
