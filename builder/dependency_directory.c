#include "builder/dependency_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "builder/chart_directory.h"
#include "builder/chart_package.h"
#include "builder/chart_packer.h"
#include "builder/chart_tree.h"
#include "common/limits.h"

void dependency_chart_init(struct dependency_chart *c)
{
	*c = (struct dependency_chart){.archive = BUF_INIT(LIMIT_CHART_ARCHIVE_BYTES_MAX)};
}

void dependency_chart_release(struct dependency_chart *c)
{
	text_release(&c->name);
	text_release(&c->version);
	buf_release(&c->archive);
}

/* Takes the last component off; what lies before min stays. */
static void drop_last(struct buf *path, size_t min)
{
	while (path->len > min && path->data[path->len - 1] != '/')
		path->len--;
	if (path->len > min)
		path->len--;
	path->data[path->len] = '\0';
}

static void put_component(struct buf *path, const char *name, size_t len)
{
	if (path->len != 0 && path->data[path->len - 1] != '/')
		buf_putc(path, '/');
	buf_put(path, name, len);
}

/* Go's filepath.Clean(). */
static char *clean(const char *path)
{
	auto_buf struct buf out = BUF_INIT(strlen(path) + 1);
	bool is_rooted = *path == '/';
	size_t kept = is_rooted ? 1 : 0; /* of out: the root, or ".." that lead out of the start */

	if (is_rooted)
		buf_putc(&out, '/');
	while (*path != '\0') {
		size_t len = strcspn(path, "/");
		bool is_up = len == 2 && memcmp(path, "..", 2) == 0;
		if (is_up && out.len > kept) {
			drop_last(&out, kept);
		} else if (is_up && !is_rooted) {
			put_component(&out, path, len);
			kept = out.len;
		} else if (!is_up && len != 0 && !(len == 1 && *path == '.')) {
			put_component(&out, path, len);
		}
		path += len + (path[len] == '/');
	}
	return out.len != 0 ? buf_steal(&out) : mem_strdup(".");
}

char *dependency_directory_path(const char *chart, const char *repository)
{
	const char *path = repository + strlen(DEPENDENCY_FILE_SCHEME);
	auto_free char *joined = mem_printf("%s/%s", chart, path);

	return clean(*path == '/' ? path : joined);
}

static int pack(
    struct dependency_chart *out, int fd, const char *path, int64_t mtime, struct error *err)
{
	auto_chart_files struct chart_files files = CHART_FILES_INIT;
	auto_chart_files struct chart_files packed = CHART_FILES_INIT;
	auto_chart_tree struct chart_tree tree;

	chart_tree_init(&tree);
	if (chart_directory_read(&files, fd, path, err) != 0 ||
	    chart_tree_load(&tree, &files, CHART_SOURCE_DIRECTORY, err) != 0 ||
	    chart_package_list(&packed, &tree, err) != 0)
		return -1;
	const struct text *name = &tree.metadata.name;
	const struct text *version = &tree.metadata.version;
	text_set(&out->name, text_string(name), name->len);
	text_set(&out->version, text_string(version), version->len);
	return chart_packer_pack(&out->archive, &packed, text_string(name), mtime, err);
}

int dependency_directory_pack(struct dependency_chart *out, const char *path, int open_flags,
    int64_t mtime, struct error *err)
{
	auto_fd int fd =
	    open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | open_flags);

	if (fd < 0 && errno == ENOTDIR) /* a link too, where none may be */
		return error_set(err, ERR_CHART, "'%s': not a directory", path);
	if (fd < 0) {
		(void)error_sys(err, "cannot be opened");
		return error_prefix(err, "'%s'", path);
	}
	if (pack(out, fd, path, mtime, err) != 0)
		return error_prefix(err, "'%s'", path);
	return 0;
}
