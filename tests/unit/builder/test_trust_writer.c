#include <sodium.h>

#include "builder/secret_key.h"
#include "builder/trust_writer.h"
#include "tests/unit/temp_dir.h"

/* The roots ann, bob and eve, of seeds 1, 2 and 3, and a key that seals. */
enum { ANN, BOB, EVE, SEALER, KEY_COUNT };

struct trust_case {
	struct temp_dir dir;
	char *update; /* dir/update */
	struct secret_key *keys[KEY_COUNT];
};

static int set_up(void **state)
{
	struct trust_case *c = mem_zalloc(1, sizeof(*c));

	temp_dir_open(&c->dir);
	c->update = temp_path(&c->dir, "update");
	for (size_t i = 0; i < KEY_COUNT; i++) {
		struct error err = ERROR_INIT;
		const uint8_t seed[ED25519_SEED_BYTES] = {(uint8_t)(i + 1)};
		c->keys[i] = secret_key_from_seed(seed, &err);
		expect_ok(c->keys[i] != NULL ? 0 : -1, &err);
	}
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct trust_case *c = *state;

	temp_dir_close(&c->dir);
	for (size_t i = 0; i < KEY_COUNT; i++)
		secret_key_free(c->keys[i]);
	free(c->update);
	free(c);
	return 0;
}

static void put_signer(struct buf *b, const struct trust_case *c, size_t key, const char *head)
{
	struct ssh_public_key public_key = secret_key_public(c->keys[key]);

	buf_puts(b, head);
	ssh_public_key_line(b, &public_key);
	buf_putc(b, '\n');
}

/* Files in memory, as trust_files_read() gives them. */
static struct trust_files make_files(
    const struct trust_case *c, const char *roots, const char *eve_options)
{
	struct trust_files files = {
	    .items = mem_zalloc(2, sizeof(*files.items)), .count = 2, .others_may_write = false};
	auto_free char *eve =
	    mem_printf("eve namespaces=\"trust-v1@sallyport.dev\"%s ", eve_options);

	for (size_t i = 0; i < 2; i++)
		files.items[i].content = (struct buf)BUF_INIT(10000);
	files.items[0].name = mem_strdup("allowed_signers");
	struct buf *signers = &files.items[0].content;
	put_signer(signers, c, SEALER, "enclave namespaces=\"seal-v1@sallyport.dev\" ");
	put_signer(signers, c, ANN, "ann namespaces=\"trust-v1@sallyport.dev\" ");
	put_signer(signers, c, BOB, "bob namespaces=\"trust-v1@sallyport.dev\" ");
	put_signer(signers, c, EVE, eve);
	files.items[1].name = mem_strdup("policy.json");
	buf_printf(&files.items[1].content,
	    "{\"version\":1,\"seal\":{\"threshold\":1,\"signers\":[\"enclave\"]},\"trust\":{%s,"
	    "\"signers\":[\"ann\",\"bob\",\"eve\"]}}",
	    roots);
	return files;
}

static void sign(struct seal_signature *out, const struct trust_case *c, size_t key,
    const char *name_space, const struct buf *list)
{
	char kid[LAYOUT_KID_LEN + 1];

	buf_release(&out->armored);
	out->key = secret_key_public(c->keys[key]);
	secret_key_seal(c->keys[key], name_space, buf_text(list), list->len, &out->armored);
	ssh_public_key_kid(kid, &out->key);
	trust_update_signature_name(out->name, kid);
}

/* Writes the update with signatures by these keys, in this namespace. */
static void write_update(const struct trust_case *c, const struct trust_files *files,
    const size_t *signers, size_t count, const char *name_space)
{
	struct error err = ERROR_INIT;
	auto_seal_signature struct seal_signature signature = SEAL_SIGNATURE_INIT;
	auto_buf struct buf list = BUF_INIT(10000);

	trust_files_list(&list, files);
	sign(&signature, c, signers[0], name_space, &list);
	expect_ok(trust_writer_make(c->update, files, &list, &signature, &err), &err);
	for (size_t i = 1; i < count; i++) {
		sign(&signature, c, signers[i], name_space, &list);
		expect_ok(trust_writer_add(c->update, &signature, &err), &err);
	}
}

#define SERIAL(n) "\"serial\":" #n ",\"threshold\":2"
#define EXPIRES ",\"expires\":\"2027-01-01T00:00:00Z\"" /* 1798761600 */
#define EXPIRY 1798761600

static const struct {
	const char *installed;
	const char *fresh;
	const char *eve_options;
	const size_t signers[3];
	size_t signer_count;
	const char *name_space;
	int64_t now;
	const char *error; /* NULL: accepted */
} cases[] = {
    {SERIAL(1), SERIAL(2), "", {ANN, BOB}, 2, SSHSIG_NAMESPACE_TRUST, 0, NULL},
    {SERIAL(1), SERIAL(9), "", {EVE, BOB, ANN}, 3, SSHSIG_NAMESPACE_TRUST, 0, NULL},
    {SERIAL(1), SERIAL(9223372036854775807), "", {ANN, BOB}, 2, SSHSIG_NAMESPACE_TRUST, 0, NULL},
    {SERIAL(1), SERIAL(2), "", {ANN}, 1, SSHSIG_NAMESPACE_TRUST, 0,
	"signed by 1 of the 2 roots that the installed policy wants"},
    {SERIAL(1), SERIAL(2), "", {ANN, SEALER}, 2, SSHSIG_NAMESPACE_TRUST, 0, "signed by 1 of the 2"},
    {SERIAL(1), SERIAL(2), "", {ANN, BOB}, 2, SSHSIG_NAMESPACE_SEAL, 0, "not, byte for byte"},
    {SERIAL(2), SERIAL(1), "", {ANN, BOB}, 2, SSHSIG_NAMESPACE_TRUST, 0,
	"its serial is 1, that of the installed trust 2"},
    {SERIAL(2), SERIAL(2) EXPIRES, "", {ANN, BOB}, 2, SSHSIG_NAMESPACE_TRUST, 0,
	"two updates were made of one"},
    {SERIAL(1), SERIAL(2) EXPIRES, "", {ANN, BOB}, 2, SSHSIG_NAMESPACE_TRUST, EXPIRY - 1, NULL},
    {SERIAL(1), SERIAL(2) EXPIRES, "", {ANN, BOB}, 2, SSHSIG_NAMESPACE_TRUST, EXPIRY,
	"it expired at 2027-01-01T00:00:00Z; the clock says 2027-01-01T00:00:00Z"},
    {SERIAL(1) EXPIRES, SERIAL(2), "", {ANN, BOB}, 2, SSHSIG_NAMESPACE_TRUST, EXPIRY + 1, NULL},
    {SERIAL(1), SERIAL(2), ",valid-before=\"20270101Z\"", {ANN, EVE}, 2, SSHSIG_NAMESPACE_TRUST,
	EXPIRY - 1, NULL},
    {SERIAL(1), SERIAL(2), ",valid-before=\"20270101Z\"", {ANN, EVE}, 2, SSHSIG_NAMESPACE_TRUST,
	EXPIRY, "signed by 1 of the 2"},
    {SERIAL(1), SERIAL(2), ",valid-after=\"20270101Z\"", {ANN, EVE}, 2, SSHSIG_NAMESPACE_TRUST,
	EXPIRY - 1, "signed by 1 of the 2"},
    {SERIAL(1), SERIAL(2), ",valid-after=\"20270101Z\"", {ANN, EVE}, 2, SSHSIG_NAMESPACE_TRUST,
	EXPIRY, NULL},
    {SERIAL(1), "\"serial\":2,\"threshold\":3", "", {ANN, BOB}, 2, SSHSIG_NAMESPACE_TRUST, 0,
	"signed by 2 of the 3 roots that the new policy wants"},
    {SERIAL(1), "\"serial\":2,\"threshold\":0", "", {ANN, BOB}, 2, SSHSIG_NAMESPACE_TRUST, 0,
	"policy.json"},
};

static void judges_updates(void **state)
{
	const struct trust_case *c = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		auto_trust_files struct trust_files before =
		    make_files(c, cases[i].installed, cases[i].eve_options);
		auto_trust_files struct trust_files files =
		    make_files(c, cases[i].fresh, cases[i].eve_options);
		auto_trust_update struct trust_update update = TRUST_UPDATE_INIT;
		struct trust *taken = NULL;

		auto_trust struct trust *old = trust_of_files(&before, &err);
		expect_ok(old != NULL ? 0 : -1, &err);
		write_update(
		    c, &files, cases[i].signers, cases[i].signer_count, cases[i].name_space);
		expect_ok(trust_update_read(&update, c->update, &err), &err);
		enum trust_update_verdict verdict =
		    trust_update_judge(&update, old, cases[i].now, &taken, &err);
		auto_trust struct trust *fresh = taken;
		if (cases[i].error != NULL) {
			assert_int_equal(verdict, TRUST_UPDATE_REFUSED);
			assert_null(fresh);
			expect_contains(err.text, cases[i].error);
		} else {
			if (verdict != TRUST_UPDATE_NEW)
				fail_msg("case %zu: '%s'", i, err.text);
			assert_true(digest_equal(&fresh->id, &update.id));
			/* The very files that are installed: nothing to do, signed or not. */
			assert_int_equal(
			    trust_update_judge(&update, fresh, cases[i].now, &taken, &err),
			    TRUST_UPDATE_INSTALLED);
			assert_null(taken);
		}
		assert_int_equal(nftw(c->update, temp_dir_unlink, 4, FTW_DEPTH | FTW_PHYS), 0);
	}
}

static void writes_once(void **state)
{
	const struct trust_case *c = *state;
	struct error err = ERROR_INIT;
	auto_trust_files struct trust_files files = make_files(c, SERIAL(1), "");
	auto_seal_signature struct seal_signature signature = SEAL_SIGNATURE_INIT;
	auto_buf struct buf list = BUF_INIT(10000);
	size_t before = open_descriptors();

	trust_files_list(&list, &files);
	sign(&signature, c, ANN, SSHSIG_NAMESPACE_TRUST, &list);
	expect_ok(trust_writer_make(c->update, &files, &list, &signature, &err), &err);
	expect_refused(trust_writer_make(c->update, &files, &list, &signature, &err), &err,
	    ERR_EXISTS, "update': it exists");
	expect_refused(trust_writer_add(c->update, &signature, &err), &err, ERR_EXISTS,
	    "this key has signed it");
	auto_free char *nowhere = temp_path(&c->dir, "no/where");
	expect_refused(trust_writer_make(nowhere, &files, &list, &signature, &err), &err,
	    ERR_SYSTEM, "No such file");
	expect_refused(trust_writer_make("/", &files, &list, &signature, &err), &err, ERR_USAGE,
	    "the name of the new directory is missing");
	assert_int_equal(open_descriptors(), before);
	assert_int_equal(temp_count(c->dir.fd), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(judges_updates), TEST(writes_once)};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
