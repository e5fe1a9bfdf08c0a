#include <errno.h>

#include "common/limits.h"
#include "common/seal_signatures.h"
#include "tests/unit/common/verified_fixture.h"

static struct trust *trust_without_keys(void)
{
	struct trust *t = fixture_trust(STRANGER);

	free(t->keys[0].principal);
	t->key_count = 0;
	free(t->seal.signers[0]);
	t->seal.signers = mem_realloc(t->seal.signers, 2, sizeof(*t->seal.signers));
	t->seal.signers[0] = mem_strdup("ann");
	t->seal.signers[1] = mem_strdup("bob");
	t->seal.signer_count = 2;
	return t;
}

static void unlink_signature(struct layout_fixture *f, unsigned char seed)
{
	struct ssh_public_key key;
	char kid[LAYOUT_KID_LEN + 1];
	char name[LAYOUT_SIGNATURE_NAME_LEN + 1];

	fixture_key(&key, seed);
	ssh_public_key_kid(kid, &key);
	layout_signature_name(name, kid);
	assert_int_equal(unlinkat(f->root_fd, name, 0), 0);
}

static void one_signer_is_enough(void **state)
{
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);
	size_t count;

	fixture_seal(f, ENCLAVE);
	auto_outcome struct outcome o = verify(f, trust);
	expect_ok(o.layout != NULL ? 0 : -1, &o.err);
	const struct trust_signer *signers = verified_layout_signers(o.layout, &count);
	assert_int_equal(count, 1);
	expect_text(signers[0].principal, "enclave");
	assert_ptr_equal(verified_layout_trust(o.layout), trust);
	assert_int_equal(verified_layout_graph(o.layout)->name_count, 1);
	verified_layout_free(NULL);
}

static void row_s1_and_row_s2_needs_a_seal_by_somebody_trusted(void **state)
{
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);

	expect_layout_refused(f, trust, ERR_SEAL, "no SEAL: this is not a sealed layout");
	fixture_seal(f, STRANGER);
	expect_layout_refused(f, trust, ERR_SEAL,
	    "sealed by 0 of the 1 trusted signers that the policy wants (any of: enclave)");
	fixture_sign(f, ENCLAVE, SSHSIG_NAMESPACE_TRUST);
	expect_layout_refused(f, trust, ERR_SEAL, "the namespace seal-v1@sallyport.dev");
	fixture_sign(f, ENCLAVE, SSHSIG_NAMESPACE_SEAL);
	auto_outcome struct outcome o = verify(f, trust);
	expect_ok(o.layout != NULL ? 0 : -1, &o.err);
	assert_int_equal(verified_layout_unknown_signatures(o.layout), 1);
}

static void row_s6_thresholds_count_keys_and_principals(void **state)
{
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);
	auto_trust struct trust *same = fixture_trust(ENCLAVE);
	size_t count;

	add_key(trust, REVIEWER, "reviewer", true);
	trust->seal.threshold = 2;
	fixture_seal(f, ENCLAVE);
	expect_layout_refused(f, trust, ERR_SEAL,
	    "sealed by 1 of the 2 trusted signers that the policy wants (any of: enclave, "
	    "reviewer)");
	fixture_sign(f, REVIEWER, SSHSIG_NAMESPACE_SEAL);
	auto_outcome struct outcome o = verify(f, trust);
	expect_ok(o.layout != NULL ? 0 : -1, &o.err);
	(void)verified_layout_signers(o.layout, &count);
	assert_int_equal(count, 2);
	/* Two keys of one principal are one signer. */
	add_key(same, REVIEWER, "enclave", false);
	same->seal.threshold = 2;
	expect_layout_refused(f, same, ERR_SEAL, "sealed by 1 of the 2");
}

static void a_bad_signature_of_a_pinned_key_refuses(void **state)
{
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);

	add_key(trust, REVIEWER, "reviewer", true);
	fixture_seal(f, ENCLAVE);
	expect_verified(f, trust);
	fixture_sign(f, REVIEWER, "other@example");
	expect_layout_refused(f, trust, ERR_SEAL, "(of 'reviewer'): not, byte for byte");
}

static int failing_read(const void *context, const char *name, struct buf *out, struct error *err)
{
	(void)out;
	err->sys_errno = *(const int *)context;
	return error_set(err, ERR_FORMAT, "%s: no answer", name);
}

/* Only a file that is not there says nothing: what cannot be read could be a bad signature. */
static void a_signature_that_cannot_be_read_refuses(void **state)
{
	static const int numbers[] = {EIO, EACCES, 0};
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);
	const struct judgement judgement = {.trust = trust, .now = NOW};
	const struct buf seal = BUF_INIT(1);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const struct signature_files files = {failing_read, &numbers[i]};
		struct seal_signatures found;
		struct error err = ERROR_INIT;

		expect_refused(seal_signatures_check(&found, &files, &seal, &judgement, &err), &err,
		    ERR_SEAL, ".sig: no answer");
		seal_signatures_release(&found);
	}
}

/* builder checks its work before the signature is a file; it must hold all the same. */
static void a_signature_may_be_in_memory_still(void **state)
{
	static const struct {
		unsigned char seed;  /* of the key that signed */
		const char *message; /* NULL: SEAL */
		const char *refusal;
	} cases[] = {
	    {1, NULL, NULL},
	    {1, "another list\n", "the signature does not hold"},
	    {2, NULL, "byte for byte"},
	};
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(1);
	auto_buf struct buf seal = BUF_INIT((size_t)1 << 20);
	struct ssh_public_key key;
	char kid[LAYOUT_KID_LEN + 1];
	char name[LAYOUT_SIGNATURE_NAME_LEN + 1];

	fixture_seal(f, 1);
	fixture_key(&key, 1);
	ssh_public_key_kid(kid, &key);
	layout_signature_name(name, kid);
	assert_int_equal(unlinkat(f->root_fd, name, 0), 0);
	temp_read(f->root_fd, LAYOUT_SEAL, &seal);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *message = cases[i].message != NULL ? cases[i].message : seal.data;
		auto_buf struct buf armored = BUF_INIT(4096);
		const struct judgement judgement = {.trust = trust,
		    .now = TIME_NOT_JUDGED,
		    .new_signature = &armored,
		    .new_key = &key};
		auto_problems struct problems problems = PROBLEMS_INIT;
		struct error err = ERROR_INIT;

		fixture_sshsig(
		    &armored, cases[i].seed, SSHSIG_NAMESPACE_SEAL, message, strlen(message));
		auto_verified_layout struct verified_layout *v =
		    verified_layout_open(f->path, &judgement, &problems, &err);
		if (cases[i].refusal == NULL)
			expect_ok(v != NULL ? 0 : -1, &err);
		else
			expect_refused(v != NULL ? 0 : -1, &err, ERR_SEAL, cases[i].refusal);
	}
}

/* One of the two signers counts for nothing: the other's delivery is taken, and it is said why. */
static void expect_ignored(const struct layout_fixture *f, struct trust *trust,
    enum ignored_reason reason, const char *text)
{
	size_t count;
	auto_outcome struct outcome o = verify(f, trust);
	auto_buf struct buf b = BUF_INIT(1000);

	expect_ok(o.layout != NULL ? 0 : -1, &o.err);
	(void)verified_layout_signers(o.layout, &count);
	assert_int_equal(count, 1);
	const struct ignored_signer *ignored = verified_layout_ignored(o.layout, &count);
	assert_int_equal(count, 1);
	assert_int_equal(ignored->reason, reason);
	ignored_signer_text(&b, ignored);
	expect_text(buf_text(&b), text);
	assert_int_equal(verified_layout_unknown_signatures(o.layout), 0);
	/* Where it would be needed, the refusal says the same. */
	trust->seal.threshold++;
	auto_free char *refusal = mem_printf("sealed by 1 of the 2 trusted signers that the policy "
					     "wants (any of: enclave%s); not counted: %s, %s",
	    trust->seal.signer_count == 2 ? ", reviewer" : "", ignored->signer.principal, text);
	expect_layout_refused(f, trust, ERR_SEAL, refusal);
	trust->seal.threshold--;
}

static void row_s11_and_row_s16_some_signatures_count_for_nothing(void **state)
{
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);

	add_key(trust, REVIEWER, "reviewer", true);
	fixture_seal(f, ENCLAVE);
	fixture_sign(f, REVIEWER, SSHSIG_NAMESPACE_SEAL);
	struct trust_key *reviewer = &trust->keys[1];
	reviewer->valid_after = NOW;
	reviewer->valid_before = NOW + 1;
	trust->seal.threshold = 2;
	expect_verified(f, trust);
	trust->seal.threshold = 1;
	reviewer->valid_before = NOW;
	expect_ignored(f, trust, IGNORED_NOT_VALID_ANY_MORE,
	    "outside its validity window: it closed at 2024-01-02T03:04:05Z, and it is "
	    "2024-01-02T03:04:05Z here");
	reviewer->valid_after = NOW + 1;
	reviewer->valid_before = INT64_MAX;
	expect_ignored(f, trust, IGNORED_NOT_VALID_YET,
	    "outside its validity window: it opens at 2024-01-02T03:04:06Z, and it is "
	    "2024-01-02T03:04:05Z here");
	/* Revoked wins. */
	reviewer->is_revoked = true;
	expect_ignored(f, trust, IGNORED_REVOKED, "the key is revoked");
	reviewer->is_revoked = false;
	reviewer->valid_after = INT64_MIN;
	free(reviewer->principal);
	reviewer->principal = mem_strdup("guest");
	expect_ignored(f, trust, IGNORED_NO_SIGNER, "no signer of the policy");
	/* A key for trust updates is no key for seals: its signature is a stranger's. */
	reviewer->for_seals = false;
	auto_outcome struct outcome o = verify(f, trust);
	expect_ok(o.layout != NULL ? 0 : -1, &o.err);
	assert_int_equal(verified_layout_unknown_signatures(o.layout), 1);
	trust->keys[0].for_seals = false;
	expect_layout_refused(f, trust, ERR_SEAL, "sealed by 0 of the 1");
}

/* What does not count must hold all the same: it is no stranger's. */
static void row_s6_a_bad_signature_of_a_revoked_key_refuses(void **state)
{
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);

	add_key(trust, REVIEWER, "reviewer", true);
	fixture_seal(f, ENCLAVE);
	fixture_sign(f, REVIEWER, "other@example");
	trust->keys[1].is_revoked = true;
	expect_layout_refused(f, trust, ERR_SEAL, "(of 'reviewer'): not, byte for byte");
}

/* Every subset of four keys, in every order of allowed_signers, one of whom has two. */
static void row_s6_every_subset_and_order_is_counted_alike(void **state)
{
	static const struct {
		unsigned char seed;
		const char *principal;
	} keys[] = {{11, "ann"}, {12, "ann"}, {13, "bob"}, {14, "eve"}};
	struct layout_fixture *f = *state;

	for (unsigned signed_by = 0; signed_by < 16; signed_by++) {
		bool ann = (signed_by & 3) != 0;
		bool bob = (signed_by & 4) != 0;
		size_t found = (ann ? 1U : 0U) + (bob ? 1U : 0U);

		fixture_seal(f, STRANGER);
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
			fixture_sign(f, keys[k].seed, SSHSIG_NAMESPACE_SEAL);
			if ((signed_by & (1U << k)) == 0)
				unlink_signature(f, keys[k].seed);
		}
		for (size_t first = 0; first < ARRAY_SIZE(keys); first++) {
			for (size_t threshold = 1; threshold <= 2; threshold++) {
				/* eve is pinned, and no signer of the policy */
				auto_trust struct trust *t = trust_without_keys();

				for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
					size_t at = (first + k * 3) % ARRAY_SIZE(keys);
					add_key(t, keys[at].seed, keys[at].principal, false);
				}
				t->seal.threshold = threshold;
				auto_outcome struct outcome o = verify(f, t);
				assert_int_equal(o.layout != NULL, found >= threshold);
				if (o.layout == NULL)
					expect_error(&o.err, ERR_SEAL, "sealed by ");
			}
		}
	}
}

static void row_s8_limits_signature_files(void **state)
{
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);
	auto_free char *content = mem_zalloc(LIMIT_SIGNATURE_BYTES_MAX + 1, 1);

	fixture_seal(f, ENCLAVE);
	for (unsigned i = 1; i < LIMIT_SIGNATURES_MAX; i++) {
		auto_free char *name = mem_printf("SEAL.%016x.sig", i);
		temp_write(f->root_fd, name, content, LIMIT_SIGNATURE_BYTES_MAX);
	}
	auto_outcome struct outcome o = verify(f, trust);
	expect_ok(o.layout != NULL ? 0 : -1, &o.err);
	assert_int_equal(verified_layout_unknown_signatures(o.layout), 15);
	temp_puts(f->root_fd, "SEAL.0000000000000000.sig", "");
	expect_layout_refused(f, trust, ERR_SEAL, "17 signature files; the limit is 16");
	assert_int_equal(unlinkat(f->root_fd, "SEAL.0000000000000000.sig", 0), 0);
	/* Nobody reads it; it must not carry a gigabyte across the gap all the same. */
	temp_write(f->root_fd, "SEAL.0000000000000001.sig", content, LIMIT_SIGNATURE_BYTES_MAX + 1);
	expect_layout_refused(
	    f, trust, ERR_SEAL, "SEAL.0000000000000001.sig: larger than 4096 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_signer_is_enough),
	    TEST(row_s1_and_row_s2_needs_a_seal_by_somebody_trusted),
	    TEST(row_s6_thresholds_count_keys_and_principals),
	    TEST(a_bad_signature_of_a_pinned_key_refuses),
	    TEST(a_signature_that_cannot_be_read_refuses),
	    TEST(a_signature_may_be_in_memory_still),
	    TEST(row_s11_and_row_s16_some_signatures_count_for_nothing),
	    TEST(row_s6_a_bad_signature_of_a_revoked_key_refuses),
	    TEST(row_s6_every_subset_and_order_is_counted_alike),
	    TEST(row_s8_limits_signature_files),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
