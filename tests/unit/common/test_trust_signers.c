#include "common/limits.h"
#include "common/trust_signers.h"
#include "tests/unit/layout_fixture.h"

#define SEAL "namespaces=\"" SSHSIG_NAMESPACE_SEAL "\""
#define TEN "abcdefghij"
#define SIXTY TEN TEN TEN TEN TEN TEN

/* PRINCIPAL OPTIONS KEY: the key of seed i. */
static void put_line(struct buf *out, unsigned char seed, const char *before)
{
	struct ssh_public_key key;

	fixture_key(&key, seed);
	buf_puts(out, before);
	buf_putc(out, ' ');
	ssh_public_key_line(out, &key);
	buf_putc(out, '\n');
}

static struct trust *parse(const struct buf *text, int *out_result, struct error *err)
{
	struct trust *t = mem_zalloc(1, sizeof(*t));

	*out_result = trust_parse_allowed_signers(t, buf_text(text), text->len, err);
	return t;
}

static void judges_every_line(void **state)
{
	static const struct {
		const char *before; /* the key */
		const char *error;  /* NULL: taken */
	} cases[] = {
	    {"ann " SEAL, NULL},
	    {SIXTY "abcd " SEAL, NULL},
	    {SIXTY "abcde " SEAL, "not 1 to 64 characters long"},
	    {"a,b " SEAL, "one literal name"},
	    {"a* " SEAL, "one literal name"},
	    {"ann valid-after=\"20240101Z\"", "namespaces=\"...\" is missing"},
	    {"ann " SEAL "," SEAL, "unknown or given twice"},
	    {"ann " SEAL ",", "not of the form name=\"value\""},
	    {"ann namespaces=\"file\"", "namespaces must be exactly"},
	    {"ann namespaces=\"" SSHSIG_NAMESPACE_SEAL ",file\"", "not of the form name="},
	    {"ann " SEAL ",valid-after=\"20240101Z\",valid-before=\"20240101000001Z\"", NULL},
	    {"ann " SEAL ",valid-after=\"20240101Z\",valid-before=\"20240101Z\"",
		"valid-after is not before valid-before"},
	    {"ann " SEAL ",valid-after=\"20240102Z\",valid-before=\"20240101Z\"",
		"valid-after is not before valid-before"},
	    {"ann " SEAL ",valid-after=\"20240101\"", "20240101"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_buf struct buf text = BUF_INIT(1000);
		struct error err = ERROR_INIT;
		int result;

		buf_puts(&text, "# a comment\n\n");
		put_line(&text, 1, cases[i].before);
		auto_trust struct trust *t = parse(&text, &result, &err);
		if (cases[i].error == NULL)
			expect_ok(result, &err);
		else
			expect_refused(result, &err, ERR_FORMAT, cases[i].error);
		if (cases[i].error != NULL)
			expect_contains(err.text, "allowed_signers: line 3: ");
	}
}

static void keeps_what_a_line_says(void **state)
{
	auto_buf struct buf text = BUF_INIT(1000);
	struct error err = ERROR_INIT;
	int result;

	(void)state;
	put_line(&text, 1, "ann " SEAL ",valid-after=\"20240101Z\"");
	put_line(
	    &text, 2, "bob namespaces=\"" SSHSIG_NAMESPACE_TRUST "\",valid-before=\"20240102Z\"");
	auto_trust struct trust *t = parse(&text, &result, &err);
	expect_ok(result, &err);
	assert_int_equal(t->key_count, 2);
	expect_text(t->keys[0].principal, "ann");
	assert_true(t->keys[0].for_seals);
	assert_int_equal(t->keys[0].valid_after, 1704067200);
	assert_int_equal(t->keys[0].valid_before, INT64_MAX);
	assert_false(t->keys[1].for_seals);
	assert_int_equal(t->keys[1].valid_after, INT64_MIN);
	assert_int_equal(t->keys[1].valid_before, 1704153600);
}

/* Others keep arrays of this size. */
static void limits_the_keys(void **state)
{
	auto_buf struct buf text = BUF_INIT(100000);
	int result;

	(void)state;
	for (unsigned char i = 1; i <= LIMIT_TRUST_KEYS_MAX + 1; i++) {
		struct error err = ERROR_INIT;

		put_line(&text, i, "ann " SEAL);
		auto_trust struct trust *t = parse(&text, &result, &err);
		if (i <= LIMIT_TRUST_KEYS_MAX)
			expect_ok(result, &err);
		else
			expect_refused(result, &err, ERR_LIMIT, "line 65: more than 64 keys");
	}
}

static void one_key_stands_there_once(void **state)
{
	auto_buf struct buf text = BUF_INIT(1000);
	struct error err = ERROR_INIT;
	int result;

	(void)state;
	put_line(&text, 1, "ann " SEAL);
	put_line(&text, 2, "bob " SEAL);
	put_line(&text, 1, "eve namespaces=\"" SSHSIG_NAMESPACE_TRUST "\"");
	auto_trust struct trust *t = parse(&text, &result, &err);
	expect_refused(result, &err, ERR_FORMAT, "line 3: the same key as that of 'ann'");
}

static void row_s16_marks_revoked_keys(void **state)
{
	auto_buf struct buf text = BUF_INIT(1000);
	auto_buf struct buf revoked = BUF_INIT(1000);
	struct error err = ERROR_INIT;
	int result;

	(void)state;
	put_line(&text, 1, "ann " SEAL);
	put_line(&text, 2, "bob " SEAL);
	auto_trust struct trust *t = parse(&text, &result, &err);
	expect_ok(result, &err);
	put_line(&revoked, 9, "# of nobody here\n");
	put_line(&revoked, 2, "");
	expect_ok(trust_parse_revoked_keys(t, buf_text(&revoked), revoked.len, &err), &err);
	assert_int_equal(t->revoked_count, 2);
	assert_false(t->keys[0].is_revoked);
	assert_true(t->keys[1].is_revoked);
	expect_refused(trust_parse_revoked_keys(t, "ssh-ed25519\n", 12, &err), &err, ERR_FORMAT,
	    "revoked_keys: line 1: not of the form");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(judges_every_line),
	    cmocka_unit_test(keeps_what_a_line_says),
	    cmocka_unit_test(limits_the_keys),
	    cmocka_unit_test(one_key_stands_there_once),
	    cmocka_unit_test(row_s16_marks_revoked_keys),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
