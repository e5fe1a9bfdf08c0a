#include "common/limits.h"
#include "common/trust.h"
#include "tests/unit/temp_dir.h"

#define KEY "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define SIGNERS "enclave namespaces=\"seal-v1@sallyport.dev\" ssh-ed25519 " KEY "\n"
#define POLICY "{\"version\":1,\"seal\":{\"threshold\":1,\"signers\":[\"enclave\"]}}\n"

static int set_up(void **state)
{
	struct temp_dir *t = mem_zalloc(1, sizeof(*t));

	temp_dir_open(t);
	assert_int_equal(fchmod(t->fd, 0755), 0);
	temp_puts(t->fd, "allowed_signers", SIGNERS);
	temp_puts(t->fd, "policy.json", POLICY);
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	temp_dir_close(*state);
	free(*state);
	return 0;
}

static void expect_trust_refused(const char *path, enum err_code code, const char *text)
{
	struct error err = ERROR_INIT;
	size_t before = open_descriptors();
	auto_trust struct trust *t = trust_load(path, &err);

	expect_refused(t == NULL ? -1 : 0, &err, code, text);
	expect_contains(err.text, "trust directory '");
	expect_contains(err.text, path);
	assert_int_equal(open_descriptors(), before);
}

static void loads_a_directory(void **state)
{
	const struct temp_dir *dir = *state;
	struct error err = ERROR_INIT;
	auto_trust struct trust *t = trust_load(dir->path, &err);
	auto_buf struct buf list = BUF_INIT(1000);
	struct digest d;
	char hex[DIGEST_HEX_LEN + 1];

	if (t == NULL) {
		fail_msg("%s", err.text);
		return;
	}
	assert_int_equal(t->key_count, 1);
	expect_text(t->signers[0], "enclave");
	/* The trust id is that of the sorted sha256sum list. */
	digest_of(&d, SIGNERS, strlen(SIGNERS));
	digest_hex(hex, &d);
	buf_printf(&list, "%s  allowed_signers\n", hex);
	digest_of(&d, POLICY, strlen(POLICY));
	digest_hex(hex, &d);
	buf_printf(&list, "%s  policy.json\n", hex);
	digest_of(&d, list.data, list.len);
	assert_true(digest_equal(&d, &t->id));
}

static void dot_names_are_not_looked_at(void **state)
{
	const struct temp_dir *dir = *state;
	struct error err = ERROR_INIT;

	temp_puts(dir->fd, ".hidden", "anything");
	temp_mkdir(dir->fd, ".git");
	auto_trust struct trust *t = trust_load(dir->path, &err);
	expect_ok(t != NULL ? 0 : -1, &err);
}

static void refuses_any_other_file(void **state)
{
	static const char *const names[] = {"revoked_key", "revoked_keys", "release.pub",
	    "policy.yaml", "allowed_signers~", "POLICY.JSON", "a-directory"};
	const struct temp_dir *dir = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		bool is_directory = i + 1 == ARRAY_SIZE(names);

		if (is_directory)
			temp_mkdir(dir->fd, names[i]);
		else
			temp_puts(dir->fd, names[i], "");
		expect_trust_refused(dir->path, ERR_TRUST, "this version takes no such file");
		expect_trust_refused(dir->path, ERR_TRUST, names[i]);
		assert_int_equal(unlinkat(dir->fd, names[i], is_directory ? AT_REMOVEDIR : 0), 0);
	}
}

static void needs_both_files(void **state)
{
	static const char *const names[] = {"allowed_signers", "policy.json"};
	const struct temp_dir *dir = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *missing = mem_printf("%s: missing", names[i]);
		auto_free char *irregular = mem_printf("%s: not a regular file", names[i]);

		assert_int_equal(renameat(dir->fd, names[i], dir->fd, ".away"), 0);
		expect_trust_refused(dir->path, ERR_TRUST, missing);
		assert_int_equal(symlinkat(".nowhere", dir->fd, names[i]), 0);
		expect_trust_refused(dir->path, ERR_TRUST, missing);
		assert_int_equal(unlinkat(dir->fd, names[i], 0), 0);
		assert_int_equal(mkfifoat(dir->fd, names[i], 0600), 0);
		expect_trust_refused(dir->path, ERR_TRUST, irregular);
		assert_int_equal(unlinkat(dir->fd, names[i], 0), 0);
		temp_mkdir(dir->fd, names[i]);
		expect_trust_refused(dir->path, ERR_TRUST, irregular);
		assert_int_equal(unlinkat(dir->fd, names[i], AT_REMOVEDIR), 0);
		assert_int_equal(renameat(dir->fd, ".away", dir->fd, names[i]), 0);
	}
}

static void what_is_wrong_inside_is_named(void **state)
{
	const struct temp_dir *dir = *state;
	auto_free char *huge = mem_zalloc(LIMIT_TRUST_FILE_BYTES_MAX + 2, 1);

	temp_puts(dir->fd, "policy.json", "{\"version\":2}");
	expect_trust_refused(dir->path, ERR_TRUST, "policy.json: version is not 1");
	temp_puts(dir->fd, "allowed_signers", SIGNERS SIGNERS);
	expect_trust_refused(dir->path, ERR_TRUST, "allowed_signers: line 2: the same key");
	memset(huge, '\n', LIMIT_TRUST_FILE_BYTES_MAX + 1);
	temp_puts(dir->fd, "allowed_signers", huge);
	expect_trust_refused(dir->path, ERR_TRUST, "allowed_signers: larger than 262144 bytes");
	huge[LIMIT_TRUST_FILE_BYTES_MAX] = '\0';
	temp_puts(dir->fd, "allowed_signers", huge);
	expect_trust_refused(dir->path, ERR_TRUST, "allowed_signers: no key in it");
}

static void refuses_what_others_may_write(void **state)
{
	static const char *const names[] = {".", "allowed_signers", "policy.json"};
	const struct temp_dir *dir = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct error err = ERROR_INIT;
		mode_t mode = i == 0 ? 0755 : 0644;

		assert_int_equal(fchmodat(dir->fd, names[i], mode | S_IWGRP, 0), 0);
		auto_trust struct trust *t = trust_load(dir->path, &err);
		expect_ok(t != NULL ? 0 : -1, &err);
		assert_int_equal(fchmodat(dir->fd, names[i], mode | S_IWOTH, 0), 0);
		expect_trust_refused(
		    dir->path, ERR_TRUST, "others may write to the directory or a file");
		/* The id is told, so that it can be compared. */
		char hex[DIGEST_HEX_LEN + 1];
		digest_hex(hex, &t->id);
		expect_trust_refused(dir->path, ERR_TRUST, hex);
		assert_int_equal(fchmodat(dir->fd, names[i], mode, 0), 0);
	}
}

/* As Kubernetes mounts a ConfigMap: links to a directory that is exchanged as a whole. */
static void follows_the_links_of_mounts(void **state)
{
	const struct temp_dir *dir = *state;
	struct error err = ERROR_INIT;
	auto_free char *link = temp_path(dir, "trust");

	temp_mkdir(dir->fd, "mount");
	temp_mkdir(dir->fd, "mount/..2024_01_02");
	assert_int_equal(
	    renameat(dir->fd, "policy.json", dir->fd, "mount/..2024_01_02/policy.json"), 0);
	assert_int_equal(
	    renameat(dir->fd, "allowed_signers", dir->fd, "mount/..2024_01_02/allowed_signers"), 0);
	assert_int_equal(symlinkat("..2024_01_02", dir->fd, "mount/..data"), 0);
	assert_int_equal(symlinkat("..data/policy.json", dir->fd, "mount/policy.json"), 0);
	assert_int_equal(symlinkat("..data/allowed_signers", dir->fd, "mount/allowed_signers"), 0);
	assert_int_equal(symlinkat("mount", dir->fd, "trust"), 0);
	auto_trust struct trust *t = trust_load(link, &err);
	expect_ok(t != NULL ? 0 : -1, &err);
	/* The file behind the link is what others may not write. */
	assert_int_equal(fchmodat(dir->fd, "mount/..2024_01_02/policy.json", 0666, 0), 0);
	expect_trust_refused(link, ERR_TRUST, "others may write");
}

static void needs_a_directory(void **state)
{
	const struct temp_dir *dir = *state;
	auto_free char *file = temp_path(dir, "policy.json");
	auto_free char *nothing = temp_path(dir, "nothing");

	expect_trust_refused(file, ERR_TRUST, "not a directory");
	expect_trust_refused(nothing, ERR_TRUST, "there is none");
}

static void trusts_one_key(void **state)
{
	struct ssh_public_key key = {{7}};
	auto_trust struct trust *t = trust_of_key(&key, "builder");

	(void)state;
	assert_int_equal(t->key_count, 1);
	assert_true(ssh_public_key_equal(&t->keys[0].key, &key));
	assert_true(t->keys[0].for_seals);
	assert_int_equal(t->threshold, 1);
	expect_text(t->signers[0], "builder");
	assert_false(t->has_origins);
	trust_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(loads_a_directory, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(dot_names_are_not_looked_at, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(refuses_any_other_file, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(needs_both_files, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_is_wrong_inside_is_named, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(refuses_what_others_may_write, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(follows_the_links_of_mounts, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(needs_a_directory, set_up, tear_down),
	    cmocka_unit_test(trusts_one_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
