#include "pusher/credential_edit.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/file_write.h"
#include "common/json.h"
#include "pusher/credential_file.h"
#include "pusher/secret.h"

#define DOCKER_HUB "docker.io"
#define DOCKER_HUB_KEY "https://index.docker.io/v1/"
#define BASIC_LEN 6 /* "Basic " */
/* As docker indents. */
#define DUMP_FLAGS (JSON_INDENT(2) | JSON_PRESERVE_ORDER)

/* ---- the document ---- */

/* The object, with "auths" in it; a new one for an empty file. */
static json_t *load(const char *bytes, size_t len, struct error *err)
{
	struct error quoting = ERROR_INIT;
	const json_t *auths;
	json_t *root = len == 0 ? json_object() : json_strict_load(bytes, len, &quoting);

	explicit_bzero(&quoting, sizeof(quoting));
	if (root == NULL) {
		(void)error_set(err, ERR_AUTH, "no JSON object of the strict kind");
		return NULL;
	}
	if (json_strict_object(root, "auths", JSON_OPTIONAL, &auths, err) != 0) {
		json_decref(root);
		(void)error_recode(err, ERR_AUTH);
		return NULL;
	}
	if (auths == NULL && json_object_set_new(root, "auths", json_object()) != 0)
		mem_exhausted();
	return root;
}

static int on_dump(const char *bytes, size_t len, void *context)
{
	buf_put(context, bytes, len);
	return 0;
}

static int dump(struct buf *out, const json_t *root, struct error *err)
{
	if (json_dump_callback(root, on_dump, out, DUMP_FLAGS) != 0)
		return error_set(err, ERR_SYSTEM, "the credentials cannot be written as JSON");
	buf_putc(out, '\n');
	return buf_check(out, "the file", err);
}

static bool is_for_whole(const char *key, const struct target *target)
{
	const char *path = credential_key_match(key, target);

	return path != NULL && path[0] == '\0';
}

/* Takes out every entry for the registry but keep, which may be NULL. */
static bool remove_entries(json_t *auths, const struct target *target, const char *keep)
{
	bool is_found = false;
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(auths, next, key, value)
	{
		if (!is_for_whole(key, target) || (keep != NULL && strcmp(key, keep) == 0))
			continue;
		is_found = true;
		(void)json_object_del(auths, key);
	}
	return is_found;
}

/* The key that is there already keeps its place and its form. Owned by the caller. */
static char *key_for(json_t *auths, const struct target *target)
{
	const char *key;
	json_t *value;

	json_object_foreach(auths, key, value)
	{
		if (is_for_whole(key, target))
			return mem_strdup(key);
	}
	return mem_strdup(
	    strcmp(target->destination.host, DOCKER_HUB) == 0 ? DOCKER_HUB_KEY : target->label);
}

static void put_entry(
    json_t *auths, const struct target *target, const struct credential *credential)
{
	auto_secret char *basic = credential_basic(credential->username, credential->password);
	auto_free char *key = key_for(auths, target);
	json_t *entry = json_object();

	if (json_object_set_new(entry, "auth", json_string(basic + BASIC_LEN)) != 0 ||
	    json_object_set_new(auths, key, entry) != 0)
		mem_exhausted();
	(void)remove_entries(auths, target, key);
}

/* ---- the edits ---- */

static int check_helper(
    const char *bytes, size_t len, const struct target *target, struct error *err)
{
	const struct credential_file file = {.path = ""};
	auto_credentials struct credentials found = CREDENTIALS_INIT;
	auto_free char *helper = NULL;
	struct error ignored = ERROR_INIT;

	/* What is wrong with the entry that is to be replaced does not matter. */
	if (credential_file_parse(&found, &file, bytes, len, target, &helper, &ignored) != 0)
		explicit_bzero(&ignored, sizeof(ignored));
	if (helper == NULL)
		return 0;
	return error_set(err, ERR_USAGE,
	    "it names the credential helper '%s' for %s, and docker would not look at an entry "
	    "beside it: log in with docker, or give another file with --registry-config",
	    helper, target->label);
}

int credential_edit_put(struct buf *out, const char *bytes, size_t len, const struct target *target,
    const struct credential *credential, struct error *err)
{
	json_auto_t *root = NULL;

	root = load(bytes, len, err);
	if (root == NULL || check_helper(bytes, len, target, err) != 0)
		return -1;
	put_entry(json_object_get(root, "auths"), target, credential);
	return dump(out, root, err);
}

int credential_edit_remove(struct buf *out, const char *bytes, size_t len,
    const struct target *target, bool *out_found, struct error *err)
{
	json_auto_t *root = NULL;

	*out_found = false;
	root = load(bytes, len, err);
	if (root == NULL)
		return -1;
	*out_found = remove_entries(json_object_get(root, "auths"), target, NULL);
	return *out_found ? dump(out, root, err) : 0;
}

/* ---- the file ---- */

static int replace(int directory, const char *name, const struct buf *content, struct error *err)
{
	char random[17];
	uint8_t bytes[8];

	randombytes_buf(bytes, sizeof(bytes));
	(void)sodium_bin2hex(random, sizeof(random), bytes, sizeof(bytes));
	auto_free char *temporary = mem_printf(".%s.%s", name, random);
	if (file_write_new(directory, temporary, buf_text(content), content->len, 0600, err) != 0)
		return -1;
	if (renameat(directory, temporary, directory, name) != 0) {
		(void)error_sys(err, "rename");
		(void)unlinkat(directory, temporary, 0);
		return -1;
	}
	return fd_sync_directory(directory) == 0 ? 0 : error_sys(err, "fsync");
}

int credential_edit_write(const char *path, const struct buf *content, struct error *err)
{
	auto_free char *real = realpath(path, NULL);
	auto_free char *for_directory = mem_strdup(real == NULL ? path : real);
	auto_free char *for_name = mem_strdup(real == NULL ? path : real);
	const char *directory = dirname(for_directory);

	if (real == NULL && errno != ENOENT)
		return error_sys(err, "credentials '%s'", path);
	auto_fd int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "credentials '%s': its directory", path);
	if (replace(fd, basename(for_name), content, err) != 0)
		return error_prefix(err, "credentials '%s'", path);
	return 0;
}
