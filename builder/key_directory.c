#include "builder/key_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/key_public.h"
#include "common/fd.h"
#include "common/file_write.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/spki_pem.h"

#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define POLICY "trust/policy.json"
#define TRUST_RELEASE "trust/release.pub"
#define POLICY_NEW "trust/.policy.json.new" /* a dot name is no part of a trust directory */
#define ITEMS_MAX (3 + 2 * KEY_ROLE_COUNT)

/* One file to be made; the order is that of making them, a role's secret key behind all that goes
 * with it: it says that all is there. */
struct key_item {
	const char *name; /* below DIR */
	const void *bytes;
	size_t len;
	mode_t mode;
};

/* What is to be written, and the memory that it lies in. */
struct key_plan {
	struct key_item items[ITEMS_MAX];
	size_t count;
	bool makes_trust;     /* trust/ is new */
	bool replaces_policy; /* the last item is POLICY_NEW, to be renamed to POLICY */
	struct key_text secrets[KEY_ROLE_COUNT];
	struct buf publics[KEY_ROLE_COUNT]; /* SPKI PEM */
	struct buf signers;
	struct buf policy;
};

static const struct {
	const char *name;
	const char *secret_file;
	const char *public_file;
} roles[] = {
    [KEY_ROLE_SEAL] = {"seal", "seal.key", "seal.pub"},
    [KEY_ROLE_RELEASE] = {"release", "release.key", "release.pub"},
    [KEY_ROLE_ROOT] = {"root", "root.key", "root.pub"},
};

const char *key_role_name(enum key_role role)
{
	return roles[role].name;
}

static void plan_init(struct key_plan *p)
{
	*p = (struct key_plan){
	    .signers = BUF_INIT(4 * KIB), .policy = BUF_INIT(LIMIT_TRUST_FILE_BYTES_MAX)};
	for (size_t i = 0; i < KEY_ROLE_COUNT; i++)
		p->publics[i] = (struct buf)BUF_INIT(4 * KIB);
}

static void plan_release(struct key_plan *p)
{
	for (size_t i = 0; i < KEY_ROLE_COUNT; i++) {
		key_text_release(&p->secrets[i]);
		buf_release(&p->publics[i]);
	}
	buf_release(&p->signers);
	buf_release(&p->policy);
}

static void plan_add(
    struct key_plan *p, const char *name, const void *bytes, size_t len, mode_t mode)
{
	p->items[p->count++] =
	    (struct key_item){.name = name, .bytes = bytes, .len = len, .mode = mode};
}

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

/* Undoes what was made; trust goes only if it is empty then. */
static void remove_items(int dir_fd, const struct key_item *items, size_t count, bool with_trust)
{
	for (size_t i = 0; i < count; i++)
		(void)unlinkat(dir_fd, items[i].name, 0);
	if (with_trust)
		(void)unlinkat(dir_fd, "trust", AT_REMOVEDIR);
}

static int write_items(
    int dir_fd, const struct key_item *items, size_t count, bool with_trust, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		if (file_write_new(dir_fd, items[i].name, items[i].bytes, items[i].len,
			items[i].mode, err) == 0)
			continue;
		/* Never that which refused us by being there. */
		remove_items(dir_fd, items, i, with_trust);
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
	auto_fd int trust = openat(dir_fd, "trust", DIRECTORY_FLAGS);
	auto_fd int parent = openat(dir_fd, "..", DIRECTORY_FLAGS);
	/* A root key needs no trust directory. */
	bool no_trust = trust < 0 && errno == ENOENT;

	if ((trust < 0 && !no_trust) || parent < 0 ||
	    (!no_trust && fd_sync_directory(trust) != 0) || fd_sync_directory(dir_fd) != 0 ||
	    fd_sync_directory(parent) != 0)
		return error_sys(err, "sync");
	return 0;
}

/* A key that is there, whatever else is missing, is somebody's. */
static int check_absent(int dir_fd, const struct key_set *set, struct error *err)
{
	for (size_t i = 0; i < KEY_ROLE_COUNT; i++) {
		if (set->keys[i] != NULL &&
		    faccessat(dir_fd, roles[i].secret_file, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return error_set(err, ERR_EXISTS, "'%s' exists; nothing was changed",
			    roles[i].secret_file);
	}
	return 0;
}

static bool is_there(int dir_fd, const char *name)
{
	return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The release key of the new trust directory: the new one, or one that was there before. */
static int plan_release_public(struct key_plan *p, int dir_fd, const char *path, struct error *err)
{
	struct buf *pem = &p->publics[KEY_ROLE_RELEASE];
	auto_free char *file = mem_printf("%s/%s", path, roles[KEY_ROLE_RELEASE].public_file);
	struct ssh_public_key key;

	if (pem->len != 0 || !is_there(dir_fd, roles[KEY_ROLE_RELEASE].public_file))
		return 0;
	if (key_public_read(&key, file, err) != 0)
		return -1;
	spki_pem_put(pem, key.ed25519);
	return 0;
}

static void plan_new_trust(
    struct key_plan *p, const struct ssh_public_key *seal, const char *principal)
{
	const struct buf *release = &p->publics[KEY_ROLE_RELEASE];

	key_public_line(&p->signers, seal, principal, SSHSIG_NAMESPACE_SEAL);
	buf_printf(&p->policy,
	    "{\"version\":1,\"seal\":{\"threshold\":1,\"signers\":[\"%s\"]}%s}\n", principal,
	    release->len != 0 ? ",\"release\":{\"keys\":[\"release.pub\"],"
				"\"require\":[\"bundle\",\"legacy\"]}"
			      : "");
	p->makes_trust = true;
	plan_add(p, "trust/allowed_signers", p->signers.data, p->signers.len, 0644);
	plan_add(p, POLICY, p->policy.data, p->policy.len, 0644);
	if (release->len != 0)
		plan_add(p, TRUST_RELEASE, release->data, release->len, 0644);
}

static int read_file(struct buf *out, int dir_fd, const char *name, struct error *err)
{
	auto_fd int fd = openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return error_sys(err, "'%s'", name);
	return buf_read_fd(out, fd, name, err);
}

static int load_policy(json_t **out, int dir_fd, struct error *err)
{
	auto_buf struct buf text = BUF_INIT(LIMIT_TRUST_FILE_BYTES_MAX);

	if (read_file(&text, dir_fd, POLICY, err) != 0)
		return -1;
	*out = json_strict_load(buf_text(&text), text.len, err);
	if (*out == NULL) {
		(void)error_recode(err, ERR_TRUST);
		return error_prefix(err, "'" POLICY "'");
	}
	return 0;
}

/* Whether trust/release.pub, which no policy names, is the beginning of release.pub: what a run
 * that was killed has left. Any other is somebody's. */
static bool is_leftover(int dir_fd)
{
	auto_buf struct buf in_trust = BUF_INIT(LIMIT_KEY_FILE_BYTES_MAX);
	auto_buf struct buf own = BUF_INIT(LIMIT_KEY_FILE_BYTES_MAX);
	struct error ignored = ERROR_INIT;

	return read_file(&in_trust, dir_fd, TRUST_RELEASE, &ignored) == 0 &&
	       read_file(&own, dir_fd, roles[KEY_ROLE_RELEASE].public_file, &ignored) == 0 &&
	       in_trust.len <= own.len &&
	       memcmp(buf_text(&in_trust), buf_text(&own), in_trust.len) == 0;
}

/* It makes the whole trust directory unusable, so it goes; last, for it is what tells of the rest.
 */
static int remove_leftovers(int dir_fd, struct error *err)
{
	const char *const names[] = {
	    POLICY_NEW, roles[KEY_ROLE_RELEASE].public_file, TRUST_RELEASE};
	bool has_key = is_there(dir_fd, roles[KEY_ROLE_RELEASE].secret_file);

	if (!is_there(dir_fd, TRUST_RELEASE) || !is_leftover(dir_fd))
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		/* Beside its secret key it is no leftover. */
		if (has_key && names[i] == roles[KEY_ROLE_RELEASE].public_file)
			continue;
		if (unlinkat(dir_fd, names[i], 0) != 0 && errno != ENOENT)
			return error_sys(err, "'%s': remove", names[i]);
	}
	return 0;
}

/* The policy of the trust directory that is there, which is to learn of its first release key;
 * *out stays NULL where there is none to learn. */
static int open_policy(json_t **out, int dir_fd, const struct key_set *set, struct error *err)
{
	if (set->keys[KEY_ROLE_SEAL] != NULL || set->keys[KEY_ROLE_RELEASE] == NULL ||
	    !is_there(dir_fd, "trust"))
		return 0;
	if (load_policy(out, dir_fd, err) != 0)
		return -1;
	return json_object_get(*out, "release") == NULL ? remove_leftovers(dir_fd, err) : 0;
}

static int plan_policy_change(struct key_plan *p, json_t *policy, struct error *err)
{
	if (json_object_get(policy, "release") != NULL)
		return error_set(err, ERR_EXISTS,
		    "'" POLICY "' has a member 'release' already; nothing was changed");
	(void)json_object_set_new(policy, "release",
	    json_pack("{s:[s],s:[s,s]}", "keys", "release.pub", "require", "bundle", "legacy"));
	auto_free char *text = json_dumps(policy, JSON_COMPACT);
	if (text == NULL)
		mem_exhausted();
	buf_printf(&p->policy, "%s\n", text);
	p->replaces_policy = true;
	return buf_check(&p->policy, POLICY, err);
}

static int plan_keys(struct key_plan *p, const struct key_set *set,
    const struct passphrase *passphrase, struct error *err)
{
	for (size_t i = 0; i < KEY_ROLE_COUNT; i++) {
		if (set->keys[i] == NULL)
			continue;
		struct ssh_public_key key = secret_key_public(set->keys[i]);
		spki_pem_put(&p->publics[i], key.ed25519);
		if (key_file_write_secret(&p->secrets[i], set->keys[i], passphrase, err) != 0)
			return -1;
	}
	return 0;
}

/* Everything that is to be written, from what is there now. */
static int make_plan(struct key_plan *p, int dir_fd, const char *path, const struct key_set *set,
    const char *principal, struct error *err)
{
	json_auto_t *policy = NULL;

	if (open_policy(&policy, dir_fd, set, err) != 0 || check_absent(dir_fd, set, err) != 0)
		return -1;
	if (set->keys[KEY_ROLE_SEAL] != NULL) {
		struct ssh_public_key seal = secret_key_public(set->keys[KEY_ROLE_SEAL]);
		if (plan_release_public(p, dir_fd, path, err) != 0)
			return -1;
		plan_new_trust(p, &seal, principal);
	} else if (policy != NULL && plan_policy_change(p, policy, err) != 0) {
		return -1;
	}
	for (size_t i = 0; i < KEY_ROLE_COUNT; i++) {
		if (set->keys[i] == NULL)
			continue;
		plan_add(p, roles[i].public_file, p->publics[i].data, p->publics[i].len, 0644);
		/* Behind the other, by which the next run knows whose it is. */
		if (i == KEY_ROLE_RELEASE && p->replaces_policy)
			plan_add(p, TRUST_RELEASE, p->publics[i].data, p->publics[i].len, 0644);
		plan_add(p, roles[i].secret_file, p->secrets[i].bytes, p->secrets[i].len, 0600);
	}
	if (p->replaces_policy)
		plan_add(p, POLICY_NEW, p->policy.data, p->policy.len, 0644);
	return 0;
}

static int make_trust(int dir_fd, struct error *err)
{
	if (mkdirat(dir_fd, "trust", 0755) != 0)
		return errno == EEXIST
			   ? error_set(err, ERR_EXISTS, "'trust' exists; nothing was changed")
			   : error_sys(err, "'trust': mkdir");
	if (fchmodat(dir_fd, "trust", 0755, 0) == 0)
		return 0;
	(void)error_sys(err, "'trust': chmod");
	(void)unlinkat(dir_fd, "trust", AT_REMOVEDIR);
	return -1;
}

static int write_plan(int dir_fd, const struct key_plan *p, struct error *err)
{
	if (p->makes_trust && make_trust(dir_fd, err) != 0)
		return -1;
	if (write_items(dir_fd, p->items, p->count, p->makes_trust, err) != 0)
		return -1;
	if (sync_directories(dir_fd, err) != 0) {
		remove_items(dir_fd, p->items, p->count, p->makes_trust);
		return -1;
	}
	if (!p->replaces_policy)
		return 0;
	/* The policy comes to name the key only when that is there. */
	if (renameat(dir_fd, POLICY_NEW, dir_fd, POLICY) != 0) {
		(void)error_sys(err, "'" POLICY "': rename");
		remove_items(dir_fd, p->items, p->count, false);
		return -1;
	}
	return sync_directories(dir_fd, err);
}

static int write_directory(int dir_fd, const char *path, const struct key_set *set,
    const char *principal, const struct passphrase *passphrase, struct error *err)
{
	__attribute__((cleanup(plan_release))) struct key_plan plan;

	plan_init(&plan);
	if (plan_keys(&plan, set, passphrase, err) != 0 ||
	    make_plan(&plan, dir_fd, path, set, principal, err) != 0)
		return -1;
	return write_plan(dir_fd, &plan, err);
}

int key_directory_write(const char *path, const struct key_set *set, const char *principal,
    const struct passphrase *passphrase, struct error *err)
{
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
	if (write_directory(dir_fd, path, set, principal, passphrase, err) != 0) {
		if (made)
			(void)rmdir(path);
		return error_prefix(err, "key directory '%s'", path);
	}
	return 0;
}
