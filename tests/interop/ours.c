/*
 * Answers what our code makes of charts, in the protocol of tests/interop/helm/main.go: many jobs
 * per process, so that thousands of charts can be compared with Helm in a minute.
 *
 * A job and its answer are two frames each, a JSON object and a body, each led by its length as
 * four bytes, big-endian.
 */
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <jansson.h>

#include "builder/chart.h"
#include "builder/helm_manifest.h"
#include "builder/semver_constraint.h"
#include "builder/unicode.h"
#include "common/json.h"
#include "common/limits.h"

#define FRAME_BYTES_MAX (256U * 1024U * 1024U)

static int read_frame(struct buf *frame)
{
	unsigned char length[4];

	frame->len = 0;
	if (fread(length, 1, sizeof(length), stdin) != sizeof(length))
		return -1;
	size_t len = (size_t)length[0] << 24 | (size_t)length[1] << 16 | (size_t)length[2] << 8 |
		     (size_t)length[3];
	char *room = buf_room(frame, len);
	if (room == NULL || fread(room, 1, len, stdin) != len)
		return -1;
	frame->len = len;
	frame->data[len] = '\0';
	return 0;
}

static void write_frame(const struct buf *frame)
{
	const unsigned char length[4] = {(unsigned char)(frame->len >> 24),
	    (unsigned char)(frame->len >> 16), (unsigned char)(frame->len >> 8),
	    (unsigned char)frame->len};

	(void)fwrite(length, 1, sizeof(length), stdout);
	(void)fwrite(buf_text(frame), 1, frame->len, stdout);
}

static void put_member(struct buf *out, const char *name, const char *value, size_t len)
{
	buf_printf(out, "%c\"%s\":", out->len == 0 ? '{' : ',', name);
	json_put_string(out, value, len);
}

/* error_text may quote bytes that are not UTF-8, and be cut inside a character. */
static void put_error(struct buf *out, const struct error *err)
{
	auto_buf struct buf text = BUF_INIT(ERROR_TEXT_BYTES * 4);

	for (const char *c = err->text; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x80)
			buf_putc(&text, *c);
		else
			buf_printf(&text, "\\x%02x", (unsigned)(unsigned char)*c);
	}
	out->len = 0;
	put_member(out, "error", buf_text(&text), text.len);
	put_member(out, "code", error_name(err->code), strlen(error_name(err->code)));
}

static const char *string_of(const json_t *job, const char *name)
{
	const char *value = json_string_value(json_object_get(job, name));

	return value != NULL && *value != '\0' ? value : NULL;
}

static int put_chart(
    struct buf *out, const struct chart *chart, const char *created, struct error *err)
{
	auto_helm_manifest struct helm_manifest m;

	helm_manifest_init(&m);
	if (helm_manifest_make(&m, chart, created, err) != 0)
		return -1;
	put_member(out, "repository", m.repository, strlen(m.repository));
	put_member(out, "tag", m.tag, strlen(m.tag));
	put_member(out, "config", buf_text(&m.config), m.config.len);
	put_member(out, "manifest", buf_text(&m.manifest), m.manifest.len);
	return 0;
}

/* The archive in memory, under a path for chart_load(). */
static int push(struct buf *out, const json_t *job, const struct buf *archive, struct error *err)
{
	const struct chart_packing packing = {.version = NULL};
	auto_fd int fd = memfd_create("chart", MFD_CLOEXEC);
	auto_chart struct chart chart;
	auto_free char *path = mem_printf("/proc/self/fd/%d", fd);

	chart_init(&chart);
	if (fd < 0 || write(fd, buf_text(archive), archive->len) != (ssize_t)archive->len)
		return error_sys(err, "memory file");
	if (chart_load(&chart, path, &packing, err) != 0)
		return -1;
	return put_chart(out, &chart, string_of(job, "created"), err);
}

static int pack(struct buf *out, struct buf *body, const json_t *job, struct error *err)
{
	const char *path = string_of(job, "path");
	const struct chart_packing packing = {.version = string_of(job, "version"),
	    .app_version = string_of(job, "appVersion"),
	    .mtime = json_integer_value(json_object_get(job, "mtime"))};
	auto_chart struct chart chart;

	chart_init(&chart);
	if (chart_load(&chart, path != NULL ? path : "", &packing, err) != 0 ||
	    put_chart(out, &chart, string_of(job, "created"), err) != 0)
		return -1;
	buf_put(body, buf_text(&chart.archive), chart.archive.len);
	return 0;
}

/* The code points of Go's IsPrint as pairs of first and last. */
static void print_ranges(struct buf *out)
{
	uint32_t first = 0;
	bool inside = false;

	buf_puts(out, "{\"ranges\":[");
	for (uint32_t c = 0; c <= 0x110000; c++) {
		bool is_print = c <= 0x10FFFF && (c == ' ' || unicode_is_print(c));
		if (is_print && !inside)
			first = c;
		else if (!is_print && inside)
			buf_printf(out, "%s[%u,%u]", first == ' ' ? "" : ",", (unsigned)first,
			    (unsigned)c - 1);
		inside = is_print;
	}
	buf_putc(out, ']');
}

static char verdict(const struct semver_constraint *constraint, const json_t *text)
{
	struct error err = ERROR_INIT;
	struct semver version;

	if (semver_parse(&version, json_string_value(text), json_string_length(text), &err) != 0)
		return 'x';
	return semver_constraint_check(constraint, &version) ? '1' : '0';
}

/* For each version whether it satisfies the constraint: 1, 0, or x for what is none. */
static int check(struct buf *out, const json_t *job, struct error *err)
{
	auto_semver_constraint struct semver_constraint constraint = SEMVER_CONSTRAINT_INIT;
	auto_buf struct buf verdicts = BUF_INIT(FRAME_BYTES_MAX);
	const json_t *text = json_object_get(job, "constraint");
	size_t i;
	const json_t *version;

	if (semver_constraint_parse(
		&constraint, json_string_value(text), json_string_length(text), err) != 0)
		return -1;
	json_array_foreach(json_object_get(job, "versions"), i, version)
	    buf_putc(&verdicts, verdict(&constraint, version));
	put_member(out, "verdicts", buf_text(&verdicts), verdicts.len);
	return 0;
}

static int answer(const json_t *job, const struct buf *in, struct buf *out, struct buf *body)
{
	const char *operation = json_string_value(json_object_get(job, "op"));
	struct error err = ERROR_INIT;
	int status = 0;

	if (operation == NULL)
		return -1;
	if (strcmp(operation, "push") == 0)
		status = push(out, job, in, &err);
	else if (strcmp(operation, "package") == 0 || strcmp(operation, "build") == 0)
		status = pack(out, body, job, &err);
	else if (strcmp(operation, "check") == 0)
		status = check(out, job, &err);
	else if (strcmp(operation, "print") == 0)
		print_ranges(out);
	else
		return -1;
	if (status != 0)
		put_error(out, &err);
	buf_putc(out, '}');
	return 0;
}

static int serve(struct buf *head, struct buf *in)
{
	while (read_frame(head) == 0) {
		auto_buf struct buf out = BUF_INIT(FRAME_BYTES_MAX);
		auto_buf struct buf body = BUF_INIT(FRAME_BYTES_MAX);
		json_auto_t *job = json_loadb(head->data, head->len, 0, NULL);

		if (job == NULL || read_frame(in) != 0 || answer(job, in, &out, &body) != 0)
			return -1;
		write_frame(&out);
		write_frame(&body);
		if (fflush(stdout) != 0)
			return -1;
	}
	return 0;
}

int main(void)
{
	auto_buf struct buf head = BUF_INIT(FRAME_BYTES_MAX);
	auto_buf struct buf in = BUF_INIT(FRAME_BYTES_MAX);

	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL || serve(&head, &in) != 0) {
		(void)fputs("ours: a broken job\n", stderr);
		return 1;
	}
	return 0;
}
