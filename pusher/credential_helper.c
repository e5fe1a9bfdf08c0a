#include "pusher/credential_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "common/buf.h"
#include "common/fd.h"
#include "common/json.h"
#include "common/limits.h"
#include "pusher/secret.h"
#include "pusher/token.h"

#define PREFIX "docker-credential-"
#define NAME_LEN_MAX 64
/* What helpers print, with status 1, for a server that they do not know. */
#define NOT_FOUND "credentials not found in native keychain"
#define REAP_PAUSE_MS 5
#define TOKEN_USERNAME "<token>"

/* ---- which program ---- */

static int check_name(const char *name, struct error *err)
{
	size_t len = strlen(name);

	if (len > 0 && len <= NAME_LEN_MAX &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len)
		return 0;
	return error_set(err, ERR_AUTH,
	    "its name is not of small letters, digits and '-', up to %d", NAME_LEN_MAX);
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}

/* Only absolute directories: "." is wherever somebody put us. Owned by the caller, or NULL. */
static char *find_program(const char *name, const char *path)
{
	for (const char *at = path; at != NULL && *at != '\0';) {
		size_t len = strcspn(at, ":");
		auto_free char *program = mem_printf("%.*s/" PREFIX "%s", (int)len, at, name);
		if (at[0] == '/' && is_program(program))
			return steal_ptr(&program);
		at += len + (at[len] == ':' ? 1 : 0);
	}
	return NULL;
}

/* ---- running it ---- */

struct child {
	pid_t pid;
	int to;   /* its standard input */
	int from; /* its standard output */
};

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Signals as a program expects them; no descriptor of ours; nothing to be said on our terminal. */
static int spawn(pid_t *out, const char *program, char *const *environment, int in, int output)
{
	char *const arguments[] = {(char *)(uintptr_t)program, (char[]){"get"}, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t all;
	sigset_t none;

	if (posix_spawn_file_actions_init(&actions) != 0 || posix_spawnattr_init(&attributes) != 0)
		return ENOMEM;
	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	int code = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (code == 0)
		code = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (code == 0)
		code = posix_spawn_file_actions_addopen(
		    &actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (code == 0)
		code = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	(void)posix_spawnattr_setsigdefault(&attributes, &all);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	if (code == 0)
		code = posix_spawn(out, program, &actions, &attributes, arguments, environment);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attributes);
	return code;
}

static char *variable(const struct environment *e, enum environment_variable v)
{
	const char *value = environment_get(e, v);

	return mem_printf("%s=%s", environment_name(v), value == NULL ? "" : value);
}

static int start(
    struct child *out, const char *program, const struct environment *e, struct error *err)
{
	auto_free char *path = variable(e, ENVIRONMENT_PATH);
	auto_free char *home = variable(e, ENVIRONMENT_HOME);
	char *const environment[] = {path, home, NULL};
	int in[2];
	int output[2];

	if (pipe2(in, O_CLOEXEC) != 0)
		return error_sys(err, "a pipe");
	auto_fd int child_in = in[0];
	auto_fd int to = in[1];
	if (pipe2(output, O_CLOEXEC) != 0)
		return error_sys(err, "a pipe");
	auto_fd int from = output[0];
	auto_fd int child_output = output[1];
	int code = spawn(&out->pid, program, environment, child_in, child_output);
	if (code != 0)
		return error_set(err, ERR_AUTH, "'%s' cannot be run: %s", program, strerror(code));
	out->to = steal_fd(&to);
	out->from = steal_fd(&from);
	return 0;
}

static int too_slow(struct error *err)
{
	return error_set(
	    err, ERR_AUTH, "it took longer than %d s, and was killed", LIMIT_HELPER_TIME_MS / 1000);
}

/* What it says until it closes its output. */
static int listen_to(struct buf *out, int fd, int64_t until_ms, struct error *err)
{
	for (;;) {
		int64_t left_ms = until_ms - now_ms();
		struct pollfd waiting = {.fd = fd, .events = POLLIN};

		int ready = left_ms <= 0 ? 0 : poll(&waiting, 1, (int)left_ms);
		if (ready == 0)
			return too_slow(err);
		if (ready < 0 && errno == EINTR)
			continue;
		size_t want = out->max - out->len < 4096 ? out->max - out->len : 4096;
		ssize_t got = read(fd, buf_room(out, want), want);
		if (got < 0)
			return error_sys(err, "reading what it says");
		out->len += (size_t)got;
		if (out->len > LIMIT_HELPER_ANSWER_BYTES_MAX)
			return error_set(err, ERR_AUTH, "it says more than %u bytes",
			    LIMIT_HELPER_ANSWER_BYTES_MAX);
		if (got == 0)
			break;
	}
	buf_put(out, "", 0);
	return 0;
}

/* It has closed its output, so it is about to end; if not, it is made to. */
static int reap(const struct child *child, int64_t until_ms, bool is_failure, struct error *err)
{
	const struct timespec pause = {.tv_nsec = REAP_PAUSE_MS * 1000000L};
	int status = 0;
	bool is_killed = is_failure;

	if (is_killed)
		(void)kill(child->pid, SIGKILL);
	for (;;) {
		pid_t ended = waitpid(child->pid, &status, is_killed ? 0 : WNOHANG);
		if (ended == child->pid || (ended < 0 && errno != EINTR))
			break;
		if (!is_killed && now_ms() >= until_ms) {
			is_killed = true;
			(void)kill(child->pid, SIGKILL);
		} else if (!is_killed) {
			(void)nanosleep(&pause, NULL);
		}
	}
	if (is_failure)
		return -1;
	return is_killed ? too_slow(err) : status;
}

/* Its exit status as wait(2) has it, and what it said; -1 with err. */
static int run(struct buf *out, const char *program, const char *server,
    const struct environment *e, struct error *err)
{
	int64_t until_ms = now_ms() + LIMIT_HELPER_TIME_MS;
	struct child child;

	if (start(&child, program, e, err) != 0)
		return -1;
	auto_fd int to = child.to;
	auto_fd int from = child.from;
	/* One that does not read is one that answers without: SIGPIPE is ignored. */
	if (fd_write_all(to, server, strlen(server)) != 0)
		errno = 0;
	(void)close(steal_fd(&to));
	int result = listen_to(out, from, until_ms, err);
	return reap(&child, until_ms, result != 0, err);
}

/* ---- what it says ---- */

static int take_answer(struct credential *out, const json_t *answer, struct error *err)
{
	const char *username;
	const char *secret;

	if (json_strict_string(answer, "Username", JSON_REQUIRED, &username, err) != 0 ||
	    json_strict_string(answer, "Secret", JSON_REQUIRED, &secret, err) != 0)
		return -1;
	if (strcmp(username, TOKEN_USERNAME) != 0)
		return credential_set_password(out, username, secret, err);
	if (token_check(secret, err) != 0)
		return -1;
	out->identity_token = secret_strdup(secret);
	return 0;
}

int credential_helper_parse(struct credential *out, const char *json, size_t len, struct error *err)
{
	struct error quoting = ERROR_INIT;
	json_auto_t *answer = NULL;

	answer = json_strict_load(json, len, &quoting);
	explicit_bzero(&quoting, sizeof(quoting));
	if (answer == NULL)
		return error_set(err, ERR_AUTH, "its answer is no JSON object of the strict kind");
	if (take_answer(out, answer, err) == 0)
		return 0;
	(void)error_recode(err, ERR_AUTH);
	return error_prefix(err, "its answer");
}

static int judge(
    struct credential *out, const struct buf *said, int status, bool *out_found, struct error *err)
{
	*out_found = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (*out_found)
		return credential_helper_parse(out, buf_text(said), said->len, err);
	if (WIFSIGNALED(status))
		return error_set(err, ERR_AUTH, "it died of signal %d", WTERMSIG(status));
	if (strncmp(buf_text(said), NOT_FOUND, strlen(NOT_FOUND)) == 0)
		return 0;
	return error_set(err, ERR_AUTH, "it ended with status %d", WEXITSTATUS(status));
}

int credential_helper_get(struct credential *out, const char *name, const char *server,
    const struct environment *environment, bool *out_found, struct error *err)
{
	auto_buf struct buf said = BUF_SECRET_INIT(LIMIT_HELPER_ANSWER_BYTES_MAX + 1);
	auto_free char *program = NULL;

	*out_found = false;
	if (check_name(name, err) != 0)
		return error_prefix(err, "credential helper '%s'", name);
	program = find_program(name, environment_get(environment, ENVIRONMENT_PATH));
	if (program == NULL)
		return error_set(err, ERR_AUTH,
		    "credential helper '%s': no program " PREFIX "%s in an absolute directory of "
		    "PATH",
		    name, name);
	int status = run(&said, program, server, environment, err);
	if (status < 0 || judge(out, &said, status, out_found, err) != 0)
		return error_prefix(err, "credential helper '%s'", program);
	return 0;
}
