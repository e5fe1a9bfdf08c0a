/* Expected results are those of Masterminds/semver v3.5.0. */
#include <inttypes.h>

#include "builder/semver.h"
#include "tests/unit/expect.h"

static const struct {
	const char *text;
	const char *parts; /* NULL: refused */
	bool strict;       /* taken by the strict rules too */
} cases[] = {
    {"1", "1.0.0", false},
    {"1.2", "1.2.0", false},
    {"1.2.3", "1.2.3", true},
    {"v1.2.3", "1.2.3", false},
    {"V1.2.3", NULL, false},
    {"v1", "1.0.0", false},
    {"vv1", NULL, false},
    {"01.2.3", "1.2.3", false},
    {"1.02.3", "1.2.3", false},
    {"1.2.03", "1.2.3", false},
    {"00", "0.0.0", false},
    {"0.0.0", "0.0.0", true},
    {"1.2.3.4", NULL, false},
    {"1.2.3-", NULL, false},
    {"1.2.3+", NULL, false},
    {"1.2.3-a", "1.2.3-a", true},
    {"1.2.3-a.b.c", "1.2.3-a.b.c", true},
    {"1.2.3-a_b", NULL, false},
    {"1.2.3-a..b", NULL, false},
    {"1.2.3-.a", NULL, false},
    {"1.2.3-a.", NULL, false},
    {"1.2.3-01", NULL, false},
    {"1.2.3-0", "1.2.3-0", true},
    {"1.2.3-00a", "1.2.3-00a", true},
    {"1.2.3-0a", "1.2.3-0a", true},
    {"1.2.3-1.02", NULL, false},
    {"1.2.3-1.0", "1.2.3-1.0", true},
    {"1.2.3+01", "1.2.3+01", true},
    {"1.2.3+a.b", "1.2.3+a.b", true},
    {"1.2.3+a..b", NULL, false},
    {"1.2.3+a+b", NULL, false},
    {"1.2.3-a+b", "1.2.3-a+b", true},
    {"1.2.3-a+b-c", "1.2.3-a+b-c", true},
    {"1.2.3+b-a", "1.2.3+b-a", true},
    {"1-a", "1.0.0-a", false},
    {"1+a", "1.0.0+a", false},
    {"1.2-a", "1.2.0-a", false},
    {"1.2+a", "1.2.0+a", false},
    {"1.2.3--", "1.2.3--", true},
    {"1.2.3---a.-", "1.2.3---a.-", true},
    {"1.2.3-a-b", "1.2.3-a-b", true},
    {"v", NULL, false},
    {"", NULL, false},
    {".", NULL, false},
    {"1.", NULL, false},
    {"1..2", NULL, false},
    {".1", NULL, false},
    {"1.2.", NULL, false},
    {"1.x", NULL, false},
    {"x", NULL, false},
    {"*", NULL, false},
    {"-1", NULL, false},
    {"1.-2", NULL, false},
    {"1.2.-3", NULL, false},
    {" 1.2.3", NULL, false},
    {"1.2.3 ", NULL, false},
    {"1.2.3\n", NULL, false},
    {"1,2", NULL, false},
    {"1.2.3-é", NULL, false},
    {"１.2.3", NULL, false},
    {"18446744073709551615.0.0", "18446744073709551615.0.0", true},
    {"18446744073709551616.0.0", NULL, false},
    {"0.18446744073709551616.0", NULL, false},
    {"0.0.18446744073709551615", "0.0.18446744073709551615", true},
    {"0.0.99999999999999999999999", NULL, false},
    {"1.2.3-99999999999999999999999", "1.2.3-99999999999999999999999", true},
    {"v1.2.3-alpha.1+build.5", "1.2.3-alpha.1+build.5", false},
    {"1.2.3-alpha+", NULL, false},
    {"v1.2-beta", "1.2.0-beta", false},
    {"1.0.0-x.7.z.92", "1.0.0-x.7.z.92", true},
    {"1.0.0+20130313144700", "1.0.0+20130313144700", true},
    {"1.0.0-beta+exp.sha.5114f85", "1.0.0-beta+exp.sha.5114f85", true},
    {"1_0", NULL, false},
    {"1e5", NULL, false},
    {"0x1", NULL, false},
    {"+1", NULL, false},
    {"1.2.3-a b", NULL, false},
    {"1.2.3-a/b", NULL, false},
};

/* Each before all that follow it. */
static const char *const ordered[] = {
    "0.0.0-0",
    "0.0.0-1",
    "0.0.0-9",
    "0.0.0-10",
    "0.0.0-10.0",
    "0.0.0-10.a",
    "0.0.0-18446744073709551615",
    "0.0.0--",
    "0.0.0--1",
    "0.0.0-18446744073709551616",
    "0.0.0-9999999999999999999999",
    "0.0.0-A",
    "0.0.0-Z.9",
    "0.0.0-a",
    "0.0.0-a.1",
    "0.0.0-a.1.0",
    "0.0.0-a.b",
    "0.0.0-a-b",
    "0.0.0-b",
    "0.0.0",
    "0.0.1-rc",
    "0.0.1",
    "0.1.0",
    "0.2.0",
    "0.10.0",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.10",
    "1.2.0",
    "2.0.0",
    "10.0.0",
    "18446744073709551615.0.0",
};

static const char *const equal[][2] = {
    {"1", "1.0.0"},
    {"v1.2", "1.2.0"},
    {"1.2.3+a", "1.2.3+b"},
    {"01.002.0003", "1.2.3"},
    {"1.2.3-a+x", "1.2.3-a"},
};

static const struct {
	const char *text;
	const char *loose; /* NULL: taken */
	const char *strict;
} reasons[] = {
    {"", "a number is missing", "a number is missing"},
    {"1.2", NULL, "it needs three numbers"},
    {"v1.2.3", NULL, "a number is missing"},
    {"1.02.3", NULL, "a number begins with 0"},
    {"18446744073709551616", "a number does not fit 64 bits", "a number does not fit 64 bits"},
    {"1.2.3-01", "in the pre-release begins with 0", "in the pre-release begins with 0"},
    {"1.2.3-a_b", "something follows", "something follows"},
    {"1.2.3+a..b", "an identifier is empty", "an identifier is empty"},
    {"1.2.3.4", "'1.2.3.4' is not a semantic version", "is not a strict semantic version"},
};

static void print(char *out, size_t size, const struct semver *v)
{
	(void)snprintf(out, size, "%" PRIu64 ".%" PRIu64 ".%" PRIu64 "%s%s%s%s", v->major, v->minor,
	    v->patch, v->prerelease[0] != '\0' ? "-" : "", v->prerelease,
	    v->metadata[0] != '\0' ? "+" : "", v->metadata);
}

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		struct semver v;
		char parts[600];
		int result = semver_parse(&v, cases[i].text, strlen(cases[i].text), &err);
		if ((result == 0) != (cases[i].parts != NULL))
			fail_msg("'%s': %d", cases[i].text, result);
		if (result == 0) {
			print(parts, sizeof(parts), &v);
			expect_text(parts, cases[i].parts);
		} else {
			assert_int_equal(err.code, ERR_FORMAT);
		}
		result = semver_parse_strict(&v, cases[i].text, strlen(cases[i].text), &err);
		if ((result == 0) != cases[i].strict)
			fail_msg("'%s', strict: %d", cases[i].text, result);
	}
}

static void expect_reason(int result, const struct error *err, const char *reason)
{
	if (reason == NULL)
		expect_ok(result, err);
	else
		expect_refused(result, err, ERR_FORMAT, reason);
}

static void test_reasons(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		const char *text = reasons[i].text;
		struct error err = ERROR_INIT;
		struct semver v;
		expect_reason(semver_parse(&v, text, strlen(text), &err), &err, reasons[i].loose);
		expect_reason(
		    semver_parse_strict(&v, text, strlen(text), &err), &err, reasons[i].strict);
	}
}

static void test_length(void **state)
{
	struct error err = ERROR_INIT;
	struct semver v;
	char text[258] = "1.2.3-";

	(void)state;
	memset(text + 6, 'a', sizeof(text) - 6);
	expect_ok(semver_parse(&v, text, 256, &err), &err);
	assert_int_equal(strlen(v.prerelease), 250);
	expect_ok(semver_parse_strict(&v, text, 256, &err), &err);
	expect_refused(semver_parse(&v, text, 257, &err), &err, ERR_LIMIT, "more than 256 bytes");
	expect_refused(
	    semver_parse_strict(&v, text, 257, &err), &err, ERR_LIMIT, "more than 256 bytes");
	memset(text, '0', sizeof(text));
	expect_ok(semver_parse(&v, text, 256, &err), &err);
}

static void test_bytes(void **state)
{
	struct error err = ERROR_INIT;
	struct semver v;

	(void)state;
	assert_int_equal(semver_parse(&v, "1.2.3\0", 6, &err), -1);
	assert_int_equal(semver_parse(&v, "1.2.3-a\0b", 9, &err), -1);
	expect_ok(semver_parse(&v, "1.2.3xyz", 5, &err), &err);
	assert_int_equal(semver_parse(&v, NULL, 0, &err), -1);
}

static struct semver version(const char *text)
{
	struct error err = ERROR_INIT;
	struct semver v;

	expect_ok(semver_parse(&v, text, strlen(text), &err), &err);
	return v;
}

static void test_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ordered); i++) {
		struct semver a = version(ordered[i]);
		assert_int_equal(semver_compare(&a, &a), 0);
		for (size_t k = i + 1; k < ARRAY_SIZE(ordered); k++) {
			struct semver b = version(ordered[k]);
			if (semver_compare(&a, &b) >= 0 || semver_compare(&b, &a) <= 0)
				fail_msg("'%s' is not below '%s'", ordered[i], ordered[k]);
		}
	}
}

static void test_equal(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(equal); i++) {
		struct semver a = version(equal[i][0]);
		struct semver b = version(equal[i][1]);
		assert_int_equal(semver_compare(&a, &b), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse),
	    cmocka_unit_test(test_reasons),
	    cmocka_unit_test(test_length),
	    cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests_name("semver", tests, NULL, NULL);
}
