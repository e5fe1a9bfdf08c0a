#include "pusher/progress.h"

#include <inttypes.h>
#include <string.h>

#include "common/printable.h"

#define LINE_BYTES_MAX (64 * KIB)
#define WARNING_BYTES_MAX (4 * KIB)
#define BAR_CELLS 30U
#define BAR_MS 100
#define HEARTBEAT_MS 10000
#define CLEAR_LINE "\r\033[K"

/* One write for each line, so that lines of several programs do not mix. Progress may be lost. */
static void print(const struct buf *text)
{
	ssize_t written = write(STDERR_FILENO, text->data, text->len);
	(void)written;
}

static void print_line(struct progress *p, struct buf *line)
{
	auto_buf struct buf whole = BUF_INIT(2 * LINE_BYTES_MAX);

	buf_puts(&whole, p->is_drawn ? CLEAR_LINE : "");
	buf_put(&whole, buf_text(line), line->len);
	buf_putc(&whole, '\n');
	print(&whole);
	p->is_drawn = false;
}

void progress_request(struct progress *p, enum http_method method, const char *url, int status)
{
	auto_buf struct buf line = BUF_INIT(LINE_BYTES_MAX);

	if (!p->is_verbose)
		return;
	buf_printf(&line, "%s ", http_method_name(method));
	printable_put(&line, url, strcspn(url, "?"));
	if (status != 0)
		buf_printf(&line, " -> %d", status);
	else
		buf_puts(&line, " -> no answer");
	print_line(p, &line);
}

void progress_blob(struct progress *p, const char *repository, const struct digest *digest,
    uint64_t size_bytes, bool is_sent)
{
	auto_buf struct buf line = BUF_INIT(LINE_BYTES_MAX);
	char text[DIGEST_TEXT_LEN + 1];

	p->done_blobs++;
	if (!is_sent)
		p->expected_bytes -=
		    size_bytes < p->expected_bytes ? size_bytes : p->expected_bytes;
	if (p->is_quiet || p->is_terminal || !is_sent)
		return;
	digest_text(text, digest);
	buf_puts(&line, "uploaded ");
	printable_put(&line, repository, strlen(repository));
	buf_printf(&line, " %s %" PRIu64 " bytes", text, size_bytes);
	print_line(p, &line);
}

void progress_expect(struct progress *p, uint64_t bytes, size_t blobs)
{
	p->expected_bytes += bytes;
	p->expected_blobs += blobs;
}

void progress_bytes(struct progress *p, int64_t bytes)
{
	p->sent_bytes += (uint64_t)bytes;
}

/* "12.3 of 27.0 MiB, 3 of 8 blobs" */
static void put_numbers(struct buf *b, const struct progress *p)
{
	uint64_t sent = p->sent_bytes * 10 / MIB;
	uint64_t expected = p->expected_bytes * 10 / MIB;

	buf_printf(b, "%" PRIu64 ".%" PRIu64 " of %" PRIu64 ".%" PRIu64 " MiB, %zu of %zu blobs",
	    sent / 10, sent % 10, expected / 10, expected % 10, p->done_blobs, p->expected_blobs);
}

static void draw(struct progress *p)
{
	auto_buf struct buf bar = BUF_INIT(LINE_BYTES_MAX);
	uint64_t full = p->expected_bytes == 0 ? 1 : p->expected_bytes;
	uint64_t cells = p->sent_bytes >= full ? BAR_CELLS : p->sent_bytes * BAR_CELLS / full;

	buf_puts(&bar, CLEAR_LINE "[");
	for (uint64_t i = 0; i < BAR_CELLS; i++)
		buf_putc(&bar, i < cells ? '#' : '.');
	buf_puts(&bar, "] ");
	put_numbers(&bar, p);
	print(&bar);
	p->is_drawn = true;
}

int64_t progress_tick(struct progress *p, int64_t now_ms)
{
	auto_buf struct buf line = BUF_INIT(LINE_BYTES_MAX);
	int64_t step_ms = p->is_terminal ? BAR_MS : HEARTBEAT_MS;

	if (p->is_quiet)
		return HTTP_FOREVER;
	if (p->next_ms == 0)
		p->next_ms = now_ms + step_ms;
	if (now_ms < p->next_ms)
		return p->next_ms;
	p->next_ms = now_ms + step_ms;
	if (p->is_terminal) {
		draw(p);
		return p->next_ms;
	}
	buf_puts(&line, "still pushing: ");
	put_numbers(&line, p);
	print_line(p, &line);
	return p->next_ms;
}

void progress_retry(struct progress *p, const char *why, int64_t wait_ms)
{
	auto_buf struct buf line = BUF_INIT(LINE_BYTES_MAX);

	if (p->is_quiet)
		return;
	buf_printf(
	    &line, "waiting %" PRId64 ".%" PRId64 " s: ", wait_ms / 1000, wait_ms % 1000 / 100);
	printable_put(&line, why, strlen(why));
	print_line(p, &line);
}

void progress_warning(struct progress *p, const char *text)
{
	auto_buf struct buf line = BUF_INIT(LINE_BYTES_MAX);

	if (text == NULL || p->is_quiet)
		return;
	auto_free char *key = mem_printf("\n%s\n", text);
	size_t len = strlen(key);
	if (p->warning_bytes + len > WARNING_BYTES_MAX ||
	    (p->warnings != NULL && strstr(p->warnings, key) != NULL))
		return;
	p->warnings = mem_realloc(p->warnings, p->warning_bytes + len + 1, 1);
	memcpy(p->warnings + p->warning_bytes, key, len + 1);
	p->warning_bytes += len;
	buf_puts(&line, "the registry warns: ");
	printable_put(&line, text, strlen(text));
	print_line(p, &line);
}

void progress_end(struct progress *p)
{
	auto_buf struct buf clear = BUF_INIT(LINE_BYTES_MAX);

	if (p->is_drawn) {
		buf_puts(&clear, CLEAR_LINE);
		print(&clear);
	}
	free(p->warnings);
	p->warnings = NULL;
	p->warning_bytes = 0;
	p->is_drawn = false;
}
