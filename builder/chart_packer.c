#include "builder/chart_packer.h"

#include <string.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>
#include <libdeflate.h>

#include "common/limits.h"

#define COMPRESSION_LEVEL 6

static void cleanup_archive(struct archive **slot)
{
	if (*slot != NULL)
		(void)archive_write_free(*slot);
}
#define auto_archive __attribute__((cleanup(cleanup_archive)))

static void cleanup_entry(struct archive_entry **slot)
{
	if (*slot != NULL)
		archive_entry_free(*slot);
}
#define auto_entry __attribute__((cleanup(cleanup_entry)))

static la_ssize_t append(struct archive *archive, void *out, const void *bytes, size_t len)
{
	struct buf *tar = out;

	(void)archive;
	buf_put(tar, bytes, len);
	return tar->overflowed ? -1 : (la_ssize_t)len;
}

static int refuse(struct archive *archive, const char *path, struct error *err)
{
	const char *reason = archive_error_string(archive);

	return error_set(err, ERR_CHART, "'%s': cannot be packed: %s", path,
	    reason != NULL ? reason : "tar cannot hold it");
}

static int put_file(struct archive *archive, const struct chart_file *file, const char *base,
    int64_t mtime, struct error *err)
{
	auto_entry struct archive_entry *entry = archive_entry_new();
	auto_free char *name = mem_printf("%s/%s", base, file->path);

	if (entry == NULL)
		return error_set(err, ERR_SYSTEM, "libarchive: cannot start");
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_uid(entry, 0);
	archive_entry_set_gid(entry, 0);
	archive_entry_set_mtime(entry, mtime, 0);
	archive_entry_set_size(entry, (la_int64_t)file->len);
	if (archive_write_header(archive, entry) != ARCHIVE_OK)
		return refuse(archive, file->path, err);
	la_ssize_t written = archive_write_data(archive, file->bytes, file->len);
	if (written < 0 || (size_t)written != file->len)
		return refuse(archive, file->path, err);
	return 0;
}

static int open_tar(struct archive *archive, struct buf *tar, struct error *err)
{
	if (archive == NULL || archive_write_set_format_pax_restricted(archive) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(archive, 1) != ARCHIVE_OK ||
	    archive_write_open(archive, tar, NULL, append, NULL) != ARCHIVE_OK)
		return error_set(err, ERR_SYSTEM, "libarchive: cannot start");
	return 0;
}

static int make_tar(struct buf *tar, const struct chart_files *files, const char *base,
    int64_t mtime, struct error *err)
{
	auto_archive struct archive *archive = archive_write_new();

	if (open_tar(archive, tar, err) != 0)
		return -1;
	for (size_t i = 0; i < files->count; i++) {
		if (put_file(archive, &files->items[i], base, mtime, err) != 0) {
			if (tar->overflowed)
				return buf_check(tar, "the chart as tar", err);
			return -1;
		}
	}
	if (archive_write_close(archive) != ARCHIVE_OK && !tar->overflowed)
		return refuse(archive, base, err);
	return buf_check(tar, "the chart as tar", err);
}

static int compress_tar(struct buf *out, const struct buf *tar, struct error *err)
{
	struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(COMPRESSION_LEVEL);

	if (compressor == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	size_t bound = libdeflate_gzip_compress_bound(compressor, tar->len);
	auto_buf struct buf tgz = BUF_INIT(bound);
	char *room = buf_room(&tgz, bound);
	tgz.len = libdeflate_gzip_compress(compressor, tar->data, tar->len, room, bound);
	libdeflate_free_compressor(compressor);
	if (tgz.len == 0 || tgz.len > LIMIT_CHART_ARCHIVE_BYTES_MAX)
		return error_set(err, ERR_LIMIT, "the chart as archive: larger than %u bytes",
		    LIMIT_CHART_ARCHIVE_BYTES_MAX);
	tgz.data[tgz.len] = '\0';
	*out = tgz;
	tgz = (struct buf)BUF_INIT(0);
	return 0;
}

int chart_packer_pack(struct buf *out, const struct chart_files *files, const char *base,
    int64_t mtime, struct error *err)
{
	auto_buf struct buf tar = BUF_INIT(LIMIT_CHART_TAR_BYTES_MAX);

	if (make_tar(&tar, files, base, mtime, err) != 0)
		return -1;
	return compress_tar(out, &tar, err);
}
