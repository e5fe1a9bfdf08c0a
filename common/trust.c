#include "common/trust.h"

#include <string.h>

#include "common/timestamp.h"
#include "common/trust_policy.h"
#include "common/trust_signers.h"

static int parse_files(struct trust *t, const struct trust_files *files, struct error *err)
{
	const struct buf *signers = trust_files_find(files, TRUST_ALLOWED_SIGNERS);
	const struct buf *revoked = trust_files_find(files, TRUST_REVOKED_KEYS);

	if (signers == NULL)
		return error_set(err, ERR_FORMAT, TRUST_ALLOWED_SIGNERS ": missing");
	if (trust_parse_allowed_signers(t, buf_text(signers), signers->len, err) != 0)
		return -1;
	if (revoked != NULL &&
	    trust_parse_revoked_keys(t, buf_text(revoked), revoked->len, err) != 0)
		return -1;
	return trust_parse_policy(t, files, err);
}

struct trust *trust_of_files(const struct trust_files *files, struct error *err)
{
	auto_trust struct trust *t = mem_zalloc(1, sizeof(*t));

	trust_files_id(&t->id, files);
	return parse_files(t, files, err) == 0 ? steal_ptr(&t) : NULL;
}

/* Who may write decides what is trusted, unless the operator said what that must be. */
static int check_id(
    const struct trust_files *files, const struct digest *expected_id, struct error *err)
{
	struct digest id;
	char hex[DIGEST_HEX_LEN + 1];

	trust_files_id(&id, files);
	digest_hex(hex, &id);
	if (expected_id != NULL && !digest_equal(&id, expected_id)) {
		char expected[DIGEST_HEX_LEN + 1];

		digest_hex(expected, expected_id);
		return error_set(err, ERR_TRUST,
		    "its trust id is %s, and --trust-id says %s: it is another version, or was "
		    "changed",
		    hex, expected);
	}
	if (expected_id == NULL && files->others_may_write)
		return error_set(err, ERR_TRUST,
		    "others may write to the directory or a file in it (once its trust id, %s, is "
		    "known to be right: chmod -R o-w it, or say --trust-id)",
		    hex);
	return 0;
}

struct trust *trust_load(const char *path, const struct digest *expected_id, struct error *err)
{
	auto_trust_files struct trust_files files = TRUST_FILES_INIT;
	struct trust *t = NULL;

	if (trust_files_read(&files, path, TRUST_FILES_LOCAL, err) == 0 &&
	    check_id(&files, expected_id, err) == 0)
		t = trust_of_files(&files, err);
	if (t == NULL) {
		(void)error_recode(err, ERR_TRUST);
		(void)error_prefix(err, "trust directory '%s'", path);
	}
	return t;
}

void trust_require_key(struct trust *t, const struct ssh_public_key *key, const char *principal)
{
	t->keys = mem_realloc(t->keys, t->key_count + 1, sizeof(*t->keys));
	t->keys[t->key_count++] = (struct trust_key){.principal = mem_strdup(principal),
	    .key = *key,
	    .for_seals = true,
	    .valid_after = INT64_MIN,
	    .valid_before = INT64_MAX};
	t->seal.signers =
	    mem_realloc(t->seal.signers, t->seal.signer_count + 1, sizeof(*t->seal.signers));
	t->seal.signers[t->seal.signer_count++] = mem_strdup(principal);
	t->seal.threshold = t->seal.signer_count;
}

struct trust *trust_of_key(const struct ssh_public_key *key, const char *principal)
{
	struct trust *t = mem_zalloc(1, sizeof(*t));

	trust_require_key(t, key, principal);
	t->max_sequence_jump = INT64_MAX;
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
	free(t->revoked);
	free_strings(t->seal.signers, t->seal.signer_count);
	free_strings(t->roots.quorum.signers, t->roots.quorum.signer_count);
	for (size_t i = 0; i < t->origin_count; i++) {
		free(t->origins[i].name);
		free_strings(t->origins[i].principals, t->origins[i].principal_count);
	}
	free(t->origins);
	for (size_t i = 0; i < t->destination_count; i++)
		destination_release(&t->destinations[i]);
	free(t->destinations);
	for (size_t i = 0; i < t->min_sequence_count; i++)
		free(t->min_sequences[i].origin);
	free(t->min_sequences);
	free(t->release.keys);
	free(t);
}

bool trust_quorum_has(const struct trust_quorum *quorum, const char *principal)
{
	for (size_t i = 0; i < quorum->signer_count; i++) {
		if (strcmp(quorum->signers[i], principal) == 0)
			return true;
	}
	return false;
}

bool trust_is_revoked(const struct trust *t, const struct ssh_public_key *key)
{
	for (size_t i = 0; i < t->revoked_count; i++) {
		if (ssh_public_key_equal(&t->revoked[i], key))
			return true;
	}
	return false;
}

int trust_check_expiry(const struct trust *t, int64_t now, struct error *err)
{
	char expires_text[TIMESTAMP_TEXT_LEN + 1];
	char now_text[TIMESTAMP_TEXT_LEN + 1];

	if (!t->roots.has_expires || now == TIME_NOT_JUDGED || now < t->roots.expires)
		return 0;
	timestamp_text(expires_text, t->roots.expires);
	timestamp_text(now_text, now);
	return error_set(err, ERR_TRUST,
	    "the trust directory expired at %s and it is %s here: bring its update", expires_text,
	    now_text);
}

uint64_t trust_min_sequence_of(const struct trust *t, const char *origin)
{
	for (size_t i = 0; i < t->min_sequence_count; i++) {
		if (strcmp(t->min_sequences[i].origin, origin) == 0)
			return t->min_sequences[i].sequence;
	}
	return 0;
}
