#include "pusher/progress.h"

#include <inttypes.h>
#include <string.h>

#include "common/printable.h"

#define LINE_BYTES_MAX (64 * KIB)

/* One write for each line, so that lines of several programs do not mix. Progress may be lost. */
static void print_line(struct buf *line)
{
	buf_putc(line, '\n');
	ssize_t written = write(STDERR_FILENO, line->data, line->len);
	(void)written;
}

void progress_request(
    const struct progress *p, enum http_method method, const char *url, int status)
{
	auto_buf struct buf line = BUF_INIT(LINE_BYTES_MAX);

	if (!p->requests)
		return;
	buf_printf(&line, "%s ", http_method_name(method));
	printable_put(&line, url, strcspn(url, "?"));
	if (status != 0)
		buf_printf(&line, " -> %d", status);
	else
		buf_puts(&line, " -> no answer");
	print_line(&line);
}

void progress_blob(const struct progress *p, const char *repository, const struct digest *digest,
    uint64_t size_bytes, bool is_sent)
{
	auto_buf struct buf line = BUF_INIT(LINE_BYTES_MAX);
	char text[DIGEST_TEXT_LEN + 1];

	if (!p->blobs || !is_sent)
		return;
	digest_text(text, digest);
	buf_puts(&line, "uploaded ");
	printable_put(&line, repository, strlen(repository));
	buf_printf(&line, " %s %" PRIu64 " bytes", text, size_bytes);
	print_line(&line);
}

void progress_expect(const struct progress *p, uint64_t bytes, size_t blobs)
{
	(void)p;
	(void)bytes;
	(void)blobs;
}

void progress_bytes(const struct progress *p, int64_t bytes)
{
	(void)p;
	(void)bytes;
}

void progress_retry(const struct progress *p, const char *why, int64_t wait_ms)
{
	auto_buf struct buf line = BUF_INIT(LINE_BYTES_MAX);

	if (!p->blobs)
		return;
	buf_puts(&line, "waiting ");
	buf_printf(&line, "%" PRId64 ".%" PRId64 " s: ", wait_ms / 1000, wait_ms % 1000 / 100);
	printable_put(&line, why, strlen(why));
	print_line(&line);
}

void progress_warning(const struct progress *p, const char *text)
{
	(void)p;
	(void)text;
}
