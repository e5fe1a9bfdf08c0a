#include "builder/release_keys.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "common/release_policy.h"

static bool is_release_key(const char *name)
{
	static const char prefix[] = "release";
	static const char suffix[] = ".key";
	size_t len = strlen(name);

	return len >= sizeof(prefix) - 1 + sizeof(suffix) - 1 &&
	       strncmp(name, prefix, sizeof(prefix) - 1) == 0 &&
	       strcmp(name + len - (sizeof(suffix) - 1), suffix) == 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of release keys in a directory. */
struct names {
	char *items[LIMIT_RELEASE_KEYS_MAX]; /* owned */
	size_t count;
};

static void names_release(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->items[i]);
	n->count = 0;
}

static int collect(struct names *out, DIR *dir, const char *path, struct error *err)
{
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(dir);

		if (entry == NULL)
			return errno == 0 ? 0 : error_sys(err, "key directory '%s'", path);
		if (!is_release_key(entry->d_name))
			continue;
		if (out->count >= LIMIT_RELEASE_KEYS_MAX)
			return error_set(err, ERR_LIMIT,
			    "key directory '%s': more than %u release keys", path,
			    LIMIT_RELEASE_KEYS_MAX);
		out->items[out->count++] = mem_strdup(entry->d_name);
	}
}

static int list_names(struct names *out, const char *path, struct error *err)
{
	DIR *dir = opendir(path);

	if (dir == NULL)
		return error_sys(err, "key directory '%s'%s", path,
		    errno == ENOENT ? " ('builder keygen' makes one)" : "");
	int result = collect(out, dir, path, err);
	(void)closedir(dir);
	if (result == 0)
		qsort(out->items, out->count, sizeof(out->items[0]), compare_names);
	return result;
}

static int add_key(
    struct release_keys *out, const char *path, struct passphrase_source *source, struct error *err)
{
	struct secret_key *key = key_file_load(path, source, err);

	if (key == NULL)
		return -1;
	out->items[out->count++] = key;
	struct ssh_public_key own = secret_key_public(key);
	for (size_t i = 0; i + 1 < out->count; i++) {
		struct ssh_public_key other = secret_key_public(out->items[i]);

		if (ssh_public_key_equal(&own, &other))
			return error_set(err, ERR_KEY,
			    "key '%s': the same key as in another release*.key beside it", path);
	}
	return 0;
}

int release_keys_load(struct release_keys *out, const char *directory,
    struct passphrase_source *source, struct error *err)
{
	__attribute__((cleanup(names_release))) struct names names = {.count = 0};

	out->count = 0;
	if (list_names(&names, directory, err) != 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		auto_free char *path = mem_printf("%s/%s", directory, names.items[i]);

		if (add_key(out, path, source, err) != 0)
			return -1;
	}
	return 0;
}

void release_keys_release(struct release_keys *k)
{
	for (size_t i = 0; i < k->count; i++)
		secret_key_free(k->items[i]);
	k->count = 0;
}

int release_keys_refuse(
    const struct release_keys *k, const struct ssh_public_key *seal, struct error *err)
{
	for (size_t i = 0; i < k->count; i++) {
		struct ssh_public_key key = secret_key_public(k->items[i]);

		if (ssh_public_key_equal(&key, seal))
			return error_set(err, ERR_KEY,
			    "the key that seals is a release key too: clusters trust the one, "
			    "pusher the other; make a second key with 'builder keygen'");
	}
	return 0;
}

int release_keys_judge(
    const struct release_keys *k, const struct verified_layout *v, struct error *err)
{
	for (size_t i = 0; i < k->count; i++) {
		struct ssh_public_key key = secret_key_public(k->items[i]);
		const struct trust trust = {.release = {.keys = &key.ed25519,
						.key_count = 1,
						.require_bundle = true,
						.require_legacy = true}};

		if (release_judge(
			verified_layout_graph(v), verified_layout_files(v), &trust, NULL, err) != 0)
			return -1;
	}
	return 0;
}
