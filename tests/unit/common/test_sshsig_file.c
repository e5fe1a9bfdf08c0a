#include "common/limits.h"
#include "common/sshsig_file.h"
#include "tests/unit/layout_fixture.h"

#define BEGIN "-----BEGIN SSH SIGNATURE-----"
#define END "-----END SSH SIGNATURE-----"

static const char message[] = "a list\n";

static void make(struct buf *out)
{
	fixture_sshsig(out, 1, SSHSIG_NAMESPACE_SEAL, message, strlen(message));
}

/* What ssh-keygen -Y verify forgives comes out in the one spelling. */
static void other_spellings_become_ours(void **state)
{
	static const struct {
		const char *line_end;
		const char *last;
		size_t columns;
	} cases[] = {{"\n", "\n", 70}, {"\r\n", "\r\n", 70}, {"\n", "", 70}, {"\n", "\nmore\n", 70},
	    {"\n", "\n", 64}, {"\n", "\n", 1}, {"\n", "\n", 1000}, {" \n", "\n", 70}};
	auto_buf struct buf ours = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);
	auto_buf struct buf letters = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);

	(void)state;
	make(&ours);
	for (const char *p = ours.data + strlen(BEGIN "\n"); *p != '-'; p++) {
		if (*p != '\n')
			buf_putc(&letters, *p);
	}
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_buf struct buf text = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);
		auto_buf struct buf found = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);
		struct error err = ERROR_INIT;

		buf_printf(&text, BEGIN "%s", cases[i].line_end);
		for (size_t at = 0; at < letters.len; at += cases[i].columns) {
			int len = (int)(letters.len - at < cases[i].columns ? letters.len - at
									    : cases[i].columns);
			buf_printf(&text, "%.*s%s", len, letters.data + at, cases[i].line_end);
		}
		buf_printf(&text, END "%s", cases[i].last);
		expect_ok(sshsig_normalize(&found, text.data, text.len, &err), &err);
		expect_text(found.data, ours.data);
	}
}

static void what_is_no_signature_is_refused(void **state)
{
	static const char *const texts[] = {"", "text", BEGIN, BEGIN "\n", BEGIN "\n" END,
	    BEGIN "\n!\n" END "\n", BEGIN "\nAAA\n" END "\n", "x" BEGIN "\nAAAA\n" END "\n",
	    BEGIN "\nAAAA\n", BEGIN "\nAAAA" END "\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_buf struct buf found = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);
		struct error err = ERROR_INIT;
		struct ssh_public_key key;

		/* An empty blob has a spelling, and no key. */
		if (sshsig_normalize(&found, texts[i], strlen(texts[i]), &err) != 0)
			expect_error(&err, ERR_SEAL, "not an OpenSSH signature");
		err = (struct error)ERROR_INIT;
		expect_refused(sshsig_public_key(&key, texts[i], strlen(texts[i]), &err), &err,
		    ERR_SEAL, "not an OpenSSH signature");
	}
}

static void too_large_is_refused(void **state)
{
	auto_free char *large = mem_zalloc(LIMIT_SIGNATURE_BYTES_MAX + 1, 1);
	auto_buf struct buf found = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);
	struct error err = ERROR_INIT;

	(void)state;
	expect_refused(sshsig_normalize(&found, large, LIMIT_SIGNATURE_BYTES_MAX + 1, &err), &err,
	    ERR_LIMIT, "larger than");
}

static void the_key_is_the_one_inside(void **state)
{
	auto_buf struct buf armored = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);
	struct ssh_public_key expected;
	struct ssh_public_key found;
	struct error err = ERROR_INIT;

	(void)state;
	make(&armored);
	fixture_key(&expected, 1);
	expect_ok(sshsig_public_key(&found, armored.data, armored.len, &err), &err);
	assert_true(ssh_public_key_equal(&found, &expected));
}

/* Wire strings that say more than there is lead nowhere. */
static void a_cut_or_lying_blob_is_refused(void **state)
{
	static const struct {
		const char *blob;
		size_t len;
		const char *says;
	} cases[] = {
	    {"SSHSIG\0\0\0\1", 10, "inside the base64"},
	    {"SSHSIG\0\0\0\1\0\0\0", 13, "inside the base64"},
	    {"SSHSIG\0\0\0\1\0\0\0\1", 14, "inside the base64"},
	    {"SSHSIG\0\0\0\1\377\377\377\377", 14, "inside the base64"},
	    {"SSHSOG\0\0\0\1\0\0\0\0", 14, "inside the base64"},
	    {"SSHSIG\0\0\0\1\0\0\0\0", 14, "not an OpenSSH public key"},
	    {"SSHSIG\0\0\0\1\0\0\0\4\0\0\0\1", 18, "not an OpenSSH public key"},
	    {"SSHSIG\0\0\0\1\0\0\0\5\0\0\0\1x", 19, "key type 'x'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_buf struct buf armored = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);
		struct ssh_public_key key;
		struct error err = ERROR_INIT;

		sshsig_armor(&armored, cases[i].blob, cases[i].len);
		expect_refused(sshsig_public_key(&key, armored.data, armored.len, &err), &err,
		    ERR_SEAL, cases[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(other_spellings_become_ours),
	    cmocka_unit_test(what_is_no_signature_is_refused),
	    cmocka_unit_test(too_large_is_refused),
	    cmocka_unit_test(the_key_is_the_one_inside),
	    cmocka_unit_test(a_cut_or_lying_blob_is_refused),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
