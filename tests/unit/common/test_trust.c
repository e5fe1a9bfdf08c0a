#include <pthread.h>
#include <stdatomic.h>

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
	auto_trust struct trust *t = trust_load(path, NULL, &err);

	expect_refused(t == NULL ? -1 : 0, &err, code, text);
	expect_contains(err.text, "trust directory '");
	expect_contains(err.text, path);
	assert_int_equal(open_descriptors(), before);
}

static void loads_a_directory(void **state)
{
	const struct temp_dir *dir = *state;
	struct error err = ERROR_INIT;
	auto_trust struct trust *t = trust_load(dir->path, NULL, &err);
	auto_buf struct buf list = BUF_INIT(1000);
	struct digest d;
	char hex[DIGEST_HEX_LEN + 1];

	if (t == NULL) {
		fail_msg("%s", err.text);
		return;
	}
	assert_int_equal(t->key_count, 1);
	expect_text(t->seal.signers[0], "enclave");
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
	auto_trust struct trust *t = trust_load(dir->path, NULL, &err);
	expect_ok(t != NULL ? 0 : -1, &err);
}

static void row_s15_refuses_any_other_file(void **state)
{
	static const char *const names[] = {"revoked_key", "release.pub", "policy.yaml",
	    "allowed_signers~", "POLICY.JSON", "TRUST", "a-directory"};
	const struct temp_dir *dir = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		bool is_directory = i + 1 == ARRAY_SIZE(names);

		if (is_directory)
			temp_mkdir(dir->fd, names[i]);
		else
			temp_puts(dir->fd, names[i], "");
		expect_trust_refused(dir->path, ERR_TRUST,
		    is_directory ? "is a directory" : "is there and has no meaning");
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
		auto_free char *directory = mem_printf("'%s' is a directory", names[i]);

		assert_int_equal(renameat(dir->fd, names[i], dir->fd, ".away"), 0);
		expect_trust_refused(dir->path, ERR_TRUST, missing);
		assert_int_equal(symlinkat(".nowhere", dir->fd, names[i]), 0);
		expect_trust_refused(dir->path, ERR_TRUST, missing);
		assert_int_equal(unlinkat(dir->fd, names[i], 0), 0);
		assert_int_equal(mkfifoat(dir->fd, names[i], 0600), 0);
		expect_trust_refused(dir->path, ERR_TRUST, irregular);
		assert_int_equal(unlinkat(dir->fd, names[i], 0), 0);
		temp_mkdir(dir->fd, names[i]);
		expect_trust_refused(dir->path, ERR_TRUST, directory);
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

static void row_s15_refuses_what_others_may_write(void **state)
{
	static const char *const names[] = {".", "allowed_signers", "policy.json"};
	const struct temp_dir *dir = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct error err = ERROR_INIT;
		mode_t mode = i == 0 ? 0755 : 0644;

		assert_int_equal(fchmodat(dir->fd, names[i], mode | S_IWGRP, 0), 0);
		auto_trust struct trust *t = trust_load(dir->path, NULL, &err);
		expect_ok(t != NULL ? 0 : -1, &err);
		assert_int_equal(fchmodat(dir->fd, names[i], mode | S_IWOTH, 0), 0);
		expect_trust_refused(
		    dir->path, ERR_TRUST, "others may write to the directory or a file");
		/* The id is told, so that it can be compared. */
		char hex[DIGEST_HEX_LEN + 1];
		digest_hex(hex, &t->id);
		expect_trust_refused(dir->path, ERR_TRUST, hex);
		/* Whoever knows what it must be need not ask who may write. */
		auto_trust struct trust *pinned = trust_load(dir->path, &t->id, &err);
		expect_ok(pinned != NULL ? 0 : -1, &err);
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
	auto_trust struct trust *t = trust_load(link, NULL, &err);
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
	struct ssh_public_key key = {.ed25519 = {7}};
	auto_trust struct trust *t = trust_of_key(&key, "builder");

	(void)state;
	assert_int_equal(t->key_count, 1);
	assert_true(ssh_public_key_equal(&t->keys[0].key, &key));
	assert_true(t->keys[0].for_seals);
	assert_int_equal(t->seal.threshold, 1);
	expect_text(t->seal.signers[0], "builder");
	assert_false(t->has_origins);
	struct ssh_public_key other = {.ed25519 = {8}};
	trust_require_key(t, &other, "second");
	assert_int_equal(t->key_count, 2);
	assert_int_equal(t->seal.threshold, 2);
	expect_text(t->seal.signers[1], "second");
	trust_free(NULL);
}

static void row_s15_the_trust_id_may_be_pinned(void **state)
{
	const struct temp_dir *dir = *state;
	struct error err = ERROR_INIT;
	struct digest other = {{1}};
	auto_trust struct trust *t = trust_load(dir->path, &other, &err);

	expect_refused(t == NULL ? -1 : 0, &err, ERR_TRUST,
	    "and --trust-id says "
	    "0100000000000000000000000000000000000000000000000000000000000000: it is another");
	expect_contains(err.text, "its trust id is ");
}

/* Every file counts for the id, also those that a policy without them would do without. */
static void the_id_covers_every_file(void **state)
{
	const struct temp_dir *dir = *state;
	struct error err = ERROR_INIT;
	auto_trust struct trust *before = trust_load(dir->path, NULL, &err);
	auto_trust_files struct trust_files files = TRUST_FILES_INIT;
	auto_buf struct buf list = BUF_INIT(1000);

	temp_puts(dir->fd, "revoked_keys", "");
	auto_trust struct trust *after = trust_load(dir->path, NULL, &err);
	expect_ok(before != NULL && after != NULL ? 0 : -1, &err);
	assert_false(digest_equal(&before->id, &after->id));
	expect_ok(trust_files_read(&files, dir->path, TRUST_FILES_LOCAL, &err), &err);
	assert_int_equal(files.count, 3);
	trust_files_list(&list, &files);
	expect_contains(buf_text(&list),
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  revoked_keys\n");
	assert_null(trust_files_find(&files, "release.pub"));
}

static void limits_the_number_of_files(void **state)
{
	const struct temp_dir *dir = *state;

	for (unsigned i = 0; i < LIMIT_TRUST_FILES_MAX - 1; i++) {
		auto_free char *name = mem_printf("%02u.pub", i);
		temp_puts(dir->fd, name, "");
	}
	expect_trust_refused(dir->path, ERR_TRUST, "more than 64 files");
}

#define OTHER_KEY "AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG5"

static void row_s16_revoked_keys_are_marked(void **state)
{
	const struct temp_dir *dir = *state;
	struct error err = ERROR_INIT;

	temp_puts(dir->fd, "revoked_keys", "# lost\n\nssh-ed25519 " OTHER_KEY " old\n");
	auto_trust struct trust *other = trust_load(dir->path, NULL, &err);
	expect_ok(other != NULL ? 0 : -1, &err);
	assert_int_equal(other->revoked_count, 1);
	assert_false(other->keys[0].is_revoked);
	temp_puts(dir->fd, "revoked_keys", "ssh-ed25519 " OTHER_KEY "\nssh-ed25519 " KEY);
	auto_trust struct trust *ours = trust_load(dir->path, NULL, &err);
	expect_ok(ours != NULL ? 0 : -1, &err);
	assert_true(ours->keys[0].is_revoked);
	temp_puts(dir->fd, "revoked_keys", "SSHKRL\n\0");
	expect_trust_refused(dir->path, ERR_TRUST, "revoked_keys: line 1: not of the form");
	temp_puts(dir->fd, "revoked_keys", "ssh-ed25519 " OTHER_KEY "\nssh-rsa " OTHER_KEY "\n");
	expect_trust_refused(dir->path, ERR_TRUST, "revoked_keys: line 2: key type 'ssh-rsa'");
}

/* Somebody exchanges the directory behind the links while it is read: never a mixture. */
struct exchange {
	int fd;
	atomic_bool stop;
	atomic_bool failed;
};

static void *exchange_versions(void *context)
{
	struct exchange *x = context;

	for (unsigned i = 0; !x->stop && !x->failed; i++) {
		x->failed = symlinkat(i % 2 == 0 ? "..one" : "..two", x->fd, "..tmp") != 0 ||
			    renameat(x->fd, "..tmp", x->fd, "..data") != 0;
	}
	return NULL;
}

static void put_version(const struct temp_dir *dir, const char *version, const char *principal)
{
	auto_free char *signers = mem_printf("mount/..%s/allowed_signers", version);
	auto_free char *policy = mem_printf("mount/..%s/policy.json", version);
	auto_free char *directory = mem_printf("mount/..%s", version);
	auto_free char *signers_text =
	    mem_printf("%s namespaces=\"seal-v1@sallyport.dev\" ssh-ed25519 " KEY "\n", principal);
	auto_free char *policy_text = mem_printf(
	    "{\"version\":1,\"seal\":{\"threshold\":1,\"signers\":[\"%s\"]}}\n", principal);

	temp_mkdir(dir->fd, directory);
	temp_puts(dir->fd, signers, signers_text);
	temp_puts(dir->fd, policy, policy_text);
}

static void row_s15_versions_are_never_mixed(void **state)
{
	const struct temp_dir *dir = *state;
	auto_free char *mount = temp_path(dir, "mount");
	size_t whole = 0;
	pthread_t thread;

	temp_mkdir(dir->fd, "mount");
	put_version(dir, "one", "one");
	put_version(dir, "two", "two");
	assert_int_equal(symlinkat("..one", dir->fd, "mount/..data"), 0);
	assert_int_equal(symlinkat("..data/policy.json", dir->fd, "mount/policy.json"), 0);
	assert_int_equal(symlinkat("..data/allowed_signers", dir->fd, "mount/allowed_signers"), 0);
	struct exchange x = {.fd = openat(dir->fd, "mount", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	assert_int_equal(pthread_create(&thread, NULL, exchange_versions, &x), 0);
	for (size_t i = 0; i < 2000; i++) {
		struct error err = ERROR_INIT;
		auto_trust struct trust *t = trust_load(mount, NULL, &err);

		/* A mixture would name a signer without a key. */
		if (t != NULL)
			whole++;
		else
			expect_error(&err, ERR_TRUST, "was changed while it was read");
	}
	x.stop = true;
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)close(x.fd);
	assert_false(x.failed);
	assert_true(whole > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(loads_a_directory, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(dot_names_are_not_looked_at, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(row_s15_refuses_any_other_file, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(needs_both_files, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_is_wrong_inside_is_named, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		row_s15_refuses_what_others_may_write, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(follows_the_links_of_mounts, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(needs_a_directory, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(row_s15_the_trust_id_may_be_pinned, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(the_id_covers_every_file, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(limits_the_number_of_files, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(row_s16_revoked_keys_are_marked, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(row_s15_versions_are_never_mixed, set_up, tear_down),
	    cmocka_unit_test(trusts_one_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
