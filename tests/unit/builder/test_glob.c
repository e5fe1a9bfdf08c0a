/* Expected results are those of Go's filepath.Match. */
#include "builder/glob.h"
#include "tests/unit/expect.h"

static const struct {
	const char *pattern;
	const char *name;
	enum glob_result result;
} cases[] = {
    {"", "", GLOB_YES},
    {"", "a", GLOB_NO},
    {"abc", "abc", GLOB_YES},
    {"abc", "ab", GLOB_NO},
    {"abc", "abcd", GLOB_NO},
    {"abc", "aBc", GLOB_NO},
    {"abc", "", GLOB_NO},
    {"*", "", GLOB_YES},
    {"*", "abc", GLOB_YES},
    {"*", "a/b", GLOB_NO},
    {"*", ".x", GLOB_YES},
    {"*", "/", GLOB_NO},
    {"*c", "abc", GLOB_YES},
    {"*c", "c", GLOB_YES},
    {"*c", "abcd", GLOB_NO},
    {"*c", "ac/c", GLOB_NO},
    {"*c", "a/c", GLOB_NO},
    {"a*", "a", GLOB_YES},
    {"a*", "abc", GLOB_YES},
    {"a*", "ab/c", GLOB_NO},
    {"a*", "b", GLOB_NO},
    {"a*/b", "abc/b", GLOB_YES},
    {"a*/b", "a/c/b", GLOB_NO},
    {"a*/b", "a/b", GLOB_YES},
    {"a*/b", "/b", GLOB_NO},
    {"a*b*c*d*e*/f", "axbxcxdxe/f", GLOB_YES},
    {"a*b*c*d*e*/f", "axbxcxdxexxx/f", GLOB_YES},
    {"a*b*c*d*e*/f", "axbxcxdxe/xxx/f", GLOB_NO},
    {"a*b*c*d*e*/f", "axbxcxdxexxx/fff", GLOB_NO},
    {"a*b?c*x", "abxbbxdbxebxczzx", GLOB_YES},
    {"a*b?c*x", "abxbbxdbxebxczzy", GLOB_NO},
    {"ab[c]", "abc", GLOB_YES},
    {"ab[c]", "ab[c]", GLOB_NO},
    {"ab[c]", "ab", GLOB_NO},
    {"ab[b-d]", "abc", GLOB_YES},
    {"ab[b-d]", "abe", GLOB_NO},
    {"ab[e-g]", "abc", GLOB_NO},
    {"ab[^c]", "abc", GLOB_NO},
    {"ab[^c]", "abd", GLOB_YES},
    {"ab[^c]", "ab/", GLOB_YES},
    {"ab[^c]", "ab", GLOB_NO},
    {"ab[^b-d]", "abc", GLOB_NO},
    {"ab[^b-d]", "abz", GLOB_YES},
    {"ab[^e-g]", "abc", GLOB_YES},
    {"a\\*b", "a*b", GLOB_YES},
    {"a\\*b", "ab", GLOB_NO},
    {"a\\*b", "acb", GLOB_NO},
    {"a\\*b*", "a*bc", GLOB_YES},
    {"\\a", "a", GLOB_YES},
    {"\\a", "\\a", GLOB_NO},
    {"\\\\", "\\", GLOB_YES},
    {"a?b", "a☺b", GLOB_YES},
    {"a?b", "aéb", GLOB_YES},
    {"a?b", "a/b", GLOB_NO},
    {"a?b", "ab", GLOB_NO},
    {"a?b", "axxb", GLOB_NO},
    {"a[^a]b", "a☺b", GLOB_YES},
    {"a[^a]b", "aab", GLOB_NO},
    {"a?\?\?b", "a☺b", GLOB_NO},
    {"a?\?\?b", "axyzb", GLOB_YES},
    {"a[^a][^a][^a]b", "a☺b", GLOB_NO},
    {"[a-ζ]*", "α", GLOB_YES},
    {"[a-ζ]*", "A", GLOB_NO},
    {"*[a-ζ]", "A", GLOB_NO},
    {"*[a-ζ]", "bα", GLOB_YES},
    {"a[b]c", "abc", GLOB_YES},
    {"a?", "a", GLOB_NO},
    {"a?", "ab", GLOB_YES},
    {"a?", "a/", GLOB_NO},
    {"a/b", "a/b", GLOB_YES},
    {"a/b", "a//b", GLOB_NO},
    {"?", "", GLOB_NO},
    {"?", "☺", GLOB_YES},
    {"?", "\377", GLOB_YES},
    {"?", "\342\230", GLOB_NO},
    {"?", "ab", GLOB_NO},
    {"[\\]a]", "]", GLOB_YES},
    {"[\\]a]", "a", GLOB_YES},
    {"[\\]a]", "b", GLOB_NO},
    {"[\\-]", "-", GLOB_YES},
    {"[\\-]", "\\", GLOB_NO},
    {"[x\\-]", "x", GLOB_YES},
    {"[x\\-]", "-", GLOB_YES},
    {"[x\\-]", "z", GLOB_NO},
    {"[\\-x]", "x", GLOB_YES},
    {"[\\-x]", "-", GLOB_YES},
    {"[\\-x]", "a", GLOB_NO},
    {"[]a]", "]", GLOB_BAD},
    {"[-]", "-", GLOB_BAD},
    {"[x-]", "x", GLOB_BAD},
    {"[x-]", "-", GLOB_BAD},
    {"[-x]", "x", GLOB_BAD},
    {"[a-b-c]", "a", GLOB_BAD},
    {"[", "a", GLOB_BAD},
    {"[", "", GLOB_BAD},
    {"[^", "a", GLOB_BAD},
    {"[^]", "a", GLOB_BAD},
    {"[^bc", "a", GLOB_BAD},
    {"a[", "a", GLOB_BAD},
    {"a[", "ab", GLOB_BAD},
    {"a[", "b", GLOB_BAD},
    {"a[]", "a", GLOB_BAD},
    {"a[-x]", "b", GLOB_BAD},
    {"[a-]", "abc", GLOB_BAD},
    {"[]", "x", GLOB_BAD},
    {"\\", "x", GLOB_BAD},
    {"\\", "\\", GLOB_BAD},
    {"\\", "", GLOB_BAD},
    {"a\\", "a", GLOB_BAD},
    {"a\\", "ab", GLOB_BAD},
    {"*x", "xxx", GLOB_YES},
    {"*x", "x", GLOB_YES},
    {"*x", "y", GLOB_NO},
    {"[!a]", "!", GLOB_YES},
    {"[!a]", "a", GLOB_YES},
    {"[!a]", "b", GLOB_NO},
    {"[a!]", "!", GLOB_YES},
    {"x*[", "abc", GLOB_NO},
    {"x*[", "xbc", GLOB_BAD},
    {"x*[", "x", GLOB_BAD},
    {"abc[", "abc", GLOB_BAD},
    {"abc[", "abd", GLOB_BAD},
    {"ab*[", "abc", GLOB_BAD},
    {"a*[", "bbc", GLOB_NO},
    {"c*[a-", "abc", GLOB_NO},
    {"*[", "abc", GLOB_BAD},
    {"*\\", "a", GLOB_BAD},
    {"?[", "", GLOB_BAD},
    {"?[", "a", GLOB_BAD},
    {"b*[]", "abc", GLOB_NO},
    {"b*[]", "bbc", GLOB_BAD},
    {"[*]", "*", GLOB_YES},
    {"[*]", "a", GLOB_NO},
    {"[a*]b", "*b", GLOB_YES},
    {"[a*]b", "ab", GLOB_YES},
    {"[a\\*]*", "*x", GLOB_YES},
    {"[*", "*", GLOB_BAD},
    {"a[*b", "a*b", GLOB_BAD},
    {"a[*b", "a[b", GLOB_BAD},
    {"[[]", "[", GLOB_YES},
    {"[[a]*", "[", GLOB_YES},
    {"[[a]*", "ax", GLOB_YES},
    {"a]b", "a]b", GLOB_YES},
    {"]", "]", GLOB_YES},
    {"^a", "^a", GLOB_YES},
    {"^a", "a", GLOB_NO},
    {"!a", "!a", GLOB_YES},
    {"{a,b}", "a", GLOB_NO},
    {"{a,b}", "{a,b}", GLOB_YES},
    {"[\377]", "\377", GLOB_BAD},
    {"[a-\377]", "b", GLOB_BAD},
    {"[\342\230a]", "a", GLOB_BAD},
    {"[�]", "\377", GLOB_YES},
    {"[�]", "�", GLOB_YES},
    {"[�]", "\303", GLOB_YES},
    {"[�]", "\303(", GLOB_NO},
    {"[^a]", "\377", GLOB_YES},
    {"[^a]", "\377\377", GLOB_NO},
    {"[\357\277\260-\357\277\277]", "\200", GLOB_YES},
    {"\377", "\377", GLOB_YES},
    {"\377", "�", GLOB_NO},
    {"*\251", "é", GLOB_YES},
    {"?\251", "é", GLOB_NO},
    {"[é]", "é", GLOB_YES},
    {"[é]", "\303", GLOB_NO},
    {"[à-ü]", "é", GLOB_YES},
    {"[à-ü]", "e", GLOB_NO},
    {"[z-a]", "b", GLOB_NO},
    {"[z-a]", "z", GLOB_NO},
    {"[z-a]", "a", GLOB_NO},
    {"[a-a]", "a", GLOB_YES},
    {"[^z-a]", "b", GLOB_YES},
    {"[😀-😎]x", "😃x", GLOB_YES},
    {"[😀-😎]x", "x", GLOB_NO},
    {"*a*", "bab", GLOB_YES},
    {"*a*", "bbb", GLOB_NO},
    {"*a*", "/a", GLOB_NO},
    {"*a*", "a/", GLOB_NO},
    {"*/*", "a/b", GLOB_YES},
    {"*/*", "a", GLOB_NO},
    {"*/*", "a/b/c", GLOB_NO},
    {"*/*", "/", GLOB_YES},
    {"*/*/*", "a/b/c", GLOB_YES},
    {"*/*/*", "a/b", GLOB_NO},
    {"a*[/]b", "ax/b", GLOB_YES},
    {"a[^b]c", "a/c", GLOB_YES},
    {"*[^x]a", "/a", GLOB_YES},
    {"*[^x]a", "b/a", GLOB_YES},
    {"*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", GLOB_NO},
    {"*ab", "aab", GLOB_YES},
    {"*ab", "abab", GLOB_YES},
    {"*ab", "ababa", GLOB_NO},
    {"*?", "", GLOB_NO},
    {"*?", "a", GLOB_YES},
    {"*?", "ab", GLOB_YES},
    {"?*", "", GLOB_NO},
    {"?*", "ab", GLOB_YES},
    {"***a", "xa", GLOB_YES},
    {"a**", "a", GLOB_YES},
    {"*a?*", "ba", GLOB_NO},
    {"*a?*", "bac", GLOB_YES},
    {"* ", "a ", GLOB_YES},
    {"*/", "a/", GLOB_YES},
    {"*/", "a", GLOB_NO},
    {"/", "/", GLOB_YES},
    {"/", "", GLOB_NO},
    {"/*", "/a", GLOB_YES},
    {"/*", "a", GLOB_NO},
};

static void test_match(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t steps = 0;
		enum glob_result result = glob_match(cases[i].pattern, strlen(cases[i].pattern),
		    cases[i].name, strlen(cases[i].name), &steps);
		if (result != cases[i].result)
			fail_msg("'%s', '%s': %d, not %d", cases[i].pattern, cases[i].name,
			    (int)result, (int)cases[i].result);
	}
}

static void test_nul_is_a_byte(void **state)
{
	uint64_t steps = 0;

	(void)state;
	assert_int_equal(glob_match("a\0b", 3, "a\0b", 3, &steps), GLOB_YES);
	assert_int_equal(glob_match("a\0b", 3, "a", 1, &steps), GLOB_NO);
	assert_int_equal(glob_match("[^\0]", 4, "a", 1, &steps), GLOB_YES);
	assert_int_equal(glob_match("*", 1, "\0/", 2, &steps), GLOB_NO);
}

/* Stars do not multiply: the steps stay below pattern times name. */
static void test_many_stars(void **state)
{
	char pattern[200];
	char name[400];
	uint64_t steps = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = i % 2 == 0 ? '*' : 'a';
	pattern[sizeof(pattern) - 1] = 'b';
	memset(name, 'a', sizeof(name));
	assert_int_equal(glob_match(pattern, sizeof(pattern), name, sizeof(name), &steps), GLOB_NO);
	assert_true(steps < sizeof(pattern) * sizeof(name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_match),
	    cmocka_unit_test(test_nul_is_a_byte),
	    cmocka_unit_test(test_many_stars),
	};

	return cmocka_run_group_tests_name("glob", tests, NULL, NULL);
}
