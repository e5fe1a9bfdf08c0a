#include "common/blob.h"

#include <errno.h>
#include <inttypes.h>

static int fault(const struct blob_reader *r, struct error *err, const char *what)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(hex, &r->digest);
	return error_set(err, ERR_SEAL, "blobs/sha256/%s: %s", hex, what);
}

/* The file must end here and the digest match; one more read tells the first. */
static int check_end(struct blob_reader *r, struct error *err)
{
	struct digest found;
	char extra;
	ssize_t got;

	do
		got = read(r->fd, &extra, 1);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_sys(err, "blob: read");
	if (got > 0)
		return fault(r, err, "changed: longer than it was");
	digest_stream_finish(&r->stream, &found);
	if (!digest_equal(&found, &r->digest))
		return fault(r, err, "changed: its digest is another one");
	return 0;
}

int blob_open(struct blob_reader *out, const struct layout *layout, const struct digest *digest,
    uint64_t size_bytes, struct error *err)
{
	uint64_t found_bytes;

	*out = (struct blob_reader){.fd = -1, .left_bytes = size_bytes, .digest = *digest};
	digest_stream_init(&out->stream);
	out->fd = layout_open_blob(layout, digest, &found_bytes, err);
	if (out->fd < 0)
		return error_recode(err, ERR_SEAL);
	if (found_bytes != size_bytes) {
		char hex[DIGEST_HEX_LEN + 1];

		digest_hex(hex, digest);
		return error_set(err, ERR_SEAL,
		    "blobs/sha256/%s: %" PRIu64 " bytes, its descriptor says %" PRIu64, hex,
		    found_bytes, size_bytes);
	}
	return size_bytes == 0 ? check_end(out, err) : 0;
}

void blob_close(struct blob_reader *r)
{
	cleanup_fd(&r->fd);
	r->fd = -1;
}

ssize_t blob_read(struct blob_reader *r, void *into, size_t len, struct error *err)
{
	size_t want = r->left_bytes < len ? (size_t)r->left_bytes : len;
	size_t have = 0;

	/* Filled up, so that the last piece handed out is as large as the caller's buffer allows.
	 */
	while (have < want) {
		ssize_t got = read(r->fd, (char *)into + have, want - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(err, "blob: read");
		if (got == 0)
			return fault(r, err, "changed: shorter than it was");
		have += (size_t)got;
	}
	if (want == 0)
		return 0;
	digest_stream_update(&r->stream, into, have);
	/* left_bytes is 0 only after a good end: who asks again after a bad one gets no such end.
	 */
	if (r->left_bytes == have && check_end(r, err) != 0)
		return -1;
	r->left_bytes -= have;
	return (ssize_t)have;
}

int blob_load(struct buf *out, const struct layout *layout, const struct digest *digest,
    uint64_t size_bytes, struct error *err)
{
	auto_blob_reader struct blob_reader reader = BLOB_READER_INIT;

	if (blob_open(&reader, layout, digest, size_bytes, err) != 0)
		return -1;
	if (size_bytes > out->max - out->len)
		return error_set(
		    err, ERR_LIMIT, "%" PRIu64 " bytes; the limit is %zu", size_bytes, out->max);
	size_t size = (size_t)size_bytes;
	char *room = buf_room(out, size);
	if (room == NULL)
		return buf_check(out, "blob", err);
	if (size > 0 && blob_read(&reader, room, size, err) < 0)
		return -1;
	out->len += size;
	out->data[out->len] = '\0';
	return 0;
}
