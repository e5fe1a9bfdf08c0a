#include <stdlib.h>

#include "common/options.h"
#include "tests/unit/expect.h"

#define WORDS_MAX 12

/* What one command line gave. */
struct given {
	bool force;
	bool quiet;
	const char *output;
	const char *keys;
	struct option_list dirs;
	char *argv[WORDS_MAX + 1];
	int argc;
	int operands;
};

static int parse(struct given *g, const char *const words[WORDS_MAX], struct error *err)
{
	const struct option_spec specs[] = {
	    {.name = "force", .flag = &g->force},
	    {.name = "quiet", .short_name = 'q', .flag = &g->quiet},
	    {.name = "output", .short_name = 'o', .value = &g->output},
	    {.name = "keys", .value = &g->keys},
	    {.name = "dir", .short_name = 'd', .list = &g->dirs},
	};
	static char name[] = "build";

	*g = (struct given){.argv = {name}, .argc = 1, .operands = -1};
	for (size_t i = 0; i < WORDS_MAX && words[i] != NULL; i++)
		g->argv[g->argc++] = (char *)(uintptr_t)words[i];
	return options_parse(
	    specs, ARRAY_SIZE(specs), g->argc, g->argv, "builder build", &g->operands, err);
}

static const struct {
	const char *words[WORDS_MAX];
	bool force;
	bool quiet;
	const char *output;
	const char *keys;
	const char *operands; /* joined by spaces */
} good[] = {
    {{NULL}, false, false, NULL, NULL, ""},
    {{"a"}, false, false, NULL, NULL, "a"},
    {{"--force", "a"}, true, false, NULL, NULL, "a"},
    {{"a", "--force", "b"}, true, false, NULL, NULL, "a b"},
    {{"a", "b", "-q", "c", "--output", "o", "d"}, false, true, "o", NULL, "a b c d"},
    {{"--output=o", "a"}, false, false, "o", NULL, "a"},
    {{"--output=", "a"}, false, false, "", NULL, "a"},
    {{"-oo", "a"}, false, false, "o", NULL, "a"},
    {{"-qo", "o", "a"}, false, true, "o", NULL, "a"},
    {{"-qoo"}, false, true, "o", NULL, ""},
    {{"--output", "--force"}, false, false, "--force", NULL, ""},
    {{"--keys", "k", "-o", "o", "x"}, false, false, "o", "k", "x"},
    {{"--", "--force", "-q"}, false, false, NULL, NULL, "--force -q"},
    {{"a", "--", "-q"}, false, false, NULL, NULL, "a -q"},
    {{"-q", "a", "--", "b", "--"}, false, true, NULL, NULL, "a b --"},
    {{"-"}, false, false, NULL, NULL, "-"},
    {{"--keys", "-", "a"}, false, false, NULL, "-", "a"},
    {{""}, false, false, NULL, NULL, ""},
};

static void expect_given(struct given *g, size_t i)
{
	auto_free char *joined = mem_strdup("");

	for (int k = g->operands; k < g->argc; k++) {
		char *longer = mem_printf("%s%s%s", joined, k > g->operands ? " " : "", g->argv[k]);
		free(joined);
		joined = longer;
	}
	expect_text(joined, good[i].operands);
	assert_int_equal(g->force, good[i].force);
	assert_int_equal(g->quiet, good[i].quiet);
	expect_text(g->output != NULL ? g->output : "(none)",
	    good[i].output != NULL ? good[i].output : "(none)");
	expect_text(
	    g->keys != NULL ? g->keys : "(none)", good[i].keys != NULL ? good[i].keys : "(none)");
}

static void reads_words_in_any_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct error err = ERROR_INIT;
		struct given g;

		expect_ok(parse(&g, good[i].words, &err), &err);
		expect_given(&g, i);
	}
}

/* The environment has no say in what a command line means. */
static void the_environment_has_no_say(void **state)
{
	assert_int_equal(setenv("POSIXLY_CORRECT", "1", 1), 0);
	reads_words_in_any_order(state);
	assert_int_equal(unsetenv("POSIXLY_CORRECT"), 0);
}

static const struct {
	const char *words[WORDS_MAX];
	const char *error;
} bad[] = {
    {{"--what"}, "option '--what' is unknown"},
    {{"a", "--what", "b"}, "option '--what' is unknown"},
    {{"--what=x"}, "option '--what=x' is unknown"},
    {{"-x"}, "option '-x' is unknown"},
    {{"-qx"}, "option '-x' is unknown"},
    {{"-\xC3\xBC"}, "option '-\xC3' is unknown"},
    {{"--force=yes"}, "option '--force=yes' takes no value"},
    {{"--output"}, "option '--output' needs a value"},
    {{"--dir"}, "option '--dir' needs a value"},
    {{"--di", "x"}, "option '--di' is unknown"},
    {{"a", "-o"}, "option '-o' needs a value"},
    {{"--force", "--force"}, "option '--force' is given twice"},
    {{"-q", "--quiet"}, "option '--quiet' is given twice"},
    {{"-o", "a", "--output=b"}, "option '--output' is given twice"},
    {{"--keys=", "--keys", "k"}, "option '--keys' is given twice"},
    /* An abbreviation would change its meaning with the next option that is added. */
    {{"--forc"}, "option '--forc' is unknown"},
    {{"--out", "o"}, "option '--out' is unknown"},
    {{"--out=o"}, "option '--out=o' is unknown"},
    {{"--k", "o"}, "option '--k' is unknown"},
    {{"-W", "force"}, "option '-W' is unknown"},
};

static void refuses_what_it_does_not_know(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error err = ERROR_INIT;
		struct given g;

		expect_refused(parse(&g, bad[i].words, &err), &err, ERR_USAGE, bad[i].error);
		expect_contains(err.text, "; see 'builder build --help'");
	}
}

static void keeps_what_may_be_repeated(void **state)
{
	static const char *const words[WORDS_MAX] = {
	    "--dir", "a", "x", "-d", "b", "--dir=", "-da", "-qd", "c"};
	static const char *const expected[] = {"a", "b", "", "a", "c"};
	struct error err = ERROR_INIT;
	struct given g;

	(void)state;
	expect_ok(parse(&g, words, &err), &err);
	assert_int_equal(g.dirs.count, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		expect_text(g.dirs.items[i], expected[i]);
	assert_true(g.quiet);
	expect_text(g.argv[g.operands], "x");
}

static void refuses_too_many_repeats(void **state)
{
	static char name[] = "build";
	static char word[] = "-da";
	char *argv[LIMIT_OPTION_REPEATS_MAX + 3] = {name};
	struct option_list dirs = {.count = 0};
	const struct option_spec specs[] = {{.name = "dir", .short_name = 'd', .list = &dirs}};
	int operands;
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 1; i <= LIMIT_OPTION_REPEATS_MAX + 1; i++)
		argv[i] = word;
	expect_ok(options_parse(specs, 1, LIMIT_OPTION_REPEATS_MAX + 1, argv, "builder build",
		      &operands, &err),
	    &err);
	dirs.count = 0;
	expect_refused(options_parse(specs, 1, LIMIT_OPTION_REPEATS_MAX + 2, argv, "builder build",
			   &operands, &err),
	    &err, ERR_USAGE, "option '--dir' is given more than 64 times");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_words_in_any_order),
	    cmocka_unit_test(the_environment_has_no_say),
	    cmocka_unit_test(refuses_what_it_does_not_know),
	    cmocka_unit_test(keeps_what_may_be_repeated),
	    cmocka_unit_test(refuses_too_many_repeats),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
