#include "builder/chart_archive.h"

#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "builder/chart_path.h"
#include "builder/gunzip.h"
#include "builder/tar_header.h"
#include "common/limits.h"

/* One pass over a tar, by libarchive and by tar_header side by side. */
struct tar_walk {
	struct archive *archive;
	const char *tar;
	size_t len;
	size_t next; /* offset of the next header, by our own count */
	size_t entry_count;
	size_t content_bytes;
	struct chart_archive *out;
	struct error *err;
};

static void cleanup_archive(struct archive **slot)
{
	if (*slot != NULL)
		(void)archive_read_free(*slot);
}
#define auto_archive __attribute__((cleanup(cleanup_archive)))

void chart_archive_init(struct chart_archive *a)
{
	*a = (struct chart_archive){.files = CHART_FILES_INIT};
}

void chart_archive_release(struct chart_archive *a)
{
	free(a->base);
	chart_files_release(&a->files);
	chart_archive_init(a);
}

static int refuse_tar(struct tar_walk *w)
{
	const char *reason = archive_error_string(w->archive);

	return error_set(
	    w->err, ERR_CHART, "tar: %s", reason != NULL ? reason : "broken or cut off");
}

/* The content stays where it stands in the tar. libarchive has to find the same bytes. */
static int check_content(struct tar_walk *w, const struct tar_header *header)
{
	const char *content = w->tar + header->content;
	size_t seen = 0;

	if (header->size_bytes > w->len - header->content)
		return error_set(w->err, ERR_CHART, "tar: broken or cut off");
	for (;;) {
		const void *block;
		size_t len;
		la_int64_t offset;
		int status = archive_read_data_block(w->archive, &block, &len, &offset);
		if (status == ARCHIVE_EOF)
			break;
		if (status != ARCHIVE_OK)
			return refuse_tar(w);
		if ((size_t)offset != seen || len > header->size_bytes - seen ||
		    (block != content + seen && memcmp(block, content + seen, len) != 0))
			return error_set(w->err, ERR_CHART, "tar: two readers part over it");
		seen += len;
	}
	if (seen != header->size_bytes)
		return error_set(w->err, ERR_CHART, "tar: broken or cut off");
	return 0;
}

static int check_size(struct tar_walk *w, const char *name, size_t size)
{
	if (size > LIMIT_CHART_FILE_BYTES_MAX)
		return error_set(w->err, ERR_LIMIT, "entry '%s': larger than %u bytes", name,
		    LIMIT_CHART_FILE_BYTES_MAX);
	if (size > LIMIT_CHART_CONTENT_BYTES_MAX - w->content_bytes)
		return error_set(w->err, ERR_LIMIT, "more than %u bytes in all files",
		    LIMIT_CHART_CONTENT_BYTES_MAX);
	w->content_bytes += size;
	return 0;
}

static int check_base(struct tar_walk *w, const char *name, struct chart_path *path)
{
	if (w->out->base == NULL)
		w->out->base = steal_ptr(&path->base);
	else if (strcmp(w->out->base, path->base) != 0)
		return error_set(w->err, ERR_CHART,
		    "entry '%s': not in the directory '%s' as the others", name, w->out->base);
	return 0;
}

static int read_file(struct tar_walk *w, const char *name, const struct tar_header *header)
{
	auto_chart_path struct chart_path path = {.base = NULL};

	if (chart_path_parse(&path, name, w->err) != 0 || check_base(w, name, &path) != 0 ||
	    check_size(w, name, header->size_bytes) != 0 || check_content(w, header) != 0)
		return -1;
	chart_files_refer(
	    &w->out->files, &path.inside, w->tar + header->content, header->size_bytes);
	return 0;
}

/* An entry that both readers see at the same place, with the same size. */
static int read_entry(struct tar_walk *w, struct archive_entry *entry)
{
	struct tar_header header;
	const char *name = archive_entry_pathname(entry);

	if (++w->entry_count > LIMIT_CHART_ENTRIES_MAX)
		return error_set(
		    w->err, ERR_LIMIT, "more than %u entries", LIMIT_CHART_ENTRIES_MAX);
	if (name == NULL)
		return error_set(w->err, ERR_CHART, "an entry without a readable name");
	if (archive_read_header_position(w->archive) != (la_int64_t)w->next)
		return error_set(
		    w->err, ERR_CHART, "entry '%s': not where the one before it ends", name);
	if (tar_header_check(&header, w->tar, w->len, w->next, w->err) != 0)
		return error_prefix(w->err, "entry '%s'", name);
	w->next = tar_content_end(&header);
	if (archive_entry_size(entry) != (la_int64_t)header.size_bytes)
		return error_set(w->err, ERR_CHART, "entry '%s': its size is ambiguous", name);
	if (archive_entry_filetype(entry) == AE_IFDIR) {
		if (header.size_bytes != 0 || (header.type != '5' && header.type != '\0'))
			return error_set(w->err, ERR_CHART,
			    "entry '%s': a file with the name of a directory", name);
		return 0;
	}
	if (header.type == '5' || archive_entry_filetype(entry) != AE_IFREG ||
	    archive_entry_hardlink(entry) != NULL || archive_entry_symlink(entry) != NULL)
		return error_set(w->err, ERR_CHART, "entry '%s': not a regular file", name);
	return read_file(w, name, &header);
}

static int read_entries(struct tar_walk *w)
{
	for (;;) {
		struct archive_entry *entry;
		int status = archive_read_next_header(w->archive, &entry);
		if (status == ARCHIVE_EOF)
			return 0;
		if (status != ARCHIVE_OK) /* ARCHIVE_WARN too: half understood is not understood */
			return refuse_tar(w);
		if (read_entry(w, entry) != 0)
			return -1;
	}
}

static int check_rest(struct tar_walk *w)
{
	size_t rest = w->len - w->next;

	/* Go reads two blocks of the end, where there is anything. */
	if (rest < 1024 && rest % 512 != 0)
		return error_set(w->err, ERR_CHART, "tar: cut off in its end");
	for (size_t i = w->next; i < w->len; i++) {
		if (w->tar[i] != '\0')
			return error_set(w->err, ERR_CHART, "tar: data after its end");
	}
	return 0;
}

static int check_files(const struct chart_archive *a, struct error *err)
{
	const char *twice = chart_files_twice(&a->files);

	if (a->files.count == 0)
		return error_set(err, ERR_CHART, "no files in it");
	if (twice != NULL)
		return error_set(
		    err, ERR_CHART, "entry '%s/%s': twice in the archive", a->base, twice);
	return 0;
}

static struct archive *open_tar(const char *tar, size_t len, struct error *err)
{
	auto_archive struct archive *archive = archive_read_new();

	if (archive == NULL || archive_read_support_format_tar(archive) != ARCHIVE_OK) {
		(void)error_set(err, ERR_SYSTEM, "libarchive: cannot start");
		return NULL;
	}
	if (archive_read_open_memory(archive, tar, len) != ARCHIVE_OK) {
		const char *reason = archive_error_string(archive);
		(void)error_set(
		    err, ERR_CHART, "tar: %s", reason != NULL ? reason : "cannot be read");
		return NULL;
	}
	return steal_ptr(&archive);
}

int chart_archive_read_tar(
    struct chart_archive *out, const char *tar, size_t len, struct error *err)
{
	auto_archive struct archive *archive = NULL;

	chart_archive_init(out);
	out->tar_bytes = len;
	if (len == 0) /* which libarchive takes for an archive of any format */
		return error_set(err, ERR_CHART, "no files in it");
	archive = open_tar(tar, len, err);
	if (archive == NULL)
		return -1;
	struct tar_walk w = {.archive = archive, .tar = tar, .len = len, .out = out, .err = err};
	if (read_entries(&w) != 0 || check_rest(&w) != 0)
		return -1;
	return check_files(out, err);
}

int chart_archive_read(struct chart_archive *out, const char *tgz, size_t len, struct error *err)
{
	auto_buf struct buf tar = BUF_INIT(LIMIT_CHART_TAR_BYTES_MAX);

	chart_archive_init(out);
	if (gunzip(&tar, tgz, len, err) != 0)
		return -1;
	size_t tar_len = tar.len;
	auto_free char *store = buf_steal(&tar);
	int status = chart_archive_read_tar(out, store, tar_len, err);
	out->files.store = steal_ptr(&store);
	return status;
}
