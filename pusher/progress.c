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
    uint64_t size_bytes)
{
	auto_buf struct buf line = BUF_INIT(LINE_BYTES_MAX);
	char text[DIGEST_TEXT_LEN + 1];

	if (!p->blobs)
		return;
	digest_text(text, digest);
	buf_puts(&line, "uploaded ");
	printable_put(&line, repository, strlen(repository));
	buf_printf(&line, " %s %" PRIu64 " bytes", text, size_bytes);
	print_line(&line);
}
