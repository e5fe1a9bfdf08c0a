#include <string.h>

#include "common/limits.h"
#include "pusher/challenge.h"
#include "tests/unit/expect.h"

static const struct {
	const char *header;
	bool basic, bearer;
	const char *realm, *service, *scope, *error; /* NULL: absent */
} good[] = {
    {"", false, false, NULL, NULL, NULL, NULL},
    {" , ,", false, false, NULL, NULL, NULL, NULL},
    {"Basic realm=\"x\"", true, false, NULL, NULL, NULL, NULL},
    /* Nexus: upper case, and a realm that is no URL. */
    {"BASIC realm=\"Sonatype Nexus Repository Manager\"", true, false, NULL, NULL, NULL, NULL},
    /* zot: lower case and unquoted. */
    {"basic realm=zot", true, false, NULL, NULL, NULL, NULL},
    {"Basic", true, false, NULL, NULL, NULL, NULL},
    {"Bearer realm=\"https://auth.example/token\",service=\"r.example\",scope=\"repository:a/"
     "b:pull,push\"",
	false, true, "https://auth.example/token", "r.example", "repository:a/b:pull,push", NULL},
    /* Any order, any letter case, blanks around "=" and ",". */
    {"bEaReR SERVICE = \"s\" ,\t ReAlM=\"r\", error=\"insufficient_scope\"", false, true, "r", "s",
	NULL, "insufficient_scope"},
    {"Bearer realm=https://auth.example/token,service=s", false, true, "https://auth.example/token",
	"s", NULL, NULL},
    {"Bearer realm=\"r\" service=\"s\"", false, true, "r", "s", NULL, NULL},
    {"Bearer realm=\"a\\\"b\\\\c, Basic\"", false, true, "a\"b\\c, Basic", NULL, NULL, NULL},
    {"Bearer realm=\"\"", false, true, "", NULL, NULL, NULL},
    /* Several challenges, in one header or joined from several. */
    {"Negotiate, Basic realm=\"x\"", true, false, NULL, NULL, NULL, NULL},
    {"Negotiate YIIabc==, Bearer realm=\"r\"", false, true, "r", NULL, NULL, NULL},
    {"Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\"",
	true, false, NULL, NULL, NULL, NULL},
    {"Basic realm=\"x\", Bearer realm=\"r\",service=\"s\"", true, true, "r", "s", NULL, NULL},
    {"Bearer realm=\"r\", Basic realm=\"x\", service=\"not of Bearer\"", true, true, "r", NULL,
	NULL, NULL},
    /* The first Bearer counts. */
    {"Bearer realm=\"one\", Bearer realm=\"two\", service=\"s\"", false, true, "one", NULL, NULL,
	NULL},
    {"Bearer", false, true, NULL, NULL, NULL, NULL},
    {"Bearerish realm=\"r\"", false, false, NULL, NULL, NULL, NULL},
    {"Digest realm=\"d\", nonce=\"Bearer realm=\\\"r\\\"\"", false, false, NULL, NULL, NULL, NULL},
};

static const char *const bad[] = {
    "Bearer realm=\"https://auth.example/token",
    "Bearer realm=\"x\\",
    "Bearer realm=\"x\\\"",
    "Bearer realm=\"a\", realm=\"b\"",
    "Bearer realm=\"a\", REALM=\"b\"",
    "realm=\"x\"",
    "=",
    "Bearer =\"x\"",
    "\"Bearer\"",
    "Bearer (x)",
    "Basic realm=\"a\" \x01",
};

static void expect_same(const char *found, const char *expected)
{
	if (expected == NULL)
		assert_null(found);
	else
		expect_text(found, expected);
}

static void test_challenges_as_registries_write_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		auto_challenge struct challenge c = CHALLENGE_INIT;
		struct error err = ERROR_INIT;

		expect_ok(challenge_parse(&c, good[i].header, &err), &err);
		assert_int_equal(c.offers_basic, good[i].basic);
		assert_int_equal(c.offers_bearer, good[i].bearer);
		expect_same(c.realm, good[i].realm);
		expect_same(c.service, good[i].service);
		expect_same(c.scope, good[i].scope);
		expect_same(c.error, good[i].error);
	}
}

static void test_row_r6_what_is_no_challenge_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_challenge struct challenge c = CHALLENGE_INIT;
		struct error err = ERROR_INIT;

		expect_refused(
		    challenge_parse(&c, bad[i], &err), &err, ERR_UNBELIEVED, "WWW-Authenticate: ");
	}
}

static void test_row_r6_the_length_has_a_limit(void **state)
{
	(void)state;
	for (size_t over = 0; over <= 1; over++) {
		auto_challenge struct challenge c = CHALLENGE_INIT;
		struct error err = ERROR_INIT;
		auto_free char *realm = mem_alloc(LIMIT_CHALLENGE_BYTES_MAX);
		int len = (int)(LIMIT_CHALLENGE_BYTES_MAX - strlen("Bearer realm=\"\"") + over);

		memset(realm, 'a', LIMIT_CHALLENGE_BYTES_MAX);
		auto_free char *header = mem_printf("Bearer realm=\"%.*s\"", len, realm);
		assert_int_equal(challenge_parse(&c, header, &err), over == 0 ? 0 : -1);
		if (over == 0)
			assert_int_equal(strlen(c.realm), len);
		else
			expect_error(&err, ERR_UNBELIEVED, "larger than 16384 bytes");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_challenges_as_registries_write_them),
	    cmocka_unit_test(test_row_r6_what_is_no_challenge_is_refused),
	    cmocka_unit_test(test_row_r6_the_length_has_a_limit),
	};

	return cmocka_run_group_tests_name("challenge", tests, NULL, NULL);
}
