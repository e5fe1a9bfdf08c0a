#include "builder/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>

#include <sodium.h>

#include "builder/terminal.h"
#include "common/limits.h"
#include "common/printable.h"

#define PROMPT_BYTES_MAX (64 * KIB) /* a path of the operator's, every byte escaped */

/* Room for the line end, and for one byte too many, which tells an overlong passphrase. */
#define ROOM_BYTES (LIMIT_PASSPHRASE_BYTES_MAX + 3)

void passphrase_release(struct passphrase *p)
{
	sodium_free(p->bytes); /* wipes */
	p->bytes = NULL;
	p->len = 0;
}

static int prepare(struct passphrase *p, struct error *err)
{
	p->len = 0;
	p->bytes = sodium_malloc(ROOM_BYTES);
	return p->bytes != NULL ? 0 : error_sys(err, "passphrase: locked memory");
}

static int check(struct passphrase *p, struct error *err)
{
	if (p->len > 0 && p->bytes[p->len - 1] == '\n') {
		p->len--;
		if (p->len > 0 && p->bytes[p->len - 1] == '\r')
			p->len--;
	}
	if (p->len == 0)
		return error_set(err, ERR_KEY,
		    "the passphrase is empty (keygen --no-passphrase makes a key without one)");
	if (p->len > LIMIT_PASSPHRASE_BYTES_MAX)
		return error_set(err, ERR_KEY, "the passphrase is longer than %u bytes",
		    LIMIT_PASSPHRASE_BYTES_MAX);
	return 0;
}

static int read_file(struct passphrase *p, const char *path, struct error *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	auto_fd int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
				  : open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return error_sys(err, "passphrase file '%s'", path);
	if (prepare(p, err) != 0)
		return -1;
	while (p->len < ROOM_BYTES) {
		ssize_t got = read(fd, p->bytes + p->len, ROOM_BYTES - p->len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(err, "passphrase file '%s'", path);
		if (got == 0)
			break;
		p->len += (size_t)got;
	}
	return check(p, err);
}

static int ask(struct passphrase *p, int tty, const char *prompt, struct error *err)
{
	struct termios before;
	struct termios silent;

	if (prepare(p, err) != 0)
		return -1;
	if (tcgetattr(tty, &before) != 0)
		return error_sys(err, "terminal");
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	/* Silent first: what is typed as soon as the prompt shows must not show as well. */
	if (tcsetattr(tty, TCSAFLUSH, &silent) != 0)
		return error_sys(err, "terminal");
	int result = write(tty, prompt, strlen(prompt)) < 0
			 ? error_sys(err, "terminal")
			 : terminal_read_line(tty, p->bytes, ROOM_BYTES, &p->len, err);
	(void)tcsetattr(tty, TCSAFLUSH, &before);
	if (write(tty, "\n", 1) < 0 && result == 0)
		result = error_sys(err, "terminal");
	return result != 0 ? -1 : check(p, err);
}

static int read_any(
    struct passphrase *out, const char *file, const char *prompt, bool repeat, struct error *err)
{
	auto_passphrase struct passphrase again = PASSPHRASE_INIT;

	if (file != NULL)
		return read_file(out, file, err);
	auto_fd int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty < 0)
		return error_set(err, ERR_USAGE,
		    "no terminal to ask for the passphrase: give --passphrase-file FILE");
	if (ask(out, tty, prompt, err) != 0)
		return -1;
	if (!repeat)
		return 0;
	if (ask(&again, tty, "Once more: ", err) != 0)
		return -1;
	if (again.len != out->len || sodium_memcmp(again.bytes, out->bytes, out->len) != 0)
		return error_set(err, ERR_KEY, "the two passphrases differ");
	return 0;
}

int passphrase_read(struct passphrase *out, const char *file, bool repeat, struct error *err)
{
	return read_any(out, file, "Passphrase: ", repeat, err);
}

const struct passphrase *passphrase_source_get(struct passphrase_source *s, struct error *err)
{
	auto_buf struct buf prompt = BUF_INIT(PROMPT_BYTES_MAX);

	buf_puts(&prompt, "Passphrase of ");
	printable_put(&prompt, s->key == NULL ? "the key" : s->key,
	    strlen(s->key == NULL ? "the key" : s->key));
	buf_puts(&prompt, ": ");
	if (s->passphrase.bytes == NULL &&
	    read_any(&s->passphrase, s->file, buf_text(&prompt), false, err) != 0) {
		passphrase_release(&s->passphrase);
		return NULL;
	}
	return &s->passphrase;
}

void passphrase_source_note(const struct passphrase_source *s, struct buf *notes)
{
	if (s->file != NULL && s->passphrase.bytes == NULL)
		buf_puts(notes, "builder: --passphrase-file was not needed: the key is not "
				"encrypted\n");
}

void passphrase_source_release(struct passphrase_source *s)
{
	passphrase_release(&s->passphrase);
}
