#include <string.h>

#include "builder/url.h"
#include "tests/unit/expect.h"

/* What govalidator says of them: IsURL() and IsRequestURL(). */
static const struct {
	const char *text;
	bool web;
	bool request;
} cases[] = {
    {"", false, false},
    {"*", false, false},
    {"abc", false, false},
    {"a.b", false, false},
    {"a.bc", true, false},
    {".abc", false, false},
    {"localhost", false, false},
    {"example.com", true, false},
    {"example.com/", true, false},
    {"example.com:80", true, true},
    {"example.com:", false, true},
    {"example.com:123456", false, true},
    {"http://example.com", true, true},
    {"HTTP://example.com", false, true},
    {"ftp://a.b", true, true},
    {"ssh://a.b", false, true},
    {"oci://a.b", false, true},
    {"ws://a", true, true},
    {"wss://a", true, true},
    {"tcp://a:1", true, true},
    {"http://", false, true},
    {"http:///a.b", false, true},
    {"http://a", true, true},
    {"http:a", false, true},
    {"mailto:a@b.c", true, true},
    {"git@github.com:a/b.git", false, false},
    {"https://github.com/a/b", true, true},
    {"https://github.com/a b", false, true},
    {"https://a.b/?q=1#f", true, true},
    {"https://a.b#c d", false, false},
    {"http://a.b/%zz", false, false},
    {"http://a.b/%41", true, true},
    {"http://a.b#%zz", false, false},
    {"http://%41.b", false, false},
    {"http://%c3%a9.b", false, true},
    {"http://a.b:80:81", false, false},
    {"http://a_b.c", false, true},
    {"http://a-b.c", true, true},
    {"http://a--b.c", true, true},
    {"http://a---b.c", false, true},
    {"http://-a.b", false, true},
    {"http://a-.b", false, true},
    {"http://a..b", false, true},
    {"http://a.b.", true, true},
    {"http://a.b..", false, true},
    {"http://a.b.:80/", true, true},
    {"http://.a.b", false, true},
    {"http://a.1", false, true},
    {"http://1.2.3.4", true, true},
    {"http://0.2.3.4", false, true},
    {"http://223.1.1.1", true, true},
    {"http://224.1.1.1", false, true},
    {"http://240.1.1.1", true, true},
    {"http://256.1.1.1", false, true},
    {"http://1.2.3", false, true},
    {"http://1.2.3.400", false, true},
    {"http://[::1]", true, true},
    {"http://[::1]:80/a", true, true},
    {"http://[1:2:3:4:5:6:7:8]", true, true},
    {"http://[1:2:3:4:5:6:7]", false, false},
    {"http://[1::2:3:4:5:6:7]", true, true},
    {"http://[1::2:3:4:5:6:7:8]", false, false},
    {"http://[::ffff:1.2.3.4]", true, true},
    {"http://[::ffff:0:1.2.3.4]", true, true},
    {"http://[1:2:3:4::1.2.3.4]", true, true},
    {"http://[1:2:3:4:5::1.2.3.4]", false, true},
    {"http://[1.2.3.4]", false, false},
    {"http://[fe80::1%25en0]", true, true},
    {"http://[fe80::1%en0]", false, false},
    {"http://[::1", false, false},
    {"http://::1", false, false},
    {"[::1]:80", true, false},
    {"http://u@a.b", true, true},
    {"http://u:p@a.b", true, true},
    {"http://u:p@", false, true},
    {"u@a.b", true, false},
    {"u v@a.b", false, false},
    {"/a.b", false, false},
    {"/a", false, false},
    {"a/b", false, false},
    {"//a.b", false, false},
    {"?a", false, false},
    {"#a", false, false},
    {"http://www.a", true, true},
    {"www.", true, false},
    {"www.a.b", true, false},
    {"http://\xE6\x97\xA5\xE6\x9C\xAC.jp", true, true},
    {"http://\xC2\xA0.b", false, true},
    {"http://a.b/\xC3\xA9", true, true},
    {"http://\xEF\xBF\xBF.b", true, true},
    {"http://\xF0\x9F\x98\x80.b", false, true},
    {"http://a.b\x0A", false, false},
    {"\x7F"
     "a.b",
	false, false},
    {"a:b", false, true},
    {"a:b://c", false, true},
    {":a.b", false, false},
    {"1:a.b", false, false},
    {"a+b://c", false, true},
    {"cache_object:a/b", false, false},
    {"file:///a", false, true},
    {"a b", false, false},
    {"http://a.b/\xE2\x80\xA8", true, true},
};

static void test_as_helm(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = strlen(cases[i].text);
		if (url_check_web(cases[i].text, len) != cases[i].web)
			fail_msg("'%s': expected %d for the web", cases[i].text, cases[i].web);
		if (url_check_request(cases[i].text, len) != cases[i].request)
			fail_msg(
			    "'%s': expected %d for a request", cases[i].text, cases[i].request);
	}
}

/* 2,082 characters are a URL, 2,083 are none; what counts is characters, not bytes. */
static void test_longest(void **state)
{
	char text[4096] = "http://";

	(void)state;
	memset(text + 7, 'a', 2074);
	memcpy(text + 7 + 2073, ".b", 3);
	assert_true(url_check_web(text, 2082));
	memcpy(text + 7 + 2073, "a.b", 4);
	assert_false(url_check_web(text, 2083));
	memcpy(text + 7 + 2071, "\xC3\xA9.b", 5);
	assert_int_equal(strlen(text), 2082);
	assert_true(url_check_web(text, 2082));
	memcpy(text + 7 + 2072, "\xC3\xA9.b", 5);
	assert_true(url_check_web(text, 2083));
}

static void test_length(void **state)
{
	(void)state;
	assert_false(url_check_request("http://a\0", 9));
	assert_false(url_check_web("a\0b.c", 5));
	assert_true(url_check_web("http://a.b#\0", 12)); /* Go looks for controls before "#" only */
	assert_true(url_check_web("http://a.bc d", 10));
	assert_true(url_check_web("http://\xFF.b", 10)); /* U+FFFD, as Go decodes it, is a letter */
}

static void test_parts(void **state)
{
	struct url url;

	(void)state;
	assert_true(url_parse(&url, "http://h/p%2Eq", 14, URL_REFERENCE));
	assert_true(url.has_scheme && url.has_host && url.has_path && url.has_dot_path);
	assert_false(url.has_dot_host);
	assert_true(url_parse(&url, "mailto:a", 8, URL_REQUEST));
	assert_true(url.has_scheme && !url.has_host && !url.has_path);
	assert_true(url_parse(&url, "/p", 2, URL_REQUEST));
	assert_false(url.has_scheme);
	assert_false(url_parse(&url, "p", 1, URL_REQUEST));
	assert_true(url_parse(&url, "p", 1, URL_REFERENCE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_as_helm),
	    cmocka_unit_test(test_longest),
	    cmocka_unit_test(test_length),
	    cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
