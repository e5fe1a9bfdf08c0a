#include "builder/chart_packer.h"

#include <string.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>
#include <libdeflate.h>

#include "builder/tar_header.h"
#include "common/limits.h"

#define COMPRESSION_LEVEL 6
#define ASIDE_BYTES_MIN (64U * KIB) /* below, a thread costs more than it saves */

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

/* Into no blocks of libarchive's own on the way: what is written goes to its place at once. */
static int open_tar(struct archive *archive, struct buf *tar, struct error *err)
{
	if (archive == NULL || archive_write_set_format_pax_restricted(archive) != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(archive, 0) != ARCHIVE_OK ||
	    archive_write_open(archive, tar, NULL, append, NULL) != ARCHIVE_OK)
		return error_set(err, ERR_SYSTEM, "libarchive: cannot start");
	return 0;
}

/* Room for each content, padded, and the headers of nearly all names, so that nothing is moved. */
static void reserve(struct buf *tar, const struct chart_files *files)
{
	size_t len = 2 * TAR_BLOCK_BYTES;

	for (size_t i = 0; i < files->count; i++)
		len += files->items[i].len + 4 * TAR_BLOCK_BYTES;
	if (len < tar->max)
		buf_reserve(tar, len);
}

static int make_tar(struct buf *tar, const struct chart_files *files, const char *base,
    int64_t mtime, struct error *err)
{
	auto_archive struct archive *archive = archive_write_new();

	if (open_tar(archive, tar, err) != 0)
		return -1;
	reserve(tar, files);
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

/* libarchive composes characters as it reads, so a name outside ASCII may come back in another
 * form. */
static bool is_same_path(const char *in, const char *out)
{
	const char *c = in;

	while (*c != '\0' && (unsigned char)*c < 0x80)
		c++;
	return *c != '\0' || strcmp(in, out) == 0;
}

/* Of a byte order mark behind another one that was taken off before, readers take the second off.
 */
static bool is_same_content(const struct chart_file *in, const struct chart_file *out)
{
	size_t mark = in->len - out->len;

	if (mark != 0 && (mark != 3 || memcmp(in->bytes, "\xEF\xBB\xBF", 3) != 0))
		return false;
	return memcmp(in->bytes + mark, out->bytes, out->len) == 0;
}

/* Our own tar through the reader that judges everybody's: names, limits, and every byte. */
static int check_tar(struct chart_packer *p, const struct chart_files *files, struct error *err)
{
	if (chart_archive_read_tar(&p->made, buf_text(&p->tar), p->tar.len, err) != 0)
		return -1;
	if (p->made.files.count != files->count)
		return error_set(err, ERR_SYSTEM, "the chart as tar: not what went into it");
	for (size_t i = 0; i < files->count; i++) {
		const struct chart_file *in = &files->items[i];
		const struct chart_file *out = &p->made.files.items[i];
		if (!is_same_path(in->path, out->path))
			return error_set(err, ERR_CHART,
			    "'%s': readers of archives would take it for '%s'", in->path,
			    out->path);
		if (!is_same_content(in, out))
			return error_set(err, ERR_SYSTEM,
			    "the chart as tar: '%s' is not what went into it", in->path);
	}
	return 0;
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

static int check_archive(const struct buf *tgz, const struct buf *tar, struct error *err)
{
	auto_free char *again = mem_alloc_large(tar->len);
	struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();

	if (decompressor == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	enum libdeflate_result result =
	    libdeflate_gzip_decompress(decompressor, tgz->data, tgz->len, again, tar->len, NULL);
	libdeflate_free_decompressor(decompressor);
	if (result != LIBDEFLATE_SUCCESS || memcmp(again, tar->data, tar->len) != 0)
		return error_set(err, ERR_SYSTEM, "the chart as archive: not what went into it");
	return 0;
}

static void *compress(void *packer)
{
	struct chart_packer *p = packer;

	p->status = compress_tar(&p->archive, &p->tar, &p->err);
	return NULL;
}

void chart_packer_init(struct chart_packer *p)
{
	*p = (struct chart_packer){.tar = BUF_INIT(LIMIT_CHART_TAR_BYTES_MAX),
	    .archive = BUF_INIT(LIMIT_CHART_ARCHIVE_BYTES_MAX),
	    .err = ERROR_INIT};
	chart_archive_init(&p->made);
}

int chart_packer_start(struct chart_packer *p, const struct chart_files *files, const char *base,
    int64_t mtime, struct error *err)
{
	if (make_tar(&p->tar, files, base, mtime, err) != 0)
		return -1;
	/* Where no thread is to be had, there is time enough later. */
	p->is_aside =
	    p->tar.len >= ASIDE_BYTES_MIN && pthread_create(&p->thread, NULL, compress, p) == 0;
	return check_tar(p, files, err);
}

static void join(struct chart_packer *p)
{
	if (p->is_aside)
		(void)pthread_join(p->thread, NULL);
	p->is_aside = false;
}

int chart_packer_finish(struct chart_packer *p, struct buf *out, struct error *err)
{
	bool is_done = p->is_aside;

	join(p);
	if (!is_done)
		(void)compress(p);
	if (p->status != 0) {
		*err = p->err;
		return -1;
	}
	if (check_archive(&p->archive, &p->tar, err) != 0)
		return -1;
	buf_release(out);
	*out = p->archive;
	p->archive = (struct buf)BUF_INIT(0);
	return 0;
}

void chart_packer_release(struct chart_packer *p)
{
	join(p);
	chart_archive_release(&p->made);
	buf_release(&p->tar);
	buf_release(&p->archive);
}

int chart_packer_pack(struct buf *out, const struct chart_files *files, const char *base,
    int64_t mtime, struct error *err)
{
	auto_chart_packer struct chart_packer packer;

	chart_packer_init(&packer);
	if (chart_packer_start(&packer, files, base, mtime, err) != 0)
		return -1;
	return chart_packer_finish(&packer, out, err);
}
