/*
 * Which update may take the place of which trust. Reading and installing one from end to end is
 * tests/e2e/test_trust_update.py.
 */
#include "common/timestamp.h"
#include "common/trust_update.h"
#include "tests/unit/layout_fixture.h"

#define NOW 1704164645 /* 2024-01-02T03:04:05Z */
#define AT_NOW "20240102030405Z"
#define AFTER_NOW "20240102030406Z"

/* Seeds of keys. */
enum { SEAL_KEY = 1, ANN, ANN_AGAIN, BOB, BOB_SEALS };

/* A trust directory with the roots ann, who has two keys, and bob, who has one to seal as well. */
struct side {
	const char *roots;     /* the member "trust" of the policy; NULL: ROOTS(1) */
	const char *window;    /* of bob's key, behind a comma; NULL: none */
	unsigned char revoked; /* the seed of a key; 0: none */
};

#define ROOTS_OF(serial, threshold, more)                                                          \
	",\"trust\":{\"serial\":" serial ",\"threshold\":" threshold                               \
	",\"signers\":[\"ann\",\"bob\"]" more "}"
#define ROOTS(serial) ROOTS_OF(serial, "2", "")

static void put_key(struct buf *out, const char *before, unsigned char seed)
{
	struct ssh_public_key key;

	fixture_key(&key, seed);
	buf_puts(out, before);
	ssh_public_key_line(out, &key);
	buf_putc(out, '\n');
}

static void write_side(int dir_fd, const struct side *side, const char *roots)
{
	auto_buf struct buf signers = BUF_INIT(10000);
	auto_buf struct buf revoked = BUF_INIT(10000);
	auto_free char *bob = mem_printf("bob namespaces=\"" SSHSIG_NAMESPACE_TRUST "\"%s ",
	    side->window != NULL ? side->window : "");
	auto_free char *policy =
	    mem_printf("{\"version\":1,\"seal\":{\"threshold\":1,\"signers\":[\"enclave\"]}%s}",
		side->roots != NULL ? side->roots : roots);

	put_key(&signers, "enclave namespaces=\"" SSHSIG_NAMESPACE_SEAL "\" ", SEAL_KEY);
	put_key(&signers, "ann namespaces=\"" SSHSIG_NAMESPACE_TRUST "\" ", ANN);
	put_key(&signers, "ann namespaces=\"" SSHSIG_NAMESPACE_TRUST "\" ", ANN_AGAIN);
	put_key(&signers, bob, BOB);
	put_key(&signers, "bob namespaces=\"" SSHSIG_NAMESPACE_SEAL "\" ", BOB_SEALS);
	temp_write(dir_fd, TRUST_ALLOWED_SIGNERS, signers.data, signers.len);
	temp_puts(dir_fd, TRUST_POLICY, policy);
	if (side->revoked == 0)
		return;
	put_key(&revoked, "", side->revoked);
	temp_write(dir_fd, TRUST_REVOKED_KEYS, revoked.data, revoked.len);
}

static void write_list(const struct temp_dir *t)
{
	auto_trust_files struct trust_files files = TRUST_FILES_INIT;
	auto_buf struct buf list = BUF_INIT(10000);
	struct error err = ERROR_INIT;

	expect_ok(trust_files_read(&files, t->path, TRUST_FILES_MEDIUM, &err), &err);
	trust_files_list(&list, &files);
	temp_write(t->fd, TRUST_UPDATE_LIST, list.data, list.len);
}

static void sign_list(const struct temp_dir *t, unsigned char seed, const char *name_space)
{
	auto_buf struct buf list = BUF_INIT(10000);
	auto_buf struct buf armored = BUF_INIT(10000);
	struct ssh_public_key key;
	char kid[LAYOUT_KID_LEN + 1];
	char name[TRUST_UPDATE_SIGNATURE_NAME_LEN + 1];

	temp_read(t->fd, TRUST_UPDATE_LIST, &list);
	fixture_sshsig(&armored, seed, name_space, buf_text(&list), list.len);
	fixture_key(&key, seed);
	ssh_public_key_kid(kid, &key);
	trust_update_signature_name(name, kid);
	temp_write(t->fd, name, armored.data, armored.len);
}

static const struct update_case {
	struct side old;
	struct side new;
	unsigned char signers[3]; /* seeds, then 0; ann and bob where the first is 0 */
	const char *error;        /* NULL: it may be installed */
} cases[] = {
    {.error = NULL},
    {.signers = {ANN}, .error = "signed by 1 of the 2 roots that the installed policy wants"},
    {.signers = {ANN, ANN_AGAIN}, .error = "signed by 1 of the 2 roots that the installed"},
    {.signers = {ANN, SEAL_KEY}, .error = "signed by 1 of the 2 roots that the installed"},
    {.signers = {ANN, BOB_SEALS}, .error = "signed by 1 of the 2 roots that the installed"},
    {.signers = {ANN_AGAIN, BOB}, .error = NULL},
    {.old = {.revoked = BOB}, .error = "signed by 1 of the 2 roots that the installed"},
    {.old = {.revoked = ANN_AGAIN}, .error = NULL},
    {.new = {.revoked = BOB}, .error = "signed by 1 of the 2 roots that the new policy wants"},
    {.old = {.window = ",valid-before=\"" AT_NOW "\""}, .error = "that the installed policy"},
    {.old = {.window = ",valid-before=\"" AFTER_NOW "\""}, .error = NULL},
    {.old = {.window = ",valid-after=\"" AFTER_NOW "\""}, .error = "that the installed policy"},
    {.old = {.window = ",valid-after=\"" AT_NOW "\""}, .error = NULL},
    {.new = {.window = ",valid-before=\"" AT_NOW "\""}, .error = "that the new policy wants"},
    {.old = {.roots = ROOTS_OF("1", "1", "")},
	.signers = {ANN},
	.error = "signed by 1 of the 2 roots that the new policy wants"},
    {.new = {.roots = ROOTS_OF("2", "1", "")},
	.signers = {BOB},
	.error = "signed by 1 of the 2 roots that the installed"},
    {.new = {.roots = ROOTS_OF("1", "2", ",\"expires\":\"2030-01-01T00:00:00Z\"")},
	.error = "it has the serial of the installed trust, 1, and other files"},
    {.old = {.roots = ROOTS("8")},
	.new = {.roots = ROOTS("7")},
	.error = "its serial is 7, that of the installed trust 8"},
    {.new = {.roots = ROOTS_OF("2", "2", ",\"expires\":\"2024-01-02T03:04:05Z\"")},
	.error = "it expired at 2024-01-02T03:04:05Z"},
    {.new = {.roots = ROOTS_OF("2", "2", ",\"expires\":\"2024-01-02T03:04:06Z\"")}, .error = NULL},
    /* The installed one may have expired: the update is the way out. */
    {.old = {.roots = ROOTS_OF("1", "2", ",\"expires\":\"2024-01-01T00:00:00Z\"")}, .error = NULL},
    {.new = {.roots = ""}, .error = "its policy has no member 'trust'"},
    {.old = {.roots = ""}, .error = "the installed policy has no member 'trust'"},
};

static struct trust *installed(const struct side *side)
{
	struct temp_dir dir;
	struct error err = ERROR_INIT;
	auto_trust_files struct trust_files files = TRUST_FILES_INIT;

	temp_dir_open(&dir);
	write_side(dir.fd, side, ROOTS("1"));
	expect_ok(trust_files_read(&files, dir.path, TRUST_FILES_LOCAL, &err), &err);
	struct trust *t = trust_of_files(&files, &err);
	expect_ok(t != NULL ? 0 : -1, &err);
	temp_dir_close(&dir);
	return t;
}

static void row_s16_judges_every_case(void **state)
{
	static const unsigned char both[] = {ANN, BOB, 0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct update_case *c = &cases[i];
		auto_trust struct trust *old = installed(&c->old);
		auto_trust struct trust *fresh = NULL;
		auto_trust_update struct trust_update u = TRUST_UPDATE_INIT;
		struct temp_dir dir;
		struct error err = ERROR_INIT;

		temp_dir_open(&dir);
		write_side(dir.fd, &c->new, ROOTS("2"));
		write_list(&dir);
		const unsigned char *seeds = c->signers[0] != 0 ? c->signers : both;
		for (size_t k = 0; seeds[k] != 0; k++)
			sign_list(&dir, seeds[k], SSHSIG_NAMESPACE_TRUST);
		expect_ok(trust_update_read(&u, dir.path, &err), &err);
		enum trust_update_verdict verdict = trust_update_judge(&u, old, NOW, &fresh, &err);
		if (c->error != NULL)
			expect_refused(
			    verdict == TRUST_UPDATE_REFUSED ? -1 : 0, &err, ERR_POLICY, c->error);
		else
			expect_ok(verdict == TRUST_UPDATE_NEW ? 0 : -1, &err);
		assert_int_equal(fresh != NULL, c->error == NULL);
		temp_dir_close(&dir);
	}
}

static void a_bad_signature_of_a_root_refuses(void **state)
{
	static const struct side plain = {.roots = NULL};
	auto_trust struct trust *old = installed(&plain);
	auto_trust struct trust *fresh = NULL;
	auto_trust_update struct trust_update u = TRUST_UPDATE_INIT;
	struct temp_dir dir;
	struct error err = ERROR_INIT;

	(void)state;
	temp_dir_open(&dir);
	write_side(dir.fd, &plain, ROOTS("2"));
	write_list(&dir);
	sign_list(&dir, ANN, SSHSIG_NAMESPACE_TRUST);
	sign_list(&dir, BOB, SSHSIG_NAMESPACE_TRUST);
	sign_list(&dir, ANN_AGAIN, SSHSIG_NAMESPACE_SEAL);
	expect_ok(trust_update_read(&u, dir.path, &err), &err);
	enum trust_update_verdict verdict = trust_update_judge(&u, old, NOW, &fresh, &err);
	expect_refused(
	    verdict == TRUST_UPDATE_REFUSED ? -1 : 0, &err, ERR_SEAL, "(of 'ann'): not, byte for");
	temp_dir_close(&dir);
}

static void what_is_installed_is_nothing_to_do(void **state)
{
	static const struct side plain = {.roots = NULL};
	auto_trust struct trust *old = installed(&plain);
	auto_trust struct trust *fresh = NULL;
	auto_trust_update struct trust_update u = TRUST_UPDATE_INIT;
	struct temp_dir dir;
	struct error err = ERROR_INIT;

	(void)state;
	temp_dir_open(&dir);
	write_side(dir.fd, &plain, ROOTS("1"));
	write_list(&dir);
	expect_ok(trust_update_read(&u, dir.path, &err), &err);
	assert_int_equal(trust_update_judge(&u, old, NOW, &fresh, &err), TRUST_UPDATE_INSTALLED);
	assert_null(fresh);
	temp_dir_close(&dir);
}

static void reads_exactly_what_is_listed(void **state)
{
	static const struct side plain = {.roots = NULL};
	struct temp_dir dir;
	struct error err = ERROR_INIT;
	struct trust_update u;

	(void)state;
	temp_dir_open(&dir);
	write_side(dir.fd, &plain, ROOTS("2"));
	expect_refused(trust_update_read(&u, dir.path, &err), &err, ERR_SEAL, "no TRUST");
	trust_update_release(&u);
	write_list(&dir);
	temp_puts(dir.fd, TRUST_REVOKED_KEYS, "# none\n");
	expect_refused(trust_update_read(&u, dir.path, &err), &err, ERR_SEAL,
	    "revoked_keys: not the file that TRUST lists");
	trust_update_release(&u);
	assert_int_equal(unlinkat(dir.fd, TRUST_REVOKED_KEYS, 0), 0);
	for (unsigned i = 0; i < LIMIT_SIGNATURES_MAX; i++) {
		auto_free char *name = mem_printf("TRUST.%016x.sig", i);
		temp_puts(dir.fd, name, "");
	}
	expect_ok(trust_update_read(&u, dir.path, &err), &err);
	assert_int_equal(u.signatures.count, LIMIT_SIGNATURES_MAX);
	trust_update_release(&u);
	temp_puts(dir.fd, "TRUST.ffffffffffffffff.sig", "");
	expect_refused(
	    trust_update_read(&u, dir.path, &err), &err, ERR_SEAL, "more than 16 signatures");
	trust_update_release(&u);
	temp_dir_close(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(row_s16_judges_every_case),
	    cmocka_unit_test(a_bad_signature_of_a_root_refuses),
	    cmocka_unit_test(what_is_installed_is_nothing_to_do),
	    cmocka_unit_test(reads_exactly_what_is_listed),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
