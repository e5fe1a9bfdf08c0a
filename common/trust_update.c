#include "common/trust_update.h"

#include <string.h>

#include "common/limits.h"
#include "common/timestamp.h"

#define PREFIX TRUST_UPDATE_LIST "."
#define SUFFIX ".sig"

void trust_update_signature_name(
    char out[TRUST_UPDATE_SIGNATURE_NAME_LEN + 1], const char kid[LAYOUT_KID_LEN + 1])
{
	memcpy(out, PREFIX, strlen(PREFIX));
	memcpy(out + strlen(PREFIX), kid, LAYOUT_KID_LEN);
	memcpy(out + strlen(PREFIX) + LAYOUT_KID_LEN, SUFFIX, strlen(SUFFIX) + 1);
}

static bool is_signature_name(const char *name)
{
	return strlen(name) == TRUST_UPDATE_SIGNATURE_NAME_LEN &&
	       strncmp(name, PREFIX, strlen(PREFIX)) == 0 &&
	       strspn(name + strlen(PREFIX), "0123456789abcdef") == LAYOUT_KID_LEN &&
	       strcmp(name + strlen(PREFIX) + LAYOUT_KID_LEN, SUFFIX) == 0;
}

/* Takes TRUST and its signatures out of the files. Both stay sorted by name. */
static void sort_out(struct trust_update *u, bool *out_has_list)
{
	struct trust_files *files = &u->files;
	size_t kept = 0;

	*out_has_list = false;
	u->signatures.items = mem_zalloc(files->count + 1, sizeof(*u->signatures.items));
	for (size_t i = 0; i < files->count; i++) {
		struct trust_file file = files->items[i];

		if (strcmp(file.name, TRUST_UPDATE_LIST) == 0) {
			*out_has_list = true;
			u->list = file.content;
			free(file.name);
		} else if (is_signature_name(file.name)) {
			u->signatures.items[u->signatures.count++] = file;
		} else {
			files->items[kept++] = file;
		}
	}
	files->count = kept;
}

/* Which file it is that differs from the list. */
static int refuse_list(const struct trust_update *u, struct error *err)
{
	const char *list = buf_text(&u->list);

	for (size_t i = 0; i < u->files.count; i++) {
		const struct trust_file *file = &u->files.items[i];
		auto_buf struct buf line = BUF_INIT(1 * KIB);
		const struct trust_files one = {.items = &u->files.items[i], .count = 1};

		trust_files_list(&line, &one);
		const char *found = memmem(list, u->list.len, buf_text(&line), line.len);
		if (found == NULL || (found != list && found[-1] != '\n'))
			return error_set(err, ERR_SEAL,
			    "%s: not the file that " TRUST_UPDATE_LIST " lists", file->name);
	}
	return error_set(err, ERR_SEAL, TRUST_UPDATE_LIST " lists other files than there are");
}

static int check_list(const struct trust_update *u, struct error *err)
{
	auto_buf struct buf expected = BUF_INIT(LIMIT_TRUST_FILE_BYTES_MAX);

	trust_files_list(&expected, &u->files);
	/* One spelling: nobody has to parse it. */
	return expected.len == u->list.len &&
		       memcmp(buf_text(&expected), buf_text(&u->list), expected.len) == 0
		   ? 0
		   : refuse_list(u, err);
}

int trust_update_read(struct trust_update *out, const char *path, struct error *err)
{
	bool has_list = false;

	*out = (struct trust_update)TRUST_UPDATE_INIT;
	int result = trust_files_read(&out->files, path, TRUST_FILES_MEDIUM, err);
	if (result == 0) {
		sort_out(out, &has_list);
		if (!has_list)
			result = error_set(
			    err, ERR_SEAL, "no " TRUST_UPDATE_LIST ": this is not a trust update");
		else if (out->signatures.count > LIMIT_SIGNATURES_MAX)
			result = error_set(
			    err, ERR_SEAL, "more than %u signatures", LIMIT_SIGNATURES_MAX);
		else
			result = check_list(out, err);
	}
	if (result != 0) {
		(void)error_recode(err, ERR_SEAL);
		return error_prefix(err, "trust update '%s'", path);
	}
	trust_files_id(&out->id, &out->files);
	return 0;
}

void trust_update_release(struct trust_update *u)
{
	trust_files_release(&u->files);
	trust_files_release(&u->signatures);
	buf_release(&u->list);
}

static bool counts_at(const struct trust_key *key, int64_t now)
{
	return !key->is_revoked &&
	       (now == TIME_NOT_JUDGED || (now >= key->valid_after && now < key->valid_before));
}

/* Whether there is a signature by this key; one that is there and does not hold is an error. */
static int check_key(
    bool *out_signed, const struct trust_update *u, const struct trust_key *key, struct error *err)
{
	char kid[LAYOUT_KID_LEN + 1];
	char name[TRUST_UPDATE_SIGNATURE_NAME_LEN + 1];

	ssh_public_key_kid(kid, &key->key);
	trust_update_signature_name(name, kid);
	const struct buf *armored = trust_files_find(&u->signatures, name);
	*out_signed = armored != NULL;
	if (armored != NULL &&
	    sshsig_verify(buf_text(armored), armored->len, SSHSIG_NAMESPACE_TRUST, &key->key,
		buf_text(&u->list), u->list.len, err) != 0)
		return error_prefix(err, "%s (of '%s')", name, key->principal);
	return 0;
}

/* Whether one of the first keys counts already for the principal. */
static bool is_counted(
    const struct trust *trust, const bool *counts, size_t key_count, const char *principal)
{
	for (size_t i = 0; i < key_count; i++) {
		if (counts[i] && strcmp(trust->keys[i].principal, principal) == 0)
			return true;
	}
	return false;
}

int trust_update_count(size_t *out, const struct trust_update *u, const struct trust *trust,
    int64_t now, struct error *err)
{
	bool counts[LIMIT_TRUST_KEYS_MAX] = {false};

	*out = 0;
	for (size_t i = 0; i < trust->key_count; i++) {
		const struct trust_key *key = &trust->keys[i];
		bool is_signed = false;

		if (key->for_seals || !trust_quorum_has(&trust->roots.quorum, key->principal))
			continue;
		if (check_key(&is_signed, u, key, err) != 0)
			return -1;
		counts[i] = is_signed && counts_at(key, now) &&
			    !is_counted(trust, counts, i, key->principal);
		*out += counts[i];
	}
	return 0;
}

static int check_threshold(const struct trust_update *u, const struct trust *trust, int64_t now,
    const char *which, struct error *err)
{
	size_t found;

	if (trust_update_count(&found, u, trust, now, err) != 0)
		return -1;
	if (found >= trust->roots.quorum.threshold)
		return 0;
	return error_set(err, ERR_POLICY,
	    "signed by %zu of the %zu roots that the %s policy wants (revoked keys, and those "
	    "outside "
	    "their window, count for nothing)",
	    found, trust->roots.quorum.threshold, which);
}

static int check_serial(const struct trust *fresh, const struct trust *old, struct error *err)
{
	if (fresh->roots.quorum.threshold == 0)
		return error_set(err, ERR_POLICY,
		    "its policy has no member 'trust': no further update could follow it");
	if (fresh->roots.serial == old->roots.serial)
		return error_set(err, ERR_POLICY,
		    "it has the serial of the installed trust, %llu, and other files: two updates "
		    "were made of one",
		    (unsigned long long)old->roots.serial);
	if (fresh->roots.serial < old->roots.serial)
		return error_set(err, ERR_POLICY,
		    "its serial is %llu, that of the installed trust %llu",
		    (unsigned long long)fresh->roots.serial, (unsigned long long)old->roots.serial);
	return 0;
}

static int check_expiry(const struct trust *fresh, int64_t now, struct error *err)
{
	char expires[TIMESTAMP_TEXT_LEN + 1];
	char clock[TIMESTAMP_TEXT_LEN + 1];

	if (!fresh->roots.has_expires || now < fresh->roots.expires)
		return 0;
	timestamp_text(expires, fresh->roots.expires);
	timestamp_text(clock, now);
	return error_set(err, ERR_POLICY, "it expired at %s; the clock says %s", expires, clock);
}

enum trust_update_verdict trust_update_judge(const struct trust_update *u, const struct trust *old,
    int64_t now, struct trust **out_new, struct error *err)
{
	*out_new = NULL;
	if (digest_equal(&u->id, &old->id))
		return TRUST_UPDATE_INSTALLED;
	if (old->roots.quorum.threshold == 0) {
		(void)error_set(err, ERR_POLICY,
		    "the installed policy has no member 'trust': replace the directory by hand");
		return TRUST_UPDATE_REFUSED;
	}
	if (check_threshold(u, old, now, "installed", err) != 0)
		return TRUST_UPDATE_REFUSED;
	auto_trust struct trust *fresh = trust_of_files(&u->files, err);
	if (fresh == NULL) {
		(void)error_recode(err, ERR_TRUST);
		return TRUST_UPDATE_REFUSED;
	}
	if (check_serial(fresh, old, err) != 0 || check_threshold(u, fresh, now, "new", err) != 0 ||
	    check_expiry(fresh, now, err) != 0)
		return TRUST_UPDATE_REFUSED;
	*out_new = steal_ptr(&fresh);
	return TRUST_UPDATE_NEW;
}
