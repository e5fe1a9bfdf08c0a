#include "common/trust.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/trust_policy.h"

#define ALLOWED_SIGNERS "allowed_signers"
#define POLICY "policy.json"

/* The files of a trust directory, each read once: what is digested is what is parsed. */
struct files {
	struct buf allowed_signers;
	struct buf policy;
};

static void release_files(struct files *f)
{
	buf_release(&f->allowed_signers);
	buf_release(&f->policy);
}

static int read_file(
    int dir_fd, const char *name, struct buf *out, bool *others_may_write, struct error *err)
{
	struct stat st;
	auto_fd int fd = openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return error_set(err, ERR_TRUST, "%s: missing", name);
	if (fd < 0 || fstat(fd, &st) != 0)
		return error_sys(err, "%s", name);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_TRUST, "%s: not a regular file", name);
	if ((st.st_mode & S_IWOTH) != 0)
		*others_may_write = true;
	return buf_read_fd(out, fd, name, err);
}

/* A misspelt file must not mean that it has nothing to say. */
static int refuse_other_files(DIR *dir, struct error *err)
{
	const struct dirent *entry;

	errno = 0;
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, ALLOWED_SIGNERS) != 0 &&
		    strcmp(entry->d_name, POLICY) != 0)
			return error_set(err, ERR_TRUST,
			    "%s: this version takes no such file; it takes " ALLOWED_SIGNERS
			    " and " POLICY,
			    entry->d_name);
		errno = 0;
	}
	return errno != 0 ? error_sys(err, "readdir") : 0;
}

/* The sha256sum list of the files, sorted by name; its digest names the directory's content. */
static void digest_files(struct digest *out, const struct files *f)
{
	const struct {
		const struct buf *content;
		const char *name;
	} sorted[] = {{&f->allowed_signers, ALLOWED_SIGNERS}, {&f->policy, POLICY}};
	auto_buf struct buf list = BUF_INIT(4 * KIB);

	for (size_t i = 0; i < sizeof(sorted) / sizeof(sorted[0]); i++) {
		struct digest d;
		char hex[DIGEST_HEX_LEN + 1];

		digest_of(&d, buf_text(sorted[i].content), sorted[i].content->len);
		digest_hex(hex, &d);
		buf_printf(&list, "%s  %s\n", hex, sorted[i].name);
	}
	digest_of(out, buf_text(&list), list.len);
}

static int refuse_writable(const struct digest *id, struct error *err)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(hex, id);
	return error_set(err, ERR_TRUST,
	    "others may write to the directory or a file in it (chmod -R o-w it, once its trust id "
	    "is known to be right: %s)",
	    hex);
}

static int read_directory(
    struct files *f, const char *path, struct digest *out_id, struct error *err)
{
	struct stat st;
	auto_dir DIR *dir = opendir(path);

	if (dir == NULL && (errno == ENOTDIR || errno == ENOENT))
		return error_set(
		    err, ERR_TRUST, "%s", errno == ENOENT ? "there is none" : "not a directory");
	if (dir == NULL || fstat(dirfd(dir), &st) != 0)
		return error_sys(err, "cannot be opened");
	bool others_may_write = (st.st_mode & S_IWOTH) != 0;
	if (refuse_other_files(dir, err) != 0 ||
	    read_file(dirfd(dir), ALLOWED_SIGNERS, &f->allowed_signers, &others_may_write, err) !=
		0 ||
	    read_file(dirfd(dir), POLICY, &f->policy, &others_may_write, err) != 0)
		return -1;
	digest_files(out_id, f);
	return others_may_write ? refuse_writable(out_id, err) : 0;
}

struct trust *trust_load(const char *path, struct error *err)
{
	__attribute__((cleanup(release_files))) struct files files = {
	    .allowed_signers = BUF_INIT(LIMIT_TRUST_FILE_BYTES_MAX),
	    .policy = BUF_INIT(LIMIT_TRUST_FILE_BYTES_MAX),
	};
	auto_trust struct trust *t = mem_zalloc(1, sizeof(*t));

	if (read_directory(&files, path, &t->id, err) != 0 ||
	    trust_parse_allowed_signers(
		t, buf_text(&files.allowed_signers), files.allowed_signers.len, err) != 0 ||
	    trust_parse_policy(t, buf_text(&files.policy), files.policy.len, err) != 0) {
		(void)error_recode(err, ERR_TRUST);
		(void)error_prefix(err, "trust directory '%s'", path);
		return NULL;
	}
	return steal_ptr(&t);
}

struct trust *trust_of_key(const struct ssh_public_key *key, const char *principal)
{
	struct trust *t = mem_zalloc(1, sizeof(*t));

	t->keys = mem_zalloc(1, sizeof(*t->keys));
	t->keys[0] = (struct trust_key){.principal = mem_strdup(principal),
	    .key = *key,
	    .for_seals = true,
	    .valid_after = INT64_MIN,
	    .valid_before = INT64_MAX};
	t->key_count = 1;
	t->signers = mem_zalloc(1, sizeof(*t->signers));
	t->signers[0] = mem_strdup(principal);
	t->signer_count = 1;
	t->threshold = 1;
	return t;
}

static void free_strings(char **strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

void trust_free(struct trust *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->key_count; i++)
		free(t->keys[i].principal);
	free(t->keys);
	free_strings(t->signers, t->signer_count);
	for (size_t i = 0; i < t->origin_count; i++) {
		free(t->origins[i].name);
		free_strings(t->origins[i].principals, t->origins[i].principal_count);
	}
	free(t->origins);
	for (size_t i = 0; i < t->destination_count; i++)
		destination_release(&t->destinations[i]);
	free(t->destinations);
	free(t);
}
