#include <string.h>

#include "builder/email.h"
#include "tests/unit/expect.h"

/* What govalidator's IsEmail() says of them. */
static const struct {
	const char *text;
	bool valid;
} cases[] = {
    {"", false},
    {"@", false},
    {"a", false},
    {"a@b", false},
    {"a@b.c", true},
    {"a@b.co", true},
    {"john.doe@example.com", true},
    {"user+tag@sub.example.co.uk", true},
    {".a@b.c", false},
    {"a.@b.c", false},
    {"a..b@c.d", false},
    {"a@b.c.", true},
    {"a@b.c..", false},
    {"a@.b.c", false},
    {"@b.c", false},
    {"a@b.1", false},
    {"a@1.b", true},
    {"a@b.c1", false},
    {"a@b.c1d", true},
    {"a@-b.c", false},
    {"a@b-.c", false},
    {"a@b-c.d", true},
    {"a@b_c.d", true},
    {"a@b~c.d", true},
    {"a@b..c.d", true},
    {"a@b.c-d", true},
    {"a@b.-c", false},
    {"a b@c.d", false},
    {"a@b c.d", false},
    {"a@b@c.d", false},
    {"\xC3\xA9@\xC3\xBC.\xC3\x9F", true},
    {"\xC2\xA0@b.c", true},
    {"\xC2\x9F@b.c", false},
    {"\xEF\xB7\x90@b.c", false},
    {"\xEF\xBF\xBD@b.c", false},
    {"a@b.\xEF\xBD\x9A", true},
    {"a@b.\xF0\x9F\x98\x80", false},
    {"\"a\"@b.c", true},
    {"\"ab\"@b.c", false},
    {"\"a\"b\"@b.c", true},
    {"\"a\"b@b.c", false},
    {" \"@b.c", true},
    {" \x0D\x0A \"@b.c", true},
    {" \x0D\x0A\"@b.c", false},
    {"\" a\"@b.c", true},
    {"\"a \"@b.c", true},
    {"\"(\"@b.c", true},
    {"\"(\"\"@b.c", true},
    {"\"(\\\"@b.c", true},
    {"\"\\\"@b.c", false},
    {"\"\"@b.c", false},
    {"\"@b.c", true},
    {"!#$%&'*+-/=?^_`{|}~@b.c", true},
    {"a,b@c.d", false},
    {"a(b)@c.d", false},
    {"a<b>@c.d", false},
    {"a@[1.2.3.4]", false},
    {"a@b.c\x0A", false},
    {"\x09"
     "a@b.c",
	false},
};

static void test_as_helm(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (email_check(cases[i].text, strlen(cases[i].text)) != cases[i].valid)
			fail_msg("'%s': expected %d", cases[i].text, cases[i].valid);
	}
}

/* The text is as long as it says: a NUL is a character like any other. */
static void test_length(void **state)
{
	(void)state;
	assert_false(email_check("a\0@b.c", 6));
	assert_false(email_check("a@b.c\0", 6));
	assert_false(email_check("a@b\0.c", 6));
	assert_true(email_check("a@b.cx y", 6));
	assert_false(email_check("a@\xC3", 3));
	assert_false(email_check("\xFF@b.c", 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_as_helm),
	    cmocka_unit_test(test_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
