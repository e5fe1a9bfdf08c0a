#include "builder/ssh_keygen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "common/interrupt.h"
#include "common/limits.h"

#define PROGRAM "/usr/bin/ssh-keygen"
/* How long it may take to put the terminal back after it was told to stop. */
#define STOP_STEPS 20
#define STOP_STEP_MS 100

/* What the child inherits where we have it. */
static const char *const inherited[] = {"HOME", "SSH_AUTH_SOCK", "SSH_SK_PROVIDER", "SSH_ASKPASS",
    "SSH_ASKPASS_REQUIRE", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"};
#define INHERITED_COUNT (sizeof(inherited) / sizeof(inherited[0]))
#define FIXED_COUNT 2

struct environment {
	char *items[FIXED_COUNT + INHERITED_COUNT + 1]; /* owned; NULL after the last */
	size_t count;
};

static void environment_release(struct environment *e)
{
	for (size_t i = 0; i < e->count; i++)
		free(e->items[i]);
}
#define auto_environment __attribute__((cleanup(environment_release)))

static void environment_make(struct environment *e)
{
	e->items[e->count++] = mem_strdup("PATH=/usr/bin:/bin");
	e->items[e->count++] = mem_strdup("LC_ALL=C.UTF-8");
	for (size_t i = 0; i < INHERITED_COUNT; i++) {
		const char *value = getenv(inherited[i]);

		if (value != NULL)
			e->items[e->count++] = mem_printf("%s=%s", inherited[i], value);
	}
}

/* Our ends of what the child is connected to, and the child's own. */
struct channels {
	int message; /* a file without a name: it never blocks, whatever the child reads of it */
	int out[2];  /* reading end first */
	int err[2];
};
#define CHANNELS_INIT                                                                              \
	{                                                                                          \
		.message = -1, .out = {-1, -1}, .err = { -1, -1 }                                  \
	}

static void channels_close(struct channels *c)
{
	int *const fds[] = {&c->message, &c->out[0], &c->out[1], &c->err[0], &c->err[1]};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		cleanup_fd(fds[i]);
		*fds[i] = -1;
	}
}
#define auto_channels __attribute__((cleanup(channels_close)))

static int channels_open(struct channels *c, const void *message, size_t len, struct error *err)
{
	c->message = memfd_create("message", MFD_CLOEXEC);
	if (c->message < 0 || fd_write_all(c->message, message, len) != 0 ||
	    lseek(c->message, 0, SEEK_SET) != 0)
		return error_sys(err, "a file in memory");
	if (pipe2(c->out, O_CLOEXEC) != 0 || pipe2(c->err, O_CLOEXEC) != 0)
		return error_sys(err, "pipe");
	return 0;
}

/* Signals as they are for a program that a shell starts: none held back, none ignored. */
static void set_signals(posix_spawnattr_t *attributes)
{
	sigset_t none;
	sigset_t all;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	(void)posix_spawnattr_setsigmask(attributes, &none);
	(void)posix_spawnattr_setsigdefault(attributes, &all);
	(void)posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

/* Every other descriptor of ours is closed by the exec. */
static int start(pid_t *out, const struct channels *c, const char *key_file, const char *name_space,
    struct error *err)
{
	auto_free char *key = mem_strdup(key_file);
	auto_free char *name = mem_strdup(name_space);
	char program[] = PROGRAM;
	char quiet[] = "-q";
	char action[] = "-Y";
	char sign[] = "sign";
	char with_key[] = "-f";
	char with_name[] = "-n";
	char *argv[] = {program, quiet, action, sign, with_key, key, with_name, name, NULL};
	auto_environment struct environment environment = {.count = 0};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;

	environment_make(&environment);
	if (posix_spawn_file_actions_init(&files) != 0 || posix_spawnattr_init(&attributes) != 0)
		mem_exhausted();
	set_signals(&attributes);
	if (posix_spawn_file_actions_adddup2(&files, c->message, STDIN_FILENO) != 0 ||
	    posix_spawn_file_actions_adddup2(&files, c->out[1], STDOUT_FILENO) != 0 ||
	    posix_spawn_file_actions_adddup2(&files, c->err[1], STDERR_FILENO) != 0)
		mem_exhausted();
	errno = posix_spawn(out, PROGRAM, &files, &attributes, argv, environment.items);
	(void)posix_spawn_file_actions_destroy(&files);
	(void)posix_spawnattr_destroy(&attributes);
	return errno == 0 ? 0 : error_sys(err, PROGRAM);
}

/* What one pipe has now; past the cap it is read and dropped, so that the child does not wait. */
static int drain(int *fd, struct buf *into, struct error *err)
{
	char chunk[4096];
	ssize_t got = read(*fd, chunk, sizeof(chunk));

	if (got < 0 && errno == EINTR)
		return 0;
	if (got < 0)
		return error_sys(err, "read");
	if (got > 0) {
		buf_put(into, chunk, (size_t)got);
		return 0;
	}
	cleanup_fd(fd);
	*fd = -1; /* poll() passes it over */
	return 0;
}

/* Until the child has closed both, or a signal says that nobody waits for it any more. */
static int collect(struct channels *c, struct buf *out, struct buf *said, struct error *err)
{
	auto_fd int signals = interrupt_fd(err);

	if (signals < 0)
		return -1;
	while (c->out[0] >= 0 || c->err[0] >= 0) {
		struct pollfd wait[] = {{.fd = c->out[0], .events = POLLIN},
		    {.fd = c->err[0], .events = POLLIN}, {.fd = signals, .events = POLLIN}};

		if (poll(wait, 3, -1) < 0 && errno != EINTR)
			return error_sys(err, "poll");
		if (interrupt_check(err) != 0)
			return -1;
		if (wait[0].revents != 0 && drain(&c->out[0], out, err) != 0)
			return -1;
		if (wait[1].revents != 0 && drain(&c->err[0], said, err) != 0)
			return -1;
	}
	return 0;
}

/* It may be asking for a passphrase, with the terminal's echo off: it gets the time to undo that.
 */
static void stop(pid_t child)
{
	int ignored;

	(void)kill(child, SIGTERM);
	for (int i = 0; i < STOP_STEPS; i++) {
		if (waitpid(child, &ignored, WNOHANG) == child)
			return;
		(void)poll(NULL, 0, STOP_STEP_MS);
	}
	(void)kill(child, SIGKILL);
	while (waitpid(child, &ignored, 0) < 0 && errno == EINTR)
		;
}

static int wait_for(pid_t child, int *out_status, struct error *err)
{
	while (waitpid(child, out_status, 0) < 0) {
		if (errno != EINTR)
			return error_sys(err, "waitpid");
	}
	return 0;
}

/* What it wrote, as one line: its line ends would be shown as escapes. */
static void join_lines(struct buf *b)
{
	size_t len = 0;

	for (size_t i = 0; i < b->len; i++) {
		if (b->data[i] == '\r')
			continue;
		b->data[len++] = b->data[i] == '\n' ? ' ' : b->data[i];
	}
	while (len > 0 && b->data[len - 1] == ' ')
		len--;
	if (b->data != NULL)
		b->data[len] = '\0';
	b->len = len;
}

static int judge(int status, struct buf *said, struct error *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	join_lines(said);
	const char *colon = said->len > 0 ? ": " : "";
	if (WIFSIGNALED(status))
		return error_set(err, ERR_KEY, "ended by signal %d%s%s", WTERMSIG(status), colon,
		    buf_text(said));
	return error_set(
	    err, ERR_KEY, "exit status %d%s%s", WEXITSTATUS(status), colon, buf_text(said));
}

static int sign(struct buf *out, const char *key_file, const char *name_space, const void *message,
    size_t len, struct error *err)
{
	auto_channels struct channels channels = CHANNELS_INIT;
	auto_buf struct buf said = BUF_INIT(ERROR_TEXT_BYTES / 2);
	pid_t child;
	int status;

	if (channels_open(&channels, message, len, err) != 0 ||
	    start(&child, &channels, key_file, name_space, err) != 0)
		return -1;
	/* Only the child may hold these open, else their end never comes. */
	cleanup_fd(&channels.out[1]);
	cleanup_fd(&channels.err[1]);
	channels.out[1] = channels.err[1] = -1;
	if (collect(&channels, out, &said, err) != 0) {
		stop(child);
		return -1;
	}
	if (wait_for(child, &status, err) != 0)
		return -1;
	return judge(status, &said, err);
}

int ssh_keygen_sign(struct buf *out, const char *key_file, const char *name_space,
    const void *message, size_t len, struct error *err)
{
	if (sign(out, key_file, name_space, message, len, err) != 0)
		return error_prefix(err, "ssh-keygen -Y sign with '%s'", key_file);
	return buf_check(out, "what ssh-keygen wrote", err);
}
