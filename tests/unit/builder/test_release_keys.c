#include <sodium.h>

#include "builder/release_keys.h"
#include "tests/unit/expect.h"
#include "tests/unit/temp_dir.h"

static void write_key(const struct temp_dir *dir, const char *name, uint8_t seed_byte)
{
	struct error err = ERROR_INIT;
	uint8_t seed[ED25519_SEED_BYTES];
	auto_key_text struct key_text text = {.bytes = NULL, .len = 0};

	memset(seed, seed_byte, sizeof(seed));
	auto_secret_key struct secret_key *key = secret_key_from_seed(seed, &err);
	assert_non_null(key);
	expect_ok(key_file_write_secret(&text, key, NULL, &err), &err);
	temp_write(dir->fd, name, text.bytes, text.len);
	assert_int_equal(fchmodat(dir->fd, name, 0600, 0), 0);
}

static int load(struct release_keys *out, const struct temp_dir *dir, struct error *err)
{
	auto_passphrase_source struct passphrase_source none = PASSPHRASE_SOURCE_INIT(NULL);
	auto_free char *path = temp_path(dir, ".");

	return release_keys_load(out, path, &none, err);
}

static void finds_every_release_key(void **state)
{
	struct temp_dir dir;
	auto_release_keys struct release_keys keys = RELEASE_KEYS_INIT;
	struct error err = ERROR_INIT;
	struct ssh_public_key seal;

	(void)state;
	temp_dir_open(&dir);
	write_key(&dir, "seal.key", 9);
	temp_puts(dir.fd, "release.pub", "no key");
	temp_puts(dir.fd, "release.key.old", "no key");
	temp_puts(dir.fd, "my-release.key", "no key");
	expect_ok(load(&keys, &dir, &err), &err);
	assert_int_equal(keys.count, 0);
	write_key(&dir, "release.key", 2);
	write_key(&dir, "release-2027.key", 1);
	expect_ok(load(&keys, &dir, &err), &err);
	assert_int_equal(keys.count, 2);
	assert_int_equal(secret_key_seed(keys.items[0])[0], 1);
	assert_int_equal(secret_key_seed(keys.items[1])[0], 2);
	seal = secret_key_public(keys.items[1]);
	expect_refused(release_keys_refuse(&keys, &seal, &err), &err, ERR_KEY,
	    "the key that seals is a release key too");
	seal.ed25519[0] ^= 1;
	expect_ok(release_keys_refuse(&keys, &seal, &err), &err);
	temp_dir_close(&dir);
}

static void refuses_bad_directories(void **state)
{
	struct temp_dir dir;
	auto_release_keys struct release_keys twice = RELEASE_KEYS_INIT;
	auto_release_keys struct release_keys broken = RELEASE_KEYS_INIT;
	auto_release_keys struct release_keys many = RELEASE_KEYS_INIT;
	auto_passphrase_source struct passphrase_source none = PASSPHRASE_SOURCE_INIT(NULL);
	struct error err = ERROR_INIT;

	(void)state;
	temp_dir_open(&dir);
	write_key(&dir, "release.key", 2);
	write_key(&dir, "release2.key", 2);
	expect_refused(load(&twice, &dir, &err), &err, ERR_KEY, "the same key as in another");
	temp_puts(dir.fd, "release.key", "no key");
	expect_refused(load(&broken, &dir, &err), &err, ERR_KEY, "release.key");
	for (unsigned i = 0; i <= LIMIT_RELEASE_KEYS_MAX; i++) {
		auto_free char *name = mem_printf("release%u.key", i);
		temp_puts(dir.fd, name, "");
	}
	expect_refused(load(&many, &dir, &err), &err, ERR_LIMIT, "more than 16 release keys");
	expect_refused(release_keys_load(&many, "/nonexistent", &none, &err), &err, ERR_SYSTEM,
	    "key directory '/nonexistent'");
	temp_dir_close(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_every_release_key),
	    cmocka_unit_test(refuses_bad_directories),
	};
	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
