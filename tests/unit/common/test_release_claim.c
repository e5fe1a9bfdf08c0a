#include "common/base64.h"
#include "common/limits.h"
#include "tests/unit/common/release_fixture.h"

#define HEX "75c1cf13a04f7a9a4a2e85aec8e10690cf7b17e52214161752f7b4639293ada9"

static const struct release_claim demo = {.name = "demo",
    .version = "1.2.3",
    .docker_reference = "registry.example/charts/demo:1.2.3",
    .source = NULL};

static struct release_claim demo_claim(void)
{
	struct release_claim claim = demo;

	assert_true(digest_parse_hex(&claim.digest, HEX, strlen(HEX)));
	return claim;
}

/* What other programs signed with this key: reference signing.md 9. */
static void vectors_of_openssl_hold(void **state)
{
	static const struct {
		enum release_form form;
		const char *content;
		size_t len;
		const char *signature;
	} vectors[] = {
	    {RELEASE_BUNDLE, "{}", 2,
		"dWG98CPWh3lAzt/mxzJ7Nc6Avgf2tjap4msM5gNmMV9Lpu+TWkZMk3lP/"
		"u6Su450zcqkLQw21MTZfwU07XgjCw=="},
	    {RELEASE_LEGACY,
		"{\"critical\":{\"identity\":{\"docker-reference\":"
		"\"registry.example/charts/demo:1.2.3\"},\"image\":{\"docker-manifest-digest\":"
		"\"sha256:" HEX "\"},\"type\":\"cosign container image signature\"},"
		"\"optional\":{\"creator\":\"builder 1.0\",\"version\":\"1.2.3\"}}",
		289,
		"6iz7hPxF5OhRBaJ+9h4y3VXPddtZFOl0GPII/"
		"1Ac5Ct5SEhOwnUjEDDSUscLtR2BvGOTbi8HUiH1Xdry28qtAw=="},
	    {RELEASE_BUNDLE,
		"{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"digest\":{"
		"\"sha256\":\"" HEX "\"},\"annotations\":{\"version\":\"1.2.3\"}}],"
		"\"predicateType\":\"https://sigstore.dev/cosign/sign/v1\",\"predicate\":{}}",
		247,
		"Jo2BrQoc/hzwpwUf4FHBBRNDMrf0KfQYmV0C1AH2vmOS/"
		"08URUfVI705hiaAz6Pl9X8tbCGlVgsOyzE+ngbzDQ=="},
	};
	uint8_t key[ED25519_PUBLIC_BYTES];
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	(void)state;
	release_key(key, secret, 0);
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		const char *content = vectors[i].content;
		uint8_t signature[ED25519_SIGNATURE_BYTES];
		uint8_t made[ED25519_SIGNATURE_BYTES];
		size_t len;

		assert_int_equal(strlen(content), vectors[i].len);
		assert_true(base64_parse(signature, sizeof(signature), vectors[i].signature,
		    strlen(vectors[i].signature), NULL, &len));
		release_sign(made, vectors[i].form, content, vectors[i].len, 0);
		assert_memory_equal(made, signature, sizeof(made));
		assert_true(
		    release_verify(vectors[i].form, content, vectors[i].len, signature, key));
		/* A signature in one form is none in the other. */
		assert_false(release_verify(
		    vectors[i].form == RELEASE_BUNDLE ? RELEASE_LEGACY : RELEASE_BUNDLE, content,
		    vectors[i].len, signature, key));
		assert_false(
		    release_verify(vectors[i].form, content, vectors[i].len - 1, signature, key));
	}
}

/* Ed25519ph over "abc\n": what cosign's own signing makes of such a key. */
static void row_s5_prehashed_signatures_do_not_hold(void **state)
{
	static const char base64[] = "VCsTKewlS8gL7350T5pnhnHq+"
				     "t61Vlr3EYFXhsStienSASjvCUSuudW8/"
				     "2XCdJrzreb00z/DoUKuu9HtCRFoBw==";
	uint8_t key[ED25519_PUBLIC_BYTES];
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	uint8_t signature[ED25519_SIGNATURE_BYTES];
	crypto_sign_ed25519ph_state ph;
	size_t len;

	(void)state;
	release_key(key, secret, 0);
	assert_true(
	    base64_parse(signature, sizeof(signature), base64, sizeof(base64) - 1, NULL, &len));
	(void)crypto_sign_ed25519ph_init(&ph);
	(void)crypto_sign_ed25519ph_update(&ph, (const unsigned char *)"abc\n", 4);
	assert_int_equal(crypto_sign_ed25519ph_final_verify(&ph, signature, key), 0);
	for (int form = 0; form < RELEASE_FORM_COUNT; form++)
		assert_false(release_verify((enum release_form)form, "abc\n", 4, signature, key));
}

static void every_bit_counts(void **state)
{
	struct release_claim claim = demo_claim();
	uint8_t key[ED25519_PUBLIC_BYTES];
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	(void)state;
	release_key(key, secret, 0);
	for (int f = 0; f < RELEASE_FORM_COUNT; f++) {
		enum release_form form = (enum release_form)f;
		auto_buf struct buf content = BUF_INIT(10000);
		uint8_t signature[ED25519_SIGNATURE_BYTES];

		release_claim_write(&content, &claim, form);
		release_sign(signature, form, content.data, content.len, 0);
		for (size_t bit = 0; bit < content.len * 8; bit++) {
			content.data[bit / 8] ^= (char)(1 << bit % 8);
			assert_false(
			    release_verify(form, content.data, content.len, signature, key));
			content.data[bit / 8] ^= (char)(1 << bit % 8);
		}
		for (size_t bit = 0; bit < sizeof(signature) * 8; bit++) {
			signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_false(
			    release_verify(form, content.data, content.len, signature, key));
			signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_true(release_verify(form, content.data, content.len, signature, key));
	}
}

static void writes_what_it_reads(void **state)
{
	static const char *const expected[] = {
	    [RELEASE_BUNDLE] =
		"{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"digest\":{"
		"\"sha256\":\"" HEX "\"},\"annotations\":{\"name\":\"demo\",\"version\":\"1.2.3\"}}"
		"],\"predicateType\":\"https://sigstore.dev/cosign/sign/v1\",\"predicate\":{}}",
	    [RELEASE_LEGACY] =
		"{\"critical\":{\"identity\":{\"docker-reference\":"
		"\"registry.example/charts/demo:1.2.3\"},\"image\":{\"docker-manifest-digest\":"
		"\"sha256:" HEX "\"},\"type\":\"cosign container image signature\"},"
		"\"optional\":{\"name\":\"demo\",\"version\":\"1.2.3\"}}",
	};
	struct release_claim claim = demo_claim();

	(void)state;
	for (int f = 0; f < RELEASE_FORM_COUNT; f++) {
		enum release_form form = (enum release_form)f;
		auto_buf struct buf content = BUF_INIT(10000);
		auto_release_claim struct release_claim found = RELEASE_CLAIM_INIT;
		struct error err = ERROR_INIT;

		release_claim_write(&content, &claim, form);
		expect_text(buf_text(&content), expected[f]);
		expect_ok(release_claim_parse(&found, form, content.data, content.len, &err), &err);
		assert_true(digest_equal(&found.digest, &claim.digest));
		expect_text(found.name, "demo");
		expect_text(found.version, "1.2.3");
		expect_text(found.docker_reference,
		    form == RELEASE_LEGACY ? "registry.example/charts/demo:1.2.3" : "");
	}
}

#define SUBJECT(members)                                                                           \
	"{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[" members "]," TAIL
#define TAIL "\"predicateType\":\"https://sigstore.dev/cosign/sign/v1\",\"predicate\":{}}"
#define DIGEST "\"digest\":{\"sha256\":\"" HEX "\"}"
#define CRITICAL(members) "{\"critical\":{" members "},\"optional\":null}"
#define IDENTITY "\"identity\":{\"docker-reference\":\"\"}"
#define IMAGE "\"image\":{\"docker-manifest-digest\":\"sha256:" HEX "\"}"
#define TYPE "\"type\":\"cosign container image signature\""

/* Nothing is bound where nothing is said; that is for the judge. */
static void names_may_be_absent(void **state)
{
	static const struct {
		enum release_form form;
		const char *text;
	} cases[] = {
	    {RELEASE_BUNDLE, SUBJECT("{" DIGEST "}")},
	    {RELEASE_BUNDLE, SUBJECT("{" DIGEST ",\"annotations\":{\"other\":\"x\"}}")},
	    {RELEASE_LEGACY, CRITICAL(IDENTITY "," IMAGE "," TYPE)},
	    {RELEASE_LEGACY,
		"{\"optional\":{\"other\":1},\"critical\":{" TYPE "," IMAGE "," IDENTITY "}}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_release_claim struct release_claim found = RELEASE_CLAIM_INIT;
		struct error err = ERROR_INIT;

		expect_ok(release_claim_parse(
			      &found, cases[i].form, cases[i].text, strlen(cases[i].text), &err),
		    &err);
		assert_null(found.name);
		assert_null(found.version);
	}
}

static const struct {
	enum release_form form;
	const char *text;
	const char *error;
} refused[] = {
    {RELEASE_BUNDLE, "", "JSON"},
    {RELEASE_BUNDLE, "[]", "not an object"},
    {RELEASE_BUNDLE, "{}", "'_type' is missing"},
    {RELEASE_BUNDLE, "{\"_type\":\"https://in-toto.io/Statement/v0.1\"}", "_type 'https://in-"},
    {RELEASE_BUNDLE, "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[]}",
	"'predicateType' is missing"},
    {RELEASE_BUNDLE,
	"{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{" DIGEST "}],"
	"\"predicateType\":\"https://slsa.dev/verification_summary/v1\",\"predicate\":{}}",
	"predicateType 'https://slsa.dev/verification_summary/v1': expected"},
    {RELEASE_BUNDLE, SUBJECT(""), "subject: not a list of one object"},
    {RELEASE_BUNDLE, SUBJECT("{" DIGEST "},{" DIGEST "}"), "subject: not a list of one object"},
    {RELEASE_BUNDLE, SUBJECT("\"x\""), "subject: not a list of one object"},
    {RELEASE_BUNDLE, SUBJECT("{}"), "subject: member 'digest' is missing"},
    {RELEASE_BUNDLE, SUBJECT("{" DIGEST ",\"uri\":\"x\"}"), "uri"},
    {RELEASE_BUNDLE, SUBJECT("{\"digest\":{\"sha512\":\"x\"}}"), "digest: "},
    {RELEASE_BUNDLE, SUBJECT("{\"digest\":{}}"), "'sha256' is missing"},
    {RELEASE_BUNDLE, SUBJECT("{\"digest\":{\"sha256\":\"sha256:" HEX "\"}}"),
	"not 64 lower-case hex digits"},
    {RELEASE_BUNDLE, SUBJECT("{" DIGEST ",\"annotations\":{\"name\":1}}"), "not a string"},
    {RELEASE_BUNDLE, SUBJECT("{" DIGEST ",\"annotations\":{\"name\":\"a\",\"name\":\"b\"}}"),
	"duplicate"},
    {RELEASE_BUNDLE, SUBJECT("{" DIGEST "}") "x", "JSON"},
    {RELEASE_LEGACY, "{}", "'critical' is missing"},
    {RELEASE_LEGACY, "{\"critical\":{},\"optional\":{},\"more\":1}", "more"},
    {RELEASE_LEGACY, "{\"Critical\":{}}", "Critical"},
    {RELEASE_LEGACY, CRITICAL(IDENTITY "," IMAGE), "'type' is missing"},
    {RELEASE_LEGACY, CRITICAL(IDENTITY "," IMAGE "," TYPE ",\"x\":1"), "critical: "},
    {RELEASE_LEGACY, CRITICAL(IDENTITY "," TYPE), "'image' is missing"},
    {RELEASE_LEGACY, CRITICAL(IDENTITY ",\"image\":{}," TYPE), "'docker-manifest-digest' is"},
    {RELEASE_LEGACY,
	CRITICAL(IDENTITY ",\"image\":{\"Docker-manifest-digest\":\"sha256:" HEX "\"}," TYPE),
	"image: "},
    {RELEASE_LEGACY, CRITICAL("\"identity\":{}," IMAGE "," TYPE), "'docker-reference' is missing"},
    {RELEASE_LEGACY, CRITICAL(IDENTITY "," IMAGE ",\"type\":\"atomic container signature\""),
	"type 'atomic container signature': expected"},
    {RELEASE_LEGACY,
	"{\"critical\":{" IDENTITY "," IMAGE "," TYPE "},\"optional\":{\"name\":null}}",
	"'name' is not a string"},
    {RELEASE_LEGACY, "{\"critical\":{" IDENTITY "," IMAGE "," TYPE "}}", "'optional' is missing"},
};

static void refuses_all_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		auto_release_claim struct release_claim found = RELEASE_CLAIM_INIT;
		struct error err = ERROR_INIT;
		int result = release_claim_parse(
		    &found, refused[i].form, refused[i].text, strlen(refused[i].text), &err);

		expect_refused(result, &err, ERR_FORMAT, refused[i].error);
	}
}

static void limits_what_is_signed(void **state)
{
	auto_release_claim struct release_claim found = RELEASE_CLAIM_INIT;
	auto_free char *text = mem_zalloc(LIMIT_RELEASE_CONTENT_BYTES_MAX + 1, 1);
	uint8_t key[ED25519_PUBLIC_BYTES];
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	uint8_t signature[ED25519_SIGNATURE_BYTES];
	struct error err = ERROR_INIT;

	(void)state;
	expect_refused(release_claim_parse(
			   &found, RELEASE_LEGACY, text, LIMIT_RELEASE_CONTENT_BYTES_MAX + 1, &err),
	    &err, ERR_LIMIT, "signed content of 65537 bytes; the limit is 65536");
	release_key(key, secret, 0);
	release_sign(signature, RELEASE_LEGACY, text, LIMIT_RELEASE_CONTENT_BYTES_MAX + 1, 0);
	assert_true(release_verify(
	    RELEASE_LEGACY, text, LIMIT_RELEASE_CONTENT_BYTES_MAX + 1, signature, key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(vectors_of_openssl_hold),
	    cmocka_unit_test(row_s5_prehashed_signatures_do_not_hold),
	    cmocka_unit_test(every_bit_counts),
	    cmocka_unit_test(writes_what_it_reads),
	    cmocka_unit_test(names_may_be_absent),
	    cmocka_unit_test(refuses_all_else),
	    cmocka_unit_test(limits_what_is_signed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
