#include "common/limits.h"
#include "common/trust_policy.h"
#include "common/trust_signers.h"
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
    {"enclave " SEAL " ssh-rsa " KEY_A "\n",
	"only ssh-ed25519 and sk-ssh-ed25519@openssh.com are taken"},
    {"enclave " SEAL " sk-ssh-ed25519@openssh.com " KEY_A "\n", "not an sk-ssh-ed25519"},
    {"enclave " SEAL " ssh-ed25519 " KEY_A "\r\n", "not the base64"},
    {"enclave " SEAL " ssh-ed25519 " KEY_A "AAAA\n", "public key inside the base64"},
    {A(SEAL) B(SEAL) "other " SEAL " ssh-ed25519 " KEY_A "\n",
	"line 3: the same key as that of 'enclave' before"},
    {A(SEAL) A(TRUST), "line 2: the same key"},
};

static void row_s6_and_row_s15_refuses_other_signers(void **state)
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
			struct ssh_public_key key = {.ed25519 = {(uint8_t)i}};
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

/* The key of enclave with another first byte; A6 is its own. */
#define PEM(first)                                                                                 \
	"-----BEGIN PUBLIC KEY-----\n"                                                             \
	"MCowBQYDK2VwAyEA" first "EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\n"                    \
	"-----END PUBLIC KEY-----\n"

static struct trust_file file(const char *name, const char *text)
{
	struct trust_file f = {.name = (char *)(uintptr_t)name, .content = BUF_INIT(100000)};

	buf_puts(&f.content, text);
	return f;
}

/* A policy over the keys of enclave and reviewer, which may seal, and root, which may not, with
 * these *.pub files beside it; the key of c.pub is revoked. */
static struct trust *policy_with(const char *text, const char *const *names, struct error *err)
{
	static const char keys[] = A(SEAL)
	    B(SEAL) "root " TRUST " ssh-ed25519 "
		    "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG6\n";
	static const char revoked[] =
	    "ssh-ed25519 "
	    "AAAAC3NzaC1lZDI1NTE5AAAAIAyhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\n";
	struct trust_file items[8] = {file("policy.json", text)};
	struct trust_files files = {.items = items, .count = 1};
	struct error none = ERROR_INIT;
	auto_trust struct trust *t = signers(keys, &none);

	expect_ok(t != NULL ? 0 : -1, &none);
	expect_ok(trust_parse_revoked_keys(t, revoked, strlen(revoked), &none), &none);
	for (size_t i = 0; i < 6 && names[i] != NULL; i++) {
		const char *pem = strcmp(names[i], "a.pub") == 0      ? PEM("C6")
				  : strcmp(names[i], "b.pub") == 0    ? PEM("D6")
				  : strcmp(names[i], "c.pub") == 0    ? PEM("DK")
				  : strcmp(names[i], "seal.pub") == 0 ? PEM("A6")
								      : "";
		items[files.count++] = file(names[i], pem);
	}
	int result = trust_parse_policy(t, &files, err);
	for (size_t i = 0; i < files.count; i++)
		buf_release(&items[i].content);
	return result == 0 ? steal_ptr(&t) : NULL;
}

static struct trust *policy(const char *text, struct error *err)
{
	static const char *const none[] = {NULL};

	return policy_with(text, none, err);
}

static void reads_policies(void **state)
{
	static const char text[] =
	    "{\"version\":1,\"seal\":{\"threshold\":2,\"signers\":[\"enclave\",\"reviewer\"]},"
	    "\"origins\":{\"plant-a\":[\"enclave\"],\"plant-b\":[\"reviewer\",\"enclave\"]},"
	    "\"destinations\":[\"Registry.Example:443/charts/\",\"docker.io\"],"
	    "\"trust\":{\"serial\":7,\"expires\":\"2027-03-01T00:00:00Z\",\"threshold\":1,"
	    "\"signers\":[\"root\"]},"
	    "\"requireDestination\":true,\"requireSequence\":true,\"requirePrevious\":true,"
	    "\"requireNotAfter\":true,\"allowMap\":true,"
	    "\"minSequence\":{\"plant-a\":40},\"maxSequenceJump\":1000,"
	    "\"release\":{\"keys\":[\"b.pub\",\"c.pub\",\"a.pub\"],"
	    "\"require\":[\"legacy\",\"bundle\"]}}";
	static const char *const names[] = {"a.pub", "b.pub", "c.pub", NULL};
	struct error err = ERROR_INIT;
	auto_trust struct trust *t = policy_with(text, names, &err);
	auto_trust struct trust *least =
	    policy("{\"version\":1,\"seal\":{\"threshold\":1,\"signers\":[\"reviewer\"]}}", &err);

	(void)state;
	expect_ok(t != NULL && least != NULL ? 0 : -1, &err);
	assert_int_equal(t->seal.threshold, 2);
	assert_int_equal(t->seal.signer_count, 2);
	assert_true(t->has_origins);
	assert_int_equal(t->origin_count, 2);
	assert_int_equal(t->destination_count, 2);
	expect_text(t->destinations[0].host, "registry.example");
	assert_int_equal(t->destinations[0].port, 443);
	expect_text(t->destinations[0].prefix, "charts");
	assert_false(least->has_origins);
	assert_int_equal(least->destination_count, 0);
	assert_int_equal(t->roots.serial, 7);
	assert_true(t->roots.has_expires);
	assert_int_equal(t->roots.expires, 1803859200);
	assert_int_equal(t->roots.quorum.threshold, 1);
	expect_text(t->roots.quorum.signers[0], "root");
	assert_true(t->require_destination && t->require_sequence && t->require_previous);
	assert_true(t->require_not_after && t->allow_map);
	assert_int_equal(trust_min_sequence_of(t, "plant-a"), 40);
	assert_int_equal(trust_min_sequence_of(t, "plant-b"), 0);
	assert_int_equal(t->max_sequence_jump, 1000);
	/* In the policy's order, without the one that is revoked. */
	assert_int_equal(t->release.key_count, 2);
	assert_int_equal(t->release.keys[0][0], 0x0F);
	assert_int_equal(t->release.keys[1][0], 0x0B);
	assert_true(t->release.require_bundle && t->release.require_legacy);
	assert_int_equal(least->roots.quorum.threshold, 0);
	assert_false(least->require_destination || least->require_sequence);
	assert_false(least->require_previous || least->require_not_after || least->allow_map);
	assert_true(least->max_sequence_jump == INT64_MAX);
	assert_int_equal(least->release.key_count, 0);
}

#define GOOD_SEAL "\"seal\":{\"threshold\":1,\"signers\":[\"enclave\"]}"
#define P(more) "{\"version\":1," GOOD_SEAL more "}"
#define T(more) P(",\"trust\":{" more ",\"threshold\":1,\"signers\":[\"root\"]}")
#define R(keys, forms) P(",\"release\":{\"keys\":[" keys "],\"require\":[" forms "]}")
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
    {P(",\"requireSequences\":true"), "unknown member 'requireSequences'"},
    {P(",\"Trust\":{}"), "unknown member 'Trust'"},
    {P(",\"requireSequence\":1"), "'requireSequence' is not true or false"},
    {P(",\"requirePrevious\":null"), "'requirePrevious' is not true or false"},
    {P(",\"requireNotAfter\":\"true\""), "'requireNotAfter' is not true or false"},
    {P(",\"requireDestination\":[]"), "'requireDestination' is not true or false"},
    {P(",\"allowMap\":{}"), "'allowMap' is not true or false"},
    /* the sequence */
    {P(",\"maxSequenceJump\":0"), "maxSequenceJump is not a number of 1 to 2^63-1"},
    {P(",\"maxSequenceJump\":-1"), "'maxSequenceJump' is negative"},
    {P(",\"maxSequenceJump\":1.0"), "'maxSequenceJump' is not an integer"},
    {P(",\"maxSequenceJump\":9223372036854775808"), "too big integer"},
    {P(",\"minSequence\":40"), "'minSequence' is not an object"},
    {P(",\"minSequence\":{\"a\":0}"), "minSequence is not a number of 1 to 2^63-1"},
    {P(",\"minSequence\":{\"a\":-1}"), "minSequence is not a number"},
    {P(",\"minSequence\":{\"a\":\"40\"}"), "minSequence is not a number"},
    {P(",\"minSequence\":{\"A\":40}"), "minSequence: origin 'A'"},
    {P(",\"origins\":{\"plant-a\":[\"enclave\"]},\"minSequence\":{\"plant_a\":40}"),
	"minSequence: 'plant_a' is not one of origins"},
    /* roots */
    {P(",\"trust\":[]"), "'trust' is not an object"},
    {P(",\"trust\":{}"), "trust: member 'serial' is missing"},
    {T("\"serial\":0"), "trust.serial is not 1 or more"},
    {T("\"serial\":-1"), "'serial' is negative"},
    {T("\"serial\":1,\"expires\":\"2027-03-01\""), "trust: time '2027-03-01'"},
    {T("\"serial\":1,\"expires\":1803859200"), "trust: member 'expires' is not a string"},
    {T("\"serial\":1,\"expired\":\"\""), "trust: unknown member 'expired'"},
    {P(",\"trust\":{\"serial\":1,\"threshold\":1}"), "trust: member 'signers' is missing"},
    {P(",\"trust\":{\"serial\":1,\"threshold\":2,\"signers\":[\"root\"]}"),
	"trust.threshold is not 1 to the number of signers (1)"},
    {P(",\"trust\":{\"serial\":1,\"threshold\":1,\"signers\":[\"enclave\"]}"),
	"trust.signers: 'enclave' has no key for trust-v1@sallyport.dev"},
    /* release keys, where no file is */
    {P(",\"release\":[]"), "'release' is not an object"},
    {P(",\"release\":{}"), "release: member 'keys' is missing"},
    {P(",\"release\":{\"keys\":[\"a.pub\"]}"), "release: member 'require' is missing"},
    {P(",\"release\":{\"keys\":[],\"require\":[\"bundle\"]}"), "not a list of 1 to 64 files"},
    {R("\"a.pub\"", "\"bundle\""), "release.keys: 'a.pub': missing"},
    {R("7", "\"bundle\""), "release.keys: element 0 is not a string"},
    {R("\"a.pub\"", "\"bundle\"],\"keyring\":[1"), "release: unknown member 'keyring'"},
    {R("\"policy.json\"", "\"bundle\""), "'policy.json': not the name of a file *.pub"},
    {R("\"../a.pub\"", "\"bundle\""), "'../a.pub': not the name of a file *.pub"},
    {R("\".pub\"", "\"bundle\""), "'.pub': not the name of a file *.pub"},
    {R("\".a.pub\"", "\"bundle\""), "'.a.pub': not the name of a file *.pub"},
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

static void row_s7_and_row_s15_refuses_other_policies(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_policies); i++) {
		struct error err = ERROR_INIT;
		auto_trust struct trust *t = policy(bad_policies[i].text, &err);

		expect_refused(t == NULL ? -1 : 0, &err, ERR_FORMAT, bad_policies[i].error);
		assert_memory_equal(err.text, "policy.json: ", strlen("policy.json: "));
	}
}

static const struct {
	const char *text;
	const char *names[4];
	const char *error; /* NULL: accepted */
} release_policies[] = {
    {R("\"a.pub\"", "\"bundle\""), {"a.pub"}, NULL},
    {R("\"a.pub\",\"c.pub\"", "\"legacy\""), {"a.pub", "c.pub"}, NULL},
    {R("\"a.pub\"", "\"bundle\""), {"a.pub", "b.pub"}, "'b.pub' is there and has no meaning"},
    {P(""), {"a.pub"}, "'a.pub' is there and has no meaning"},
    {P(""), {"revoked_key"}, "'revoked_key' is there and has no meaning"},
    {R("\"a.pub\",\"a.pub\"", "\"bundle\""), {"a.pub"}, "the same key as another file's"},
    {R("\"a.pub\"", ""), {"a.pub"}, "release.require is empty"},
    {R("\"a.pub\"", "\"bundles\""), {"a.pub"}, "element 0 is not \"bundle\" or \"legacy\""},
    {R("\"a.pub\"", "\"bundle\",\"bundle\""), {"a.pub"}, "release.require: element 1"},
    {R("\"a.pub\"", "1"), {"a.pub"}, "release.require: element 0"},
    {R("\"c.pub\"", "\"bundle\""), {"c.pub"}, "release.keys: every one is revoked"},
    {R("\"seal.pub\"", "\"bundle\""), {"seal.pub"},
	"'seal.pub': the key of 'enclave' in allowed_signers; a key has one role"},
    {R("\"x.pub\"", "\"bundle\""), {"x.pub"}, "'x.pub': not a public key in PEM"},
};

static void release_keys_are_files_that_are_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(release_policies); i++) {
		struct error err = ERROR_INIT;
		auto_trust struct trust *t =
		    policy_with(release_policies[i].text, release_policies[i].names, &err);

		if (release_policies[i].error == NULL)
			expect_ok(t != NULL ? 0 : -1, &err);
		else
			expect_refused(
			    t == NULL ? -1 : 0, &err, ERR_FORMAT, release_policies[i].error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_signers),
	    cmocka_unit_test(row_s6_and_row_s15_refuses_other_signers),
	    cmocka_unit_test(limits_keys),
	    cmocka_unit_test(reads_policies),
	    cmocka_unit_test(row_s7_and_row_s15_refuses_other_policies),
	    cmocka_unit_test(release_keys_are_files_that_are_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
