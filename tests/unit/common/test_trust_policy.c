#include "common/limits.h"
#include "common/trust_policy.h"
#include "tests/unit/expect.h"

#define KEY_A "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define KEY_B "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG5"
#define SEAL "namespaces=\"seal-v1@sallyport.dev\""
#define TRUST "namespaces=\"trust-v1@sallyport.dev\""
#define A(options) "enclave " options " ssh-ed25519 " KEY_A "\n"
#define B(options) "reviewer " options " ssh-ed25519 " KEY_B "\n"

static struct trust *signers(const char *text, struct error *err)
{
	struct trust *t = mem_zalloc(1, sizeof(*t));

	if (trust_parse_allowed_signers(t, text, strlen(text), err) == 0)
		return t;
	trust_free(t);
	return NULL;
}

static void reads_signers(void **state)
{
	static const char text[] =
	    "# who may seal\n\n"
	    "enclave " SEAL " ssh-ed25519 " KEY_A " builder 2026\n"
	    "\t root-1\t" TRUST ",valid-after=\"20240102Z\",valid-before=\"203601010000Z\" "
	    "ssh-ed25519 " KEY_B;
	struct error err = ERROR_INIT;
	auto_trust struct trust *t = signers(text, &err);

	(void)state;
	if (t == NULL) {
		fail_msg("%s", err.text);
		return;
	}
	assert_int_equal(t->key_count, 2);
	expect_text(t->keys[0].principal, "enclave");
	assert_true(t->keys[0].for_seals);
	assert_true(t->keys[0].valid_after == INT64_MIN);
	assert_true(t->keys[0].valid_before == INT64_MAX);
	expect_text(t->keys[1].principal, "root-1");
	assert_false(t->keys[1].for_seals);
	assert_int_equal(t->keys[1].valid_after, 1704153600);
	assert_int_equal(t->keys[1].valid_before, 2082758400);
}

static const struct {
	const char *text;
	const char *error;
} bad_signers[] = {
    {"", "allowed_signers: no key in it"},
    {"# nothing\n\n", "no key in it"},
    {" \n", "line 1: not of the form: PRINCIPAL"},
    {" # comment\n", "line 1: not of the form"},
    {"enclave\n", "not of the form"},
    {"enclave " SEAL " ssh-ed25519\n", "not of the form"},
    {"enclave ssh-ed25519 " KEY_A "\n", "not of the form"},
    {"enclave ssh-ed25519 " KEY_A " comment\n", "option 'ssh-ed25519': not of the form"},
    {A(SEAL) "x\n", "allowed_signers: line 2: not of the form"},
    {"a,b " SEAL " ssh-ed25519 " KEY_A "\n", "principal 'a,b': one literal name"},
    {"* " SEAL " ssh-ed25519 " KEY_A "\n", "principal '*'"},
    {"!a " SEAL " ssh-ed25519 " KEY_A "\n", "principal '!a'"},
    {"\"a b\" " SEAL " ssh-ed25519 " KEY_A "\n", "principal '\"a'"},
    {"a? " SEAL " ssh-ed25519 " KEY_A "\n", "principal 'a?'"},
    {"\xC3\xBC " SEAL " ssh-ed25519 " KEY_A "\n", "one literal name"},
    {"a2345678901234567890123456789012345678901234567890123456789012345 " SEAL " ssh-ed25519 " KEY_A
     "\n",
	"not 1 to 64 characters"},
    {A("valid-after=\"20240102Z\""), "namespaces=\"...\" is missing"},
    {A("namespaces=\"\""), "namespaces must be exactly"},
    {A("namespaces=\"*\""), "namespaces must be exactly"},
    {A("namespaces=\"file\""), "namespaces must be exactly"},
    {A("namespaces=\"seal-v1@sallyport.dev,file\""), "option 'namespaces=\"seal-v1@"},
    {A("namespaces=\"SEAL-v1@sallyport.dev\""), "namespaces must be exactly"},
    {A("namespaces=seal-v1@sallyport.dev"), "not of the form name=\"value\""},
    {A("namespaces=\""), "not of the form name=\"value\""},
    {A("\""), "not of the form name=\"value\""},
    {A("\"\""), "unknown or given twice"},
    {A("Namespaces=\"seal-v1@sallyport.dev\""), "unknown or given twice"},
    {A(SEAL "," SEAL), "unknown or given twice"},
    {A(SEAL "," TRUST), "unknown or given twice"},
    {A("cert-authority," SEAL), "option 'cert-authority'"},
    {A(SEAL ",cert-authority=\"1\""), "unknown or given twice"},
    {A(SEAL ","), "option ''"},
    {A("," SEAL), "option ''"},
    {A(SEAL ",,valid-after=\"20240102Z\""), "option ''"},
    {A(SEAL ",valid-after=\"20240102\""), "not of the form YYYYMMDD[hhmm[ss]]Z"},
    {A(SEAL ",valid-after=\"\""), "not of the form YYYYMMDD"},
    {A(SEAL ",valid-before=\"20241301Z\""), "not of the form YYYYMMDD"},
    {A(SEAL ",valid-after=\"20240102Z\",valid-after=\"20240102Z\""), "given twice"},
    {A(SEAL ",valid-before=\"20240102Z\",valid-before=\"20240103Z\""), "given twice"},
    {A(SEAL ",valid-after=\"20240102Z\",valid-before=\"20240102Z\""),
	"valid-after is not before valid-before"},
    {A(SEAL ",valid-after=\"20250102Z\",valid-before=\"20240102Z\""), "is not before"},
    {"enclave " SEAL " ssh-rsa " KEY_A "\n", "this version takes ssh-ed25519 only"},
    {"enclave " SEAL " sk-ssh-ed25519@openssh.com " KEY_A "\n", "takes ssh-ed25519 only"},
    {"enclave " SEAL " ssh-ed25519 " KEY_A "\r\n", "not the base64"},
    {"enclave " SEAL " ssh-ed25519 " KEY_A "AAAA\n", "not the base64"},
    {A(SEAL) B(SEAL) "other " SEAL " ssh-ed25519 " KEY_A "\n",
	"line 3: the same key as that of 'enclave' before"},
    {A(SEAL) A(TRUST), "line 2: the same key"},
};

static void refuses_other_signers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_signers); i++) {
		struct error err = ERROR_INIT;
		auto_trust struct trust *t = signers(bad_signers[i].text, &err);

		expect_refused(t == NULL ? -1 : 0, &err, ERR_FORMAT, bad_signers[i].error);
	}
	struct error err = ERROR_INIT;
	auto_trust struct trust *t = mem_zalloc(1, sizeof(*t));
	assert_int_equal(trust_parse_allowed_signers(t, "a\0b c d e\n", 10, &err), -1);
}

static void limits_keys(void **state)
{
	(void)state;
	for (size_t over = 0; over < 2; over++) {
		struct error err = ERROR_INIT;
		auto_buf struct buf b = BUF_INIT(100000);

		for (size_t i = 0; i < LIMIT_TRUST_KEYS_MAX + over; i++) {
			struct ssh_public_key key = {{(uint8_t)i}};
			buf_printf(&b, "p%zu " SEAL " ", i);
			ssh_public_key_line(&b, &key);
			buf_putc(&b, '\n');
		}
		auto_trust struct trust *t = signers(buf_text(&b), &err);
		if (over == 0)
			expect_ok(t != NULL ? 0 : -1, &err);
		else
			expect_refused(
			    t == NULL ? -1 : 0, &err, ERR_LIMIT, "line 65: more than 64 keys");
	}
}

/* A policy over the keys of enclave and reviewer, which may seal, and root, which may not. */
static struct trust *policy(const char *text, struct error *err)
{
	struct error none = ERROR_INIT;
	static const char keys[] = A(SEAL)
	    B(SEAL) "root " TRUST " ssh-ed25519 "
		    "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG6\n";
	struct trust *t = signers(keys, &none);

	expect_ok(t != NULL ? 0 : -1, &none);
	if (trust_parse_policy(t, text, strlen(text), err) == 0)
		return t;
	trust_free(t);
	return NULL;
}

static void reads_policies(void **state)
{
	static const char text[] =
	    "{\"version\":1,\"seal\":{\"threshold\":2,\"signers\":[\"enclave\",\"reviewer\"]},"
	    "\"origins\":{\"plant-a\":[\"enclave\"],\"plant-b\":[\"reviewer\",\"enclave\"]},"
	    "\"destinations\":[\"Registry.Example:443/charts/\",\"docker.io\"]}";
	struct error err = ERROR_INIT;
	auto_trust struct trust *t = policy(text, &err);
	auto_trust struct trust *least =
	    policy("{\"version\":1,\"seal\":{\"threshold\":1,\"signers\":[\"reviewer\"]}}", &err);

	(void)state;
	expect_ok(t != NULL && least != NULL ? 0 : -1, &err);
	assert_int_equal(t->threshold, 2);
	assert_int_equal(t->signer_count, 2);
	assert_true(t->has_origins);
	assert_int_equal(t->origin_count, 2);
	assert_int_equal(t->destination_count, 2);
	expect_text(t->destinations[0].host, "registry.example");
	assert_int_equal(t->destinations[0].port, 443);
	expect_text(t->destinations[0].prefix, "charts");
	assert_false(least->has_origins);
	assert_int_equal(least->destination_count, 0);
}

#define GOOD_SEAL "\"seal\":{\"threshold\":1,\"signers\":[\"enclave\"]}"
#define P(more) "{\"version\":1," GOOD_SEAL more "}"
#define S(seal) "{\"version\":1,\"seal\":" seal "}"

static const struct {
	const char *text;
	const char *error;
} bad_policies[] = {
    {"", "policy.json: JSON: line 1"},
    {"[]", "policy.json: JSON: not an object"},
    {"{}", "policy.json: member 'version' is missing"},
    {"{\"version\":2," GOOD_SEAL "}", "version is not 1"},
    {"{\"version\":0," GOOD_SEAL "}", "version is not 1"},
    {"{\"version\":\"1\"," GOOD_SEAL "}", "'version' is not an integer"},
    {"{\"version\":1}", "'seal' is missing"},
    {P(",\"revoked_key\":[]"), "this version does not enforce all of it: unknown member"},
    {P(",\"trust\":{}"), "unknown member 'trust'"},
    {P(",\"requireSequence\":false"), "unknown member 'requireSequence'"},
    {P(",\"release\":{}"), "unknown member 'release'"},
    {P(",\"Origins\":{}"), "unknown member 'Origins'"},
    {P(",\"seal\":{}"), "duplicate object key"},
    {S("[]"), "'seal' is not an object"},
    {S("{\"threshold\":1}"), "seal: member 'signers' is missing"},
    {S("{\"signers\":[\"enclave\"]}"), "seal: member 'threshold' is missing"},
    {S("{\"threshold\":1,\"signers\":\"enclave\"}"), "seal: member 'signers' is not an array"},
    {S("{\"threshold\":1,\"signers\":[\"enclave\"],\"namespace\":\"x\"}"), "seal: unknown member"},
    {S("{\"threshold\":1,\"signers\":[]}"), "seal.signers: not a list of 1 to 64 principals"},
    {S("{\"threshold\":1,\"signers\":[7]}"), "seal.signers: element 0 is not a string"},
    {S("{\"threshold\":1,\"signers\":[\"nobody\"]}"),
	"seal.signers: 'nobody' has no key for seal-v1@sallyport.dev in allowed_signers"},
    {S("{\"threshold\":1,\"signers\":[\"root\"]}"), "seal.signers: 'root' has no key for seal-v1"},
    {S("{\"threshold\":1,\"signers\":[\"enclave\",\"enclave\"]}"), "'enclave' stands there twice"},
    {S("{\"threshold\":0,\"signers\":[\"enclave\"]}"), "seal.threshold is not 1 to"},
    {S("{\"threshold\":2,\"signers\":[\"enclave\"]}"), "the number of signers (1)"},
    {S("{\"threshold\":4294967297,\"signers\":[\"enclave\"]}"), "seal.threshold is not 1"},
    {S("{\"threshold\":-1,\"signers\":[\"enclave\"]}"), "'threshold' is negative"},
    {S("{\"threshold\":1.0,\"signers\":[\"enclave\"]}"), "'threshold' is not an integer"},
    {S("{\"threshold\":null,\"signers\":[\"enclave\"]}"), "'threshold' is not an integer"},
    {P(",\"origins\":[]"), "'origins' is not an object"},
    {P(",\"origins\":{}"), "origins is empty: nothing could be accepted"},
    {P(",\"origins\":{\"a\":[]}"), "origins.a: not a list of 1 to 64"},
    {P(",\"origins\":{\"a\":\"enclave\"}"), "origins.a: not a list"},
    {P(",\"origins\":{\"A\":[\"enclave\"]}"), "origins.A: origin 'A'"},
    {P(",\"origins\":{\"a\":[\"nobody\"]}"), "origins.a: 'nobody' has no key"},
    {P(",\"origins\":{\"a\":[\"reviewer\"]}"), "'reviewer' is not one of seal.signers"},
    {P(",\"origins\":{\"a\":[\"enclave\",\"enclave\"]}"), "stands there twice"},
    {P(",\"destinations\":{}"), "'destinations' is not an array"},
    {P(",\"destinations\":[]"), "destinations is empty: nothing could be accepted"},
    {P(",\"destinations\":[1]"), "destinations: element 0 is not a string"},
    {P(",\"destinations\":[\"a.example\",\"https://a.example\"]"), "without the scheme"},
    {P(",\"destinations\":[\"\"]"), "destinations: ''"},
};

static void refuses_other_policies(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_policies); i++) {
		struct error err = ERROR_INIT;
		auto_trust struct trust *t = policy(bad_policies[i].text, &err);

		expect_refused(t == NULL ? -1 : 0, &err, ERR_FORMAT, bad_policies[i].error);
		assert_memory_equal(err.text, "policy.json: ", strlen("policy.json: "));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_signers),
	    cmocka_unit_test(refuses_other_signers),
	    cmocka_unit_test(limits_keys),
	    cmocka_unit_test(reads_policies),
	    cmocka_unit_test(refuses_other_policies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
