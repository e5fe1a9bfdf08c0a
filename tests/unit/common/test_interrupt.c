#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "common/interrupt.h"
#include "tests/unit/expect.h"

static const int held[] = {SIGINT, SIGTERM, SIGHUP};

static bool is_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

/* In a child: 0 if it saw the signal and lives on until it is let through. */
static int see_signal(int number)
{
	struct error err = ERROR_INIT;

	interrupt_hold();
	int fd = interrupt_fd(&err);
	if (fd < 0 || is_readable(fd) || interrupt_check(&err) != 0)
		return 1;
	(void)raise(number);
	if (!is_readable(fd) || interrupt_check(&err) == 0 || err.code != ERR_INTERRUPTED)
		return 2;
	/* Looking at it does not use it up. */
	if (!is_readable(fd) || interrupt_check(&err) == 0)
		return 3;
	interrupt_deliver();
	return 4;
}

static void signals_wait_until_they_are_let_through(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(held); i++) {
		int status;
		pid_t child = fork();

		if (child == 0)
			_exit(see_signal(held[i]));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), held[i]);
	}
}

/* In a child, as under nohup. */
static int ignore_signal(int number)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct error err = ERROR_INIT;

	(void)sigaction(number, &ignore, NULL);
	interrupt_hold();
	int fd = interrupt_fd(&err);
	(void)raise(number);
	if (fd < 0 || is_readable(fd) || interrupt_check(&err) != 0)
		return 1;
	interrupt_deliver();
	return 0;
}

static void ignored_signals_stay_ignored(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(held); i++) {
		int status;
		pid_t child = fork();

		if (child == 0)
			_exit(ignore_signal(held[i]));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signals_wait_until_they_are_let_through),
	    cmocka_unit_test(ignored_signals_stay_ignored),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
