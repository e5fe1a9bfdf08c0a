#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "tests/unit/temp_dir.h"

struct step {
	ssize_t most; /* bytes that the call takes; 0 and -1 are its result */
	int sys_errno;
};

/* What the next calls of write() do, in order; behind them it is the system's own. */
static const struct step *script;
static size_t script_left;

/* In the place of libc's: the linker finds this one first. */
ssize_t write(int fd, const void *bytes, size_t len)
{
	if (script_left > 0) {
		struct step step = *script++;

		script_left--;
		if (step.most <= 0) {
			errno = step.sys_errno;
			return step.most;
		}
		len = (size_t)step.most < len ? (size_t)step.most : len;
	}
	return syscall(SYS_write, fd, bytes, len);
}

static void writes_all_or_says_why(void **state)
{
	static const struct {
		struct step steps[4];
		size_t step_count;
		int sys_errno; /* 0: all was written */
	} cases[] = {
	    {.step_count = 0, .sys_errno = 0},
	    {.steps = {{1, 0}, {2, 0}}, .step_count = 2, .sys_errno = 0},
	    {.steps = {{-1, EINTR}, {3, 0}, {-1, EINTR}}, .step_count = 3, .sys_errno = 0},
	    {.steps = {{-1, ENOSPC}}, .step_count = 1, .sys_errno = ENOSPC},
	    {.steps = {{4, 0}, {-1, EIO}}, .step_count = 2, .sys_errno = EIO},
	    {.steps = {{4, 0}, {0, 0}}, .step_count = 2, .sys_errno = 0},
	};
	static const struct step idle[1000] = {{0, 0}}; /* never any progress */
	struct temp_dir t;

	(void)state;
	temp_dir_open(&t);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_buf struct buf found = BUF_INIT(100);
		int fd = openat(t.fd, "f", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		script = cases[i].steps;
		script_left = cases[i].step_count;
		errno = 0;
		int result = fd_write_all(fd, "0123456789", 10);
		int number = errno;
		assert_int_equal(script_left, 0);
		assert_int_equal(close(fd), 0);
		assert_int_equal(result, cases[i].sys_errno == 0 ? 0 : -1);
		temp_read(t.fd, "f", &found);
		if (cases[i].sys_errno == 0)
			expect_text(buf_text(&found), "0123456789");
		else
			assert_int_equal(number, cases[i].sys_errno);
	}
	script = idle;
	script_left = ARRAY_SIZE(idle);
	errno = 0;
	assert_int_equal(fd_write_all(t.fd, "x", 1), -1);
	assert_int_equal(errno, EIO);
	script_left = 0;
	assert_int_equal(fd_write_all(-1, "", 0), 0);
	assert_int_equal(fd_write_all(-1, "x", 1), -1);
	temp_dir_close(&t);
}

static void syncs_directories(void **state)
{
	struct temp_dir t;
	int pipes[2];

	(void)state;
	temp_dir_open(&t);
	assert_int_equal(fd_sync_directory(t.fd), 0);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(fd_sync_directory(pipes[0]), 0); /* EINVAL: nothing to sync */
	assert_int_equal(fd_sync_directory(-1), -1);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
	temp_dir_close(&t);
}

/* In a child that has closed some of its standard streams; which of its promises is broken. */
static int fill(int closed)
{
	char byte = 0;

	for (int fd = 0; fd <= 2; fd++) {
		if ((closed & 1 << fd) != 0)
			(void)close(fd);
	}
	fd_fill_standard();
	int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (next <= 2)
		return 1;
	/* Using a stream that was closed stays an error. */
	if ((closed & 1) != 0 && read(0, &byte, 1) >= 0)
		return 2;
	for (int fd = 1; fd <= 2; fd++) {
		if ((closed & 1 << fd) != 0 && syscall(SYS_write, fd, "x", 1L) >= 0)
			return 3;
	}
	return 0;
}

static void fills_standard_streams(void **state)
{
	(void)state;
	for (int closed = 0; closed < 8; closed++) {
		int status;
		pid_t child = fork();

		if (child == 0)
			_exit(fill(closed));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(writes_all_or_says_why),
	    cmocka_unit_test(syncs_directories),
	    cmocka_unit_test(fills_standard_streams),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
