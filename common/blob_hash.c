#include "common/blob_hash.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "common/core_count.h"
#include "common/fd.h"
#include "common/interrupt.h"
#include "common/limits.h"

/* A blob of less is hashed at once: a thread takes longer to start than this to be read. */
#define LARGE_BYTES (1 * MIB)

/* What one thread hashes, and what it finds. Nobody else looks at it until it has been joined. */
struct share {
	const struct layout *layout;
	const struct digest *blobs;
	size_t *positions; /* owned; of large blobs */
	size_t count;
	size_t capacity;
	uint64_t total_bytes;
	enum blob_verdict *verdicts; /* owned; for each of positions */
	size_t failed;               /* the position at which err was set */
	struct error err;
	pthread_t thread;
	bool is_running;
};

int blob_hash_file(int fd, const struct digest *expected, bool *out_same, struct error *err)
{
	auto_free unsigned char *chunk = mem_alloc(LIMIT_COPY_BUFFER_BYTES);
	struct digest_stream stream;
	struct digest found;
	ssize_t got;

	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	digest_stream_init(&stream);
	while ((got = read(fd, chunk, LIMIT_COPY_BUFFER_BYTES)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(err, "read");
		digest_stream_update(&stream, chunk, (size_t)got);
		if (interrupt_check(err) != 0)
			return -1;
	}
	digest_stream_finish(&stream, &found);
	*out_same = digest_equal(&found, expected);
	return 0;
}

static int prefix_name(struct error *err, const struct digest *blob)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(hex, blob);
	return error_prefix(err, "blobs/sha256/%s", hex);
}

/* What was there when the directory was read, and cannot be opened as a file now. */
static int judge_unopened(enum blob_verdict *out, struct error *err)
{
	if (err->code == ERR_SYSTEM)
		return -1;
	*out = err->sys_errno == ENOENT ? BLOB_MISSING : BLOB_NOT_REGULAR;
	*err = (struct error)ERROR_INIT;
	return 0;
}

static int hash_opened(int fd, const struct digest *blob, enum blob_verdict *out, struct error *err)
{
	bool same = false;

	if (blob_hash_file(fd, blob, &same, err) != 0)
		return err->code == ERR_INTERRUPTED ? -1 : prefix_name(err, blob);
	*out = same ? BLOB_SAME : BLOB_CHANGED;
	return 0;
}

static int hash_one(const struct layout *layout, const struct digest *blob, enum blob_verdict *out,
    struct error *err)
{
	uint64_t size_bytes;
	auto_fd int fd = layout_open_blob(layout, blob, &size_bytes, err);

	return fd < 0 ? judge_unopened(out, err) : hash_opened(fd, blob, out, err);
}

/* ---- large ones ---- */

static void *work(void *context)
{
	struct share *s = context;

	for (size_t i = 0; i < s->count; i++) {
		s->failed = s->positions[i];
		if (hash_one(s->layout, &s->blobs[s->positions[i]], &s->verdicts[i], &s->err) != 0)
			break;
	}
	return NULL;
}

/* To whoever has least to do so far. */
static void give(struct share *shares, size_t share_count, size_t position, uint64_t size_bytes)
{
	struct share *least = &shares[0];

	for (size_t i = 1; i < share_count; i++) {
		if (shares[i].total_bytes < least->total_bytes)
			least = &shares[i];
	}
	least->positions =
	    mem_grow(least->positions, least->count, &least->capacity, sizeof(*least->positions));
	least->positions[least->count++] = position;
	least->total_bytes += size_bytes;
}

/* The first share is our own; one whose thread does not start is done here as well. */
static void run_shares(struct share *shares, size_t share_count)
{
	for (size_t i = 0; i < share_count; i++)
		shares[i].verdicts = mem_zalloc(shares[i].count, sizeof(*shares[i].verdicts));
	for (size_t i = 1; i < share_count; i++)
		shares[i].is_running = shares[i].count > 0 && pthread_create(&shares[i].thread,
								  NULL, work, &shares[i]) == 0;
	for (size_t i = 0; i < share_count; i++) {
		if (!shares[i].is_running)
			(void)work(&shares[i]);
	}
	for (size_t i = 1; i < share_count; i++) {
		if (shares[i].is_running)
			(void)pthread_join(shares[i].thread, NULL);
	}
}

/* Of several errors that of the first blob counts, whichever thread met it. */
static int collect(
    const struct share *shares, size_t share_count, enum blob_verdict *verdicts, struct error *err)
{
	const struct share *first = NULL;

	for (size_t i = 0; i < share_count; i++) {
		const struct share *s = &shares[i];
		for (size_t k = 0; k < s->count; k++)
			verdicts[s->positions[k]] = s->verdicts[k];
		if (s->err.code != ERR_NONE && (first == NULL || s->failed < first->failed))
			first = s;
	}
	if (first == NULL)
		return 0;
	*err = first->err;
	return -1;
}

/* ---- all ---- */

static int judge(const struct layout *layout, const struct digest *blob, bool owe_large,
    enum blob_verdict *out, uint64_t *out_large_bytes, struct error *err)
{
	uint64_t size_bytes = 0;
	auto_fd int fd = layout_open_blob(layout, blob, &size_bytes, err);

	*out_large_bytes = 0;
	if (fd < 0)
		return judge_unopened(out, err);
	if (size_bytes > LIMIT_BLOB_BYTES_MAX) {
		(void)error_set(err, ERR_LIMIT, "larger than %llu bytes", LIMIT_BLOB_BYTES_MAX);
		return prefix_name(err, blob);
	}
	if (owe_large && size_bytes > LIMIT_MANIFEST_BYTES_MAX) {
		*out = BLOB_OWED;
		return 0;
	}
	if (size_bytes <= LARGE_BYTES)
		return hash_opened(fd, blob, out, err);
	*out_large_bytes = size_bytes;
	return 0;
}

int blob_hash_all(const struct layout *layout, const struct digest *blobs, size_t count,
    bool owe_large, enum blob_verdict *verdicts, struct error *err)
{
	struct share shares[LIMIT_HASH_THREADS_MAX] = {{.layout = NULL}};
	size_t share_count = core_count(LIMIT_HASH_THREADS_MAX);
	uint64_t large_bytes;
	int result = 0;

	for (size_t i = 0; i < share_count; i++)
		shares[i] = (struct share){
		    .layout = layout, .blobs = blobs, .err = (struct error)ERROR_INIT};
	for (size_t i = 0; i < count && result == 0; i++) {
		if (verdicts[i] != BLOB_UNJUDGED)
			continue;
		result = judge(layout, &blobs[i], owe_large, &verdicts[i], &large_bytes, err);
		if (large_bytes > 0)
			give(shares, share_count, i, large_bytes);
	}
	if (result == 0) {
		run_shares(shares, share_count);
		result = collect(shares, share_count, verdicts, err);
	}
	for (size_t i = 0; i < share_count; i++) {
		free(shares[i].positions);
		free(shares[i].verdicts);
	}
	return result;
}

int blob_hash_owed(const struct layout *layout, const struct digest *blob, struct error *err)
{
	enum blob_verdict verdict = BLOB_UNJUDGED;

	if (hash_one(layout, blob, &verdict, err) != 0)
		return -1;
	if (verdict == BLOB_SAME)
		return 0;
	(void)error_set(err, ERR_SEAL, "%s",
	    verdict == BLOB_CHANGED ? "changed: its digest is another one"
				    : "gone, or no file any more, since it was verified");
	return prefix_name(err, blob);
}
