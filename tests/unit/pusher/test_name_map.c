#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "pusher/name_map.h"

static int parse(struct name_map *m, const char *first, const char *second, struct error *err)
{
	const struct option_list texts = {
	    .items = {first, second}, .count = second == NULL ? 1 : 2};

	return name_map_parse(m, &texts, err);
}

static void test_refused(void **state)
{
	static const char *const texts[][2] = {
	    {"a", NULL},
	    {"", NULL},
	    {"=", NULL},
	    {"a=", NULL},
	    {"=a", NULL},
	    {"A=b", NULL},
	    {"a=b:", NULL},
	    {"a:=b", NULL},
	    {"a:1=b=c", NULL},
	    {"a=b:1", NULL},
	    {"a:1=b:1/2", NULL},
	    {"a=../b", NULL},
	    {"a=b", "a=c"},
	    {"a:1=b", "a:1=c"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct name_map m = NAME_MAP_INIT;
		struct error err = ERROR_INIT;
		if (parse(&m, texts[i][0], texts[i][1], &err) == 0)
			fail_msg("%s", texts[i][0]);
		assert_int_equal(err.code, ERR_USAGE);
		assert_non_null(strstr(err.text, "--map"));
		name_map_release(&m);
	}
}

static void check(struct name_map *m, const char *repository, const char *tag,
    const char *to_repository, const char *to_tag)
{
	name_map_apply(m, &repository, &tag);
	assert_string_equal(repository, to_repository);
	if (to_tag == NULL)
		assert_null(tag);
	else
		assert_string_equal(tag, to_tag);
}

static void test_applied(void **state)
{
	struct name_map m = NAME_MAP_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(parse(&m, "a:1=x:9", "a=y/z", &err), 0);
	check(&m, "b", "1", "b", "1");
	assert_int_equal(name_map_check_used(&m, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	check(&m, "a", "1", "x", "9");
	check(&m, "a", "2", "y/z", "2");
	check(&m, "a", NULL, "y/z", NULL);
	check(&m, "a/b", "1", "a/b", "1");
	assert_int_equal(name_map_check_used(&m, &err), 0);
	name_map_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_applied),
	};

	return cmocka_run_group_tests_name("name_map", tests, NULL, NULL);
}
