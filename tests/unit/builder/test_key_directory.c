#include <sodium.h>

#include "builder/key_directory.h"
#include "common/trust.h"
#include "tests/unit/faults.h"
#include "tests/unit/temp_dir.h"

struct key_place {
	struct temp_dir dir;
	char *keys; /* dir/keys */
	struct secret_key *key;
};

static int set_up(void **state)
{
	struct key_place *p = mem_zalloc(1, sizeof(*p));
	struct error err = ERROR_INIT;

	temp_dir_open(&p->dir);
	p->keys = temp_path(&p->dir, "keys");
	p->key = secret_key_generate(&err);
	expect_ok(p->key != NULL ? 0 : -1, &err);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct key_place *p = *state;

	faults_clear();
	temp_dir_close(&p->dir);
	secret_key_free(p->key);
	free(p->keys);
	free(p);
	return 0;
}

static int write_keys(const struct key_place *p, struct error *err)
{
	const struct key_set set = {.keys = {[KEY_ROLE_SEAL] = p->key}};

	return key_directory_write(p->keys, &set, "enclave", NULL, err);
}

static void writes_all_that_is_needed(void **state)
{
	static const struct {
		const char *name;
		mode_t mode;
	} files[] = {{"keys", 0700}, {"keys/seal.key", 0600}, {"keys/seal.pub", 0644},
	    {"keys/trust", 0755}, {"keys/trust/allowed_signers", 0644},
	    {"keys/trust/policy.json", 0644}};
	struct key_place *p = *state;
	struct error err = ERROR_INIT;
	struct ssh_public_key public_key = secret_key_public(p->key);
	size_t before = open_descriptors();
	mode_t mask = umask(027);

	expect_ok(write_keys(p, &err), &err);
	(void)umask(mask);
	assert_int_equal(open_descriptors(), before);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct stat st;
		assert_int_equal(fstatat(p->dir.fd, files[i].name, &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_int_equal(st.st_mode & 07777, files[i].mode);
	}
	auto_free char *key_path = temp_path(&p->dir, "keys/seal.key");
	auto_free char *trust_path = temp_path(&p->dir, "keys/trust");
	auto_passphrase_source struct passphrase_source source = PASSPHRASE_SOURCE_INIT(NULL);
	auto_secret_key struct secret_key *key = key_file_load(key_path, &source, &err);
	expect_ok(key != NULL ? 0 : -1, &err);
	assert_memory_equal(secret_key_seed(key), secret_key_seed(p->key), ED25519_SEED_BYTES);
	auto_trust struct trust *trust = trust_load(trust_path, NULL, &err);
	expect_ok(trust != NULL ? 0 : -1, &err);
	assert_int_equal(trust->key_count, 1);
	assert_true(ssh_public_key_equal(&trust->keys[0].key, &public_key));
	expect_text(trust->seal.signers[0], "enclave");
}

static void encrypts_with_a_passphrase(void **state)
{
	struct key_place *p = *state;
	struct error err = ERROR_INIT;
	auto_passphrase struct passphrase passphrase = PASSPHRASE_INIT;
	auto_free char *file = temp_path(&p->dir, "passphrase");
	auto_free char *key_path = temp_path(&p->dir, "keys/seal.key");

	temp_puts(p->dir.fd, "passphrase", "word");
	expect_ok(passphrase_read(&passphrase, file, false, &err), &err);
	const struct key_set set = {.keys = {[KEY_ROLE_SEAL] = p->key}};
	expect_ok(key_directory_write(p->keys, &set, "enclave", &passphrase, &err), &err);
	auto_passphrase_source struct passphrase_source source = PASSPHRASE_SOURCE_INIT(file);
	auto_secret_key struct secret_key *key = key_file_load(key_path, &source, &err);
	expect_ok(key != NULL ? 0 : -1, &err);
}

/* A directory that is there is filled; what is in it is touched by nobody. */
static void touches_nothing_that_is_there(void **state)
{
	static const char *const names[] = {
	    "keys/seal.key", "keys/seal.pub", "keys/trust", "keys/trust/x"};
	struct key_place *p = *state;

	temp_mkdir(p->dir.fd, "keys");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct error err = ERROR_INIT;
		auto_buf struct buf found = BUF_INIT(100);

		if (i == 3)
			temp_mkdir(p->dir.fd, "keys/trust");
		temp_puts(p->dir.fd, names[i], "mine");
		expect_refused(
		    write_keys(p, &err), &err, ERR_EXISTS, "' exists; nothing was changed");
		temp_read(p->dir.fd, names[i], &found);
		expect_text(buf_text(&found), "mine");
		auto_fd int keys = openat(p->dir.fd, "keys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_int_equal(temp_count(keys), 1);
		assert_int_equal(unlinkat(p->dir.fd, names[i], 0), 0);
	}
	assert_int_equal(unlinkat(p->dir.fd, "keys/trust", AT_REMOVEDIR), 0);
	temp_puts(p->dir.fd, "keys/notes", "mine");
	struct error err = ERROR_INIT;
	expect_ok(write_keys(p, &err), &err);
	assert_true(temp_exists(p->dir.fd, "keys/notes"));
}

static void needs_a_place(void **state)
{
	struct key_place *p = *state;
	struct error err = ERROR_INIT;

	temp_puts(p->dir.fd, "keys", "a file");
	expect_refused(write_keys(p, &err), &err, ERR_SYSTEM, "Not a directory");
	auto_free char *nowhere = temp_path(&p->dir, "no/where");
	const struct key_set set = {.keys = {[KEY_ROLE_SEAL] = p->key}};
	expect_refused(key_directory_write(nowhere, &set, "enclave", NULL, &err), &err, ERR_SYSTEM,
	    "mkdir: No such file");
}

/* Each call fails once: then nothing of it is there, and a directory that was there is empty. */
static void leaves_nothing_half_done(void **state)
{
	struct key_place *p = *state;

	for (int existed = 0; existed < 2; existed++) {
		for (int call = 0; call < CALL_COUNT; call++) {
			for (unsigned n = 1;; n++) {
				struct error err = ERROR_INIT;
				size_t before = open_descriptors();

				if (existed != 0)
					temp_mkdir(p->dir.fd, "keys");
				faults_plan((enum fault_call)call, n, ENOSPC);
				int result = write_keys(p, &err);
				faults_clear();
				assert_int_equal(open_descriptors(), before);
				if (result != 0) {
					expect_error(&err, ERR_SYSTEM, "No space left");
					assert_int_equal(temp_exists(p->dir.fd, "keys"), existed);
					if (existed != 0)
						assert_int_equal(
						    unlinkat(p->dir.fd, "keys", AT_REMOVEDIR), 0);
					continue;
				}
				temp_dir_close(&p->dir);
				free(p->keys);
				temp_dir_open(&p->dir);
				p->keys = temp_path(&p->dir, "keys");
				break;
			}
		}
	}
}

static void checks_principals(void **state)
{
	static const char *const bad[] = {"", "a b", "a,b", "*", "a\"", "a\n", "ü", "a#b", "a/b",
	    "a2345678901234567890123456789012345678901234567890123456789012345"};
	static const char *const good[] = {"enclave", "a@b.example", "A._+-9",
	    "a234567890123456789012345678901234567890123456789012345678901234"};
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		expect_refused(principal_check(bad[i], &err), &err, ERR_USAGE, "1 to 64 letters");
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		expect_ok(principal_check(good[i], &err), &err);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(writes_all_that_is_needed),
	    TEST(encrypts_with_a_passphrase),
	    TEST(touches_nothing_that_is_there),
	    TEST(needs_a_place),
	    TEST(leaves_nothing_half_done),
	    cmocka_unit_test(checks_principals),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
