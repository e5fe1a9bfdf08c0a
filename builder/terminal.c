#include "builder/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>

#include "common/fd.h"
#include "common/interrupt.h"

#define ANSWER "yes\n"
#define ROOM_BYTES 256

int terminal_read_line(int tty, char *out, size_t room, size_t *out_len, struct error *err)
{
	auto_fd int signals = interrupt_fd(err);
	struct pollfd wait[] = {{.fd = tty, .events = POLLIN}, {.fd = signals, .events = POLLIN}};

	*out_len = 0;
	if (signals < 0)
		return -1;
	while (*out_len < room && (*out_len == 0 || out[*out_len - 1] != '\n')) {
		if (poll(wait, 2, -1) < 0 && errno != EINTR)
			return error_sys(err, "poll");
		if (interrupt_check(err) != 0)
			return -1;
		if ((wait[0].revents & (POLLIN | POLLHUP | POLLERR)) == 0)
			continue;
		ssize_t got = read(tty, out + *out_len, room - *out_len);
		if (got < 0 && errno != EINTR)
			return error_sys(err, "terminal");
		if (got == 0)
			break;
		*out_len += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

int terminal_confirm(
    const char *text, const char *question, const char *otherwise, struct error *err)
{
	char answer[ROOM_BYTES];
	size_t len;
	auto_fd int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (tty < 0)
		return error_set(err, ERR_USAGE, "no terminal to ask on: %s", otherwise);
	/* What was typed before the question cannot be the answer to it. */
	(void)tcflush(tty, TCIFLUSH);
	if (fd_write_all(tty, text, strlen(text)) != 0 ||
	    fd_write_all(tty, question, strlen(question)) != 0)
		return error_sys(err, "terminal");
	if (terminal_read_line(tty, answer, sizeof(answer), &len, err) != 0)
		return -1;
	if (len != strlen(ANSWER) || memcmp(answer, ANSWER, len) != 0)
		return error_set(err, ERR_USAGE, "the answer was not yes: nothing was done");
	return 0;
}
