#include "pusher/blob_source.h"

#include <string.h>

#include "common/limits.h"

#define AHEAD_BYTES_MIN (1 * MIB) /* a thread takes longer to start than less to be hashed */

/* So much of the blob is on its way. */
static void tell(struct blob_source *s, uint64_t bytes)
{
	if (s->progress != NULL)
		progress_bytes(s->progress, (int64_t)bytes - (int64_t)s->told);
	s->told = bytes;
}

static ssize_t copy_content(const struct blob_source *s, void *into, size_t len)
{
	memcpy(into, s->content->data + s->at, len);
	return (ssize_t)len;
}

static ssize_t read_file(struct blob_source *s, void *into, size_t len, struct error *err)
{
	if (s->ahead == NULL && s->size_bytes - s->at >= AHEAD_BYTES_MIN)
		s->ahead = blob_ahead_start(&s->reader);
	return s->ahead == NULL ? blob_read(&s->reader, into, len, err)
				: blob_ahead_read(s->ahead, into, len, err);
}

static void close_file(struct blob_source *s)
{
	blob_ahead_stop(s->ahead);
	s->ahead = NULL;
	blob_close(&s->reader);
}

static ssize_t source_read(void *context, void *into, size_t len, struct error *err)
{
	struct blob_source *s = context;

	if (s->at == s->end)
		return 0;
	if (len > s->end - s->at)
		len = (size_t)(s->end - s->at);
	ssize_t got =
	    s->content == NULL ? read_file(s, into, len, err) : copy_content(s, into, len);
	if (got > 0) {
		s->at += (uint64_t)got;
		tell(s, s->at);
	}
	return got;
}

/* Reads and hashes up to the beginning of the piece. */
static int skip(struct blob_source *s, struct error *err)
{
	auto_free char *buffer = s->at < s->begin ? mem_alloc(LIMIT_COPY_BUFFER_BYTES) : NULL;

	while (s->at < s->begin) {
		uint64_t left = s->begin - s->at;
		ssize_t got = blob_read(&s->reader, buffer,
		    left < LIMIT_COPY_BUFFER_BYTES ? (size_t)left : LIMIT_COPY_BUFFER_BYTES, err);
		if (got < 0)
			return -1;
		if (got == 0)
			return error_set(err, ERR_SEAL, "a blob ends before its size");
		s->at += (uint64_t)got;
	}
	return 0;
}

static int seek(struct blob_source *s, struct error *err)
{
	if (s->content != NULL)
		s->at = s->begin;
	if (s->content != NULL || (s->reader.fd >= 0 && s->at == s->begin))
		return 0;
	close_file(s);
	s->at = 0;
	if (blob_open(&s->reader, s->layout, s->digest, s->size_bytes, err) != 0)
		return -1;
	return skip(s, err);
}

void blob_source_init(struct blob_source *s, const struct layout *layout,
    const struct digest *digest, uint64_t size_bytes, struct progress *progress)
{
	*s = (struct blob_source){.body = {.read = source_read, .context = s},
	    .layout = layout,
	    .digest = digest,
	    .size_bytes = size_bytes,
	    .progress = progress,
	    .reader = BLOB_READER_INIT};
}

int blob_source_piece(struct blob_source *s, uint64_t begin, uint64_t end, struct error *err)
{
	s->begin = begin;
	s->end = end;
	s->body.size_bytes = end - begin;
	tell(s, begin);
	return seek(s, err);
}

void blob_source_close(struct blob_source *s)
{
	close_file(s);
}

void blob_source_reset(struct blob_source *s)
{
	tell(s, 0);
	blob_source_close(s);
}
