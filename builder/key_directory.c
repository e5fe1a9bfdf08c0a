#include "builder/key_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/file_write.h"
#include "common/fd.h"
#include "common/limits.h"

#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

/* One file to be made; the table's order is that of making them, the secret last: it says that all
 * is there. */
struct key_item {
	const char *name; /* below DIR */
	const void *bytes;
	size_t len;
	mode_t mode;
};

int principal_check(const char *text, struct error *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._@+-";
	size_t len = strlen(text);

	if (len == 0 || len > 64 || strspn(text, allowed) != len)
		return error_set(err, ERR_USAGE,
		    "principal '%.100s': 1 to 64 letters, digits, . _ @ + and -", text);
	return 0;
}

static void put_allowed_signers(
    struct buf *b, const struct ssh_public_key *key, const char *principal)
{
	buf_printf(b, "%s namespaces=\"%s\" ", principal, SSHSIG_NAMESPACE_SEAL);
	ssh_public_key_line(b, key);
	buf_putc(b, '\n');
}

/* Undoes what was made; the directories go only if they are empty then. */
static void remove_items(int dir_fd, const struct key_item *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)unlinkat(dir_fd, items[i].name, 0);
	(void)unlinkat(dir_fd, "trust", AT_REMOVEDIR);
}

static int write_items(int dir_fd, const struct key_item *items, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		if (file_write_new(dir_fd, items[i].name, items[i].bytes, items[i].len,
			items[i].mode, err) == 0)
			continue;
		/* Never that which refused us by being there. */
		remove_items(dir_fd, items, i);
		if (err->sys_errno == EEXIST)
			(void)error_set(
			    err, ERR_EXISTS, "'%s' exists; nothing was changed", items[i].name);
		return -1;
	}
	return 0;
}

/* The parent too: DIR itself may be new. */
static int sync_directories(int dir_fd, struct error *err)
{
	auto_fd int trust = openat(dir_fd, "trust", DIRECTORY_FLAGS | O_NOFOLLOW);
	auto_fd int parent = openat(dir_fd, "..", DIRECTORY_FLAGS);

	if (trust < 0 || parent < 0 || fd_sync_directory(trust) != 0 ||
	    fd_sync_directory(dir_fd) != 0 || fd_sync_directory(parent) != 0)
		return error_sys(err, "sync");
	return 0;
}

static int write_directory(
    int dir_fd, const struct key_item *items, size_t count, struct error *err)
{
	/* A key that is there, whatever else is missing, is somebody's. */
	if (faccessat(dir_fd, "seal.key", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return error_set(err, ERR_EXISTS, "'seal.key' exists; nothing was changed");
	if (mkdirat(dir_fd, "trust", 0755) != 0)
		return errno == EEXIST
			   ? error_set(err, ERR_EXISTS, "'trust' exists; nothing was changed")
			   : error_sys(err, "'trust': mkdir");
	if (fchmodat(dir_fd, "trust", 0755, 0) != 0 ||
	    write_items(dir_fd, items, count, err) != 0) {
		if (err->code == ERR_NONE)
			(void)error_sys(err, "'trust': chmod");
		(void)unlinkat(dir_fd, "trust", AT_REMOVEDIR);
		return -1;
	}
	if (sync_directories(dir_fd, err) != 0) {
		remove_items(dir_fd, items, count);
		return -1;
	}
	return 0;
}

int key_directory_write(const char *path, const struct secret_key *key, const char *principal,
    const struct passphrase *passphrase, struct error *err)
{
	static const char policy_format[] =
	    "{\"version\":1,\"seal\":{\"threshold\":1,\"signers\":[\"%s\"]}}\n";
	struct ssh_public_key public_key = secret_key_public(key);
	auto_key_text struct key_text secret = {.bytes = NULL, .len = 0};
	auto_buf struct buf spki = BUF_INIT(4 * KIB);
	auto_buf struct buf signers = BUF_INIT(4 * KIB);
	auto_buf struct buf policy = BUF_INIT(4 * KIB);

	if (key_file_write_secret(&secret, key, passphrase, err) != 0)
		return -1;
	key_file_write_public(&spki, &public_key);
	put_allowed_signers(&signers, &public_key, principal);
	buf_printf(&policy, policy_format, principal);
	const struct key_item items[] = {
	    {"trust/allowed_signers", signers.data, signers.len, 0644},
	    {"trust/policy.json", policy.data, policy.len, 0644},
	    {"seal.pub", spki.data, spki.len, 0644},
	    {"seal.key", secret.bytes, secret.len, 0600},
	};
	bool made = mkdir(path, 0700) == 0;
	if (!made && errno != EEXIST)
		return error_sys(err, "key directory '%s': mkdir", path);
	auto_fd int dir_fd = open(path, DIRECTORY_FLAGS);
	if (dir_fd < 0) {
		(void)error_sys(err, "key directory '%s'", path);
		if (made)
			(void)rmdir(path);
		return -1;
	}
	if (write_directory(dir_fd, items, sizeof(items) / sizeof(items[0]), err) != 0) {
		if (made)
			(void)rmdir(path);
		return error_prefix(err, "key directory '%s'", path);
	}
	return 0;
}
