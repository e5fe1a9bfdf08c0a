#include <string.h>
#include <unistd.h>

#include "pusher/environment.h"
#include "tests/unit/expect.h"

static void test_names_are_all_there(void **state)
{
	(void)state;
	for (enum environment_variable v = 0; v < ENVIRONMENT_COUNT; v++)
		assert_non_null(environment_name(v));
	expect_text(environment_name(ENVIRONMENT_TERM), "TERM");
}

static void test_row_k2_secrets_are_taken_and_overwritten_in_place(void **state)
{
	auto_environment struct environment e = ENVIRONMENT_INIT;
	char password[] = "SALLYPORT_PASSWORD=canary";
	char stranger[] = "AWS_SECRET_ACCESS_KEY=canary";
	char home[] = "HOME=";
	char *of_the_test[] = {password, stranger, home, NULL};
	char **of_the_program = environ;

	(void)state;
	/* These very bytes, as /proc/PID/environ would show them; cmocka needs its own afterwards.
	 */
	environ = of_the_test;
	environment_take(&e);
	expect_text(environment_get(&e, ENVIRONMENT_PASSWORD), "canary");
	assert_null(environment_get(&e, ENVIRONMENT_HOME));
	assert_null(environment_get(NULL, ENVIRONMENT_PASSWORD));
	assert_null(getenv("SALLYPORT_PASSWORD"));
	environ = of_the_program;
	for (size_t i = 0; i < sizeof(password); i++)
		assert_int_equal(password[i], 0);
	for (size_t i = 0; i < sizeof(stranger); i++)
		assert_int_equal(stranger[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names_are_all_there),
	    cmocka_unit_test(test_row_k2_secrets_are_taken_and_overwritten_in_place),
	};

	return cmocka_run_group_tests_name("environment", tests, NULL, NULL);
}
