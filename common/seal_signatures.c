#include "common/seal_signatures.h"

#include <errno.h>
#include <string.h>

#include "common/limits.h"
#include "common/timestamp.h"

static int read_signature(const struct signature_files *files, const struct judgement *judgement,
    const struct ssh_public_key *key, const char *name, struct buf *out, struct error *err)
{
	const struct buf *fresh = judgement->new_signature;

	if (fresh == NULL || !ssh_public_key_equal(judgement->new_key, key))
		return files->read(files->context, name, out, err);
	buf_put(out, buf_text(fresh), fresh->len);
	return buf_check(out, name, err);
}

/*
 * One pinned key: its signature file is opened by the name that the key gives, never found by
 * listing. *out_signed: it is there and holds. One that is there and does not hold refuses
 * everything.
 */
static int check_key(const struct signature_files *files, const struct judgement *judgement,
    const struct trust_key *key, const struct buf *seal, bool *out_signed, struct error *err)
{
	char kid[LAYOUT_KID_LEN + 1];
	char name[LAYOUT_SIGNATURE_NAME_LEN + 1];
	auto_buf struct buf armored = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);

	*out_signed = false;
	ssh_public_key_kid(kid, &key->key);
	layout_signature_name(name, kid);
	if (read_signature(files, judgement, &key->key, name, &armored, err) != 0) {
		if (err->sys_errno == ENOENT)
			return 0;
		return error_recode(err, ERR_SEAL);
	}
	if (sshsig_verify(buf_text(&armored), armored.len, SSHSIG_NAMESPACE_SEAL, &key->key,
		buf_text(seal), seal->len, err) != 0)
		return error_prefix(err, "%s (of '%s')", name, key->principal);
	*out_signed = true;
	return 0;
}

/* Whether a key that signed counts: revoked wins over all, and a time that is not judged is in
 * every window. */
static bool counts(const struct trust *t, const struct trust_key *key, int64_t now,
    enum ignored_reason *out_reason)
{
	if (key->is_revoked)
		*out_reason = IGNORED_REVOKED;
	else if (!trust_quorum_has(&t->seal, key->principal))
		*out_reason = IGNORED_NO_SIGNER;
	else if (now != TIME_NOT_JUDGED && now < key->valid_after)
		*out_reason = IGNORED_NOT_VALID_YET;
	else if (now != TIME_NOT_JUDGED && now >= key->valid_before)
		*out_reason = IGNORED_NOT_VALID_ANY_MORE;
	else
		return true;
	return false;
}

static void add(
    struct seal_signatures *s, const struct trust *t, const struct trust_key *key, int64_t now)
{
	struct trust_signer signer = {.principal = key->principal};
	enum ignored_reason reason;

	ssh_public_key_fingerprint(signer.fingerprint, &key->key);
	if (counts(t, key, now, &reason))
		s->signers[s->signer_count++] = signer;
	else
		s->ignored[s->ignored_count++] = (struct ignored_signer){
		    .signer = signer, .reason = reason, .key = key, .now = now};
}

/* Principals that count: several keys of one are one. That keys are distinct is the trust's rule.
 */
static size_t count_principals(const struct seal_signatures *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->signer_count; i++) {
		size_t k = 0;
		while (k < i && strcmp(s->signers[k].principal, s->signers[i].principal) != 0)
			k++;
		count += k == i ? 1 : 0;
	}
	return count;
}

static int refuse_threshold(const struct seal_signatures *s, const struct trust_quorum *quorum,
    size_t found, struct error *err)
{
	auto_buf struct buf expected = BUF_INIT(ERROR_TEXT_BYTES);
	auto_buf struct buf ignored = BUF_INIT(ERROR_TEXT_BYTES);

	if (s->signer_count + s->ignored_count == 0)
		buf_puts(&ignored,
		    ": no key of allowed_signers has signed it (compare the fingerprints: is it "
		    "the right trust directory?)");
	for (size_t i = 0; i < quorum->signer_count; i++)
		buf_printf(&expected, "%s%s", i > 0 ? ", " : "", quorum->signers[i]);
	for (size_t i = 0; i < s->ignored_count; i++) {
		buf_printf(&ignored, "; not counted: %s, ", s->ignored[i].signer.principal);
		ignored_signer_text(&ignored, &s->ignored[i]);
	}
	return error_set(err, ERR_SEAL,
	    "sealed by %zu of the %zu trusted signers that the policy wants (any of: %s)%s", found,
	    quorum->threshold, buf_text(&expected), buf_text(&ignored));
}

int seal_signatures_check(struct seal_signatures *out, const struct signature_files *files,
    const struct buf *seal, const struct judgement *judgement, struct error *err)
{
	const struct trust *t = judgement->trust;

	*out = (struct seal_signatures)SEAL_SIGNATURES_INIT;
	out->signers = mem_zalloc(t->key_count, sizeof(*out->signers));
	out->ignored = mem_zalloc(t->key_count, sizeof(*out->ignored));
	for (size_t i = 0; i < t->key_count; i++) {
		bool is_signed;

		if (!t->keys[i].for_seals)
			continue;
		if (check_key(files, judgement, &t->keys[i], seal, &is_signed, err) != 0)
			return -1;
		if (is_signed)
			add(out, t, &t->keys[i], judgement->now);
	}
	size_t found = count_principals(out);
	if (found < t->seal.threshold)
		return refuse_threshold(out, &t->seal, found, err);
	return 0;
}

void seal_signatures_release(struct seal_signatures *s)
{
	free(s->signers);
	free(s->ignored);
	*s = (struct seal_signatures)SEAL_SIGNATURES_INIT;
}

const char *ignored_reason_name(enum ignored_reason reason)
{
	static const char *const names[] = {
	    [IGNORED_REVOKED] = "revoked",
	    [IGNORED_NO_SIGNER] = "no-signer",
	    [IGNORED_NOT_VALID_YET] = "not-valid-yet",
	    [IGNORED_NOT_VALID_ANY_MORE] = "not-valid-any-more",
	};
	return names[reason];
}

void ignored_signer_text(struct buf *b, const struct ignored_signer *s)
{
	char limit[TIMESTAMP_TEXT_LEN + 1];
	char now[TIMESTAMP_TEXT_LEN + 1];
	bool is_early = s->reason == IGNORED_NOT_VALID_YET;

	if (s->reason == IGNORED_REVOKED) {
		buf_puts(b, "the key is revoked");
		return;
	}
	if (s->reason == IGNORED_NO_SIGNER) {
		buf_puts(b, "no signer of the policy");
		return;
	}
	timestamp_text(limit, is_early ? s->key->valid_after : s->key->valid_before);
	timestamp_text(now, s->now);
	buf_printf(b, "outside its validity window: %s %s, and it is %s here",
	    is_early ? "it opens at" : "it closed at", limit, now);
}
