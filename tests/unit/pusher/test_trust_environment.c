#include "pusher/environment.h"
#include "pusher/secret.h"
#include "pusher/trust_environment.h"
#include "tests/unit/expect.h"

#define A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define B "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static const struct {
	const char *given_path, *given_id; /* options */
	const char *set_path, *set_id;     /* variables */
	const char *path, *id;             /* what counts; NULL: none */
	const char *why;                   /* it is refused */
} cases[] = {
    {"o", NULL, NULL, NULL, "o", NULL, NULL},
    {"o", A, "v", B, "o", A, NULL},
    {NULL, NULL, "v", NULL, "v", NULL, NULL},
    {NULL, NULL, "v", B, "v", B, NULL},
    {"o", NULL, NULL, B, "o", B, NULL},
    {NULL, A, "v", NULL, "v", A, NULL},
    {NULL, NULL, NULL, B, NULL, B, "--trust"},
    {NULL, NULL, NULL, NULL, NULL, NULL, "--trust"},
    {NULL, NULL, "v", "abc", "v", "abc", "abc"},
};

static void expect_same(const char *found, const char *expected)
{
	if (expected == NULL)
		assert_null(found);
	else
		expect_text(found, expected);
}

static void test_what_no_option_has_set(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_environment struct environment e = ENVIRONMENT_INIT;
		const struct command self = {.name = "verify", .environment = &e};
		struct trust_options o = TRUST_OPTIONS_INIT;
		struct error err = ERROR_INIT;

		if (cases[i].set_path != NULL)
			e.values[ENVIRONMENT_TRUST] = secret_strdup(cases[i].set_path);
		if (cases[i].set_id != NULL)
			e.values[ENVIRONMENT_TRUST_ID] = secret_strdup(cases[i].set_id);
		o.path = cases[i].given_path;
		o.id = cases[i].given_id;
		int result = trust_environment_check(&o, &self, &err);
		if (cases[i].why == NULL)
			expect_ok(result, &err);
		else
			expect_refused(result, &err, ERR_USAGE, cases[i].why);
		expect_same(o.path, cases[i].path);
		expect_same(o.id, cases[i].id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_no_option_has_set)};

	return cmocka_run_group_tests_name("trust_environment", tests, NULL, NULL);
}
