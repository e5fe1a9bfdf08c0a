#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "common/limits.h"
#include "common/verified_layout.h"
#include "tests/unit/layout_fixture.h"

#define NOW 1704164645 /* 2024-01-02T03:04:05Z */
#define ENCLAVE 1      /* seeds of keys */
#define REVIEWER 2
#define STRANGER 3

static int set_up(void **state)
{
	struct layout_fixture *f = mem_zalloc(1, sizeof(*f));
	auto_free char *names = fixture_names("demo", "1.0.0");

	fixture_open(f);
	auto_free char *chart = fixture_chart(f, "demo", "1.0.0", names);
	fixture_index(f, chart, "");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	fixture_close(*state);
	free(*state);
	return 0;
}

struct outcome {
	struct verified_layout *layout;
	struct problems problems;
	struct error err;
};

static void outcome_release(struct outcome *o)
{
	verified_layout_free(o->layout);
	problems_release(&o->problems);
}
#define auto_outcome __attribute__((cleanup(outcome_release)))

static struct outcome verify(const struct layout_fixture *f, const struct trust *trust)
{
	struct outcome o = {.problems = PROBLEMS_INIT, .err = ERROR_INIT};
	const struct judgement judgement = {.trust = trust, .now = NOW, .default_port = 443};

	o.layout = verified_layout_open(f->path, &judgement, &o.problems, &o.err);
	return o;
}

static void expect_verified(const struct layout_fixture *f, const struct trust *trust)
{
	auto_outcome struct outcome o = verify(f, trust);

	expect_ok(o.layout != NULL ? 0 : -1, &o.err);
}

static void expect_layout_refused(
    const struct layout_fixture *f, const struct trust *trust, enum err_code code, const char *text)
{
	size_t before = open_descriptors();
	auto_outcome struct outcome o = verify(f, trust);

	expect_refused(o.layout == NULL ? -1 : 0, &o.err, code, text);
	expect_contains(o.err.text, "layout '");
	assert_int_equal(open_descriptors(), before);
}

/* Adds a key to a trust that trust_of_key() made; also to the policy's signers if counts. */
static void add_key(struct trust *t, unsigned char seed, const char *principal, bool counts)
{
	t->keys = mem_realloc(t->keys, t->key_count + 1, sizeof(*t->keys));
	struct trust_key *key = &t->keys[t->key_count++];
	*key = (struct trust_key){.principal = mem_strdup(principal),
	    .for_seals = true,
	    .valid_after = INT64_MIN,
	    .valid_before = INT64_MAX};
	fixture_key(&key->key, seed);
	if (!counts)
		return;
	t->seal.signers =
	    mem_realloc(t->seal.signers, t->seal.signer_count + 1, sizeof(*t->seal.signers));
	t->seal.signers[t->seal.signer_count++] = mem_strdup(principal);
}

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

/* A stranger's whole layout, with everything in it wrong: only the seal is spoken of. */
static void row_s18_nothing_is_parsed_before_the_seal(void **state)
{
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);

	temp_puts(f->root_fd, LAYOUT_INDEX, "{{{");
	temp_puts(f->root_fd, "stray", "");
	fixture_seal(f, STRANGER);
	expect_layout_refused(f, trust, ERR_SEAL, "sealed by 0 of the 1");
	temp_puts(f->root_fd, LAYOUT_SEAL, "no list");
	fixture_sign(f, ENCLAVE, SSHSIG_NAMESPACE_SEAL);
	expect_layout_refused(f, trust, ERR_SEAL, "SEAL: line 1: not ended by a line feed");
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

static void row_s11_a_trust_that_expired_takes_nothing(void **state)
{
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);
	struct error err = ERROR_INIT;

	fixture_seal(f, ENCLAVE);
	trust->roots.has_expires = true;
	trust->roots.expires = NOW + 1;
	expect_verified(f, trust);
	trust->roots.expires = NOW;
	auto_outcome struct outcome o = verify(f, trust);
	expect_refused(o.layout == NULL ? -1 : 0, &o.err, ERR_TRUST,
	    "expired at 2024-01-02T03:04:05Z and it is 2024-01-02T03:04:05Z here");
	expect_ok(trust_check_expiry(trust, TIME_NOT_JUDGED, &err), &err);
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

static void limits_the_seal(void **state)
{
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);
	auto_free char *content = mem_zalloc(LIMIT_SEAL_BYTES_MAX + 1, 1);

	temp_write(f->root_fd, LAYOUT_SEAL, content, LIMIT_SEAL_BYTES_MAX + 1);
	expect_layout_refused(f, trust, ERR_SEAL, "SEAL: larger than 4194304 bytes");
	temp_write(f->root_fd, LAYOUT_SEAL, content, LIMIT_SEAL_BYTES_MAX);
	fixture_sign(f, ENCLAVE, SSHSIG_NAMESPACE_SEAL);
	expect_layout_refused(f, trust, ERR_SEAL, "SEAL: line 1: not ended");
}

/* All that is wrong is named, the kinds told apart, and the list is bounded. */
static void names_every_file_at_fault(void **state)
{
	static const char *const texts[] = {[PROBLEM_MISSING] = "missing",
	    [PROBLEM_ADDED] = "not in the seal",
	    [PROBLEM_CHANGED] = "changed",
	    [PROBLEM_NOT_REGULAR] = "not a regular file of this layout"};
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);
	char hex[3][DIGEST_HEX_LEN + 1];

	fixture_seal(f, ENCLAVE);
	for (size_t i = 0; i < 3; i++)
		digest_hex(hex[i], &f->blobs[i]);
	assert_int_equal(unlinkat(f->blobs_fd, hex[0], 0), 0);
	temp_puts(f->blobs_fd, hex[1], "changed");
	assert_int_equal(unlinkat(f->blobs_fd, hex[2], 0), 0);
	assert_int_equal(symlinkat("../../index.json", f->blobs_fd, hex[2]), 0);
	temp_puts(f->root_fd, "stray", "");
	auto_outcome struct outcome o = verify(f, trust);
	expect_refused(o.layout == NULL ? -1 : 0, &o.err, ERR_SEAL,
	    "4 files are not as sealed: bring them again from where the layout was made");
	assert_int_equal(o.problems.count, 4);
	for (size_t i = 0; i < o.problems.count; i++) {
		const struct problem *p = &o.problems.items[i];
		const char *name = strrchr(p->path, '/');
		enum problem_kind expected = name == NULL                    ? PROBLEM_ADDED
					     : strcmp(name + 1, hex[0]) == 0 ? PROBLEM_MISSING
					     : strcmp(name + 1, hex[1]) == 0 ? PROBLEM_CHANGED
									     : PROBLEM_NOT_REGULAR;
		assert_int_equal(p->kind, expected);
		expect_text(problem_text(p->kind), texts[expected]);
	}
}

static void bounds_the_list_of_faults(void **state)
{
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);

	fixture_seal(f, ENCLAVE);
	for (size_t i = 0; i < LIMIT_PROBLEMS_MAX + 5; i++) {
		auto_free char *name = mem_printf("stray-%zu", i);
		temp_puts(f->blobs_fd, name, "");
	}
	auto_outcome struct outcome o = verify(f, trust);
	expect_refused(o.layout == NULL ? -1 : 0, &o.err, ERR_SEAL, "105 files are not as sealed");
	assert_int_equal(o.problems.count, LIMIT_PROBLEMS_MAX);
	assert_int_equal(o.problems.total, LIMIT_PROBLEMS_MAX + 5);
}

static void a_missing_blobs_directory_is_named(void **state)
{
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);

	fixture_seal(f, ENCLAVE);
	assert_int_equal(renameat(f->root_fd, "blobs", f->dir.fd, "away"), 0);
	expect_layout_refused(f, trust, ERR_SEAL, "3 files are not as sealed");
	assert_int_equal(symlinkat("../away", f->root_fd, "blobs"), 0);
	expect_layout_refused(f, trust, ERR_SEAL, "4 files are not as sealed");
}

/* What a good seal covers and we refuse all the same is content, not trust: formats.md 8. */
static void judges_sealed_content(void **state)
{
	static const struct {
		const char *name;
		const char *content;
		enum err_code code;
		const char *error;
	} cases[] = {
	    {LAYOUT_OCI_LAYOUT, "{}", ERR_FORMAT, "oci-layout: member 'imageLayoutVersion' is"},
	    {LAYOUT_OCI_LAYOUT, "{\"imageLayoutVersion\":\"2.0.0\"}", ERR_FORMAT,
		"oci-layout: imageLayoutVersion '2.0.0' is not 1.0.0"},
	    {LAYOUT_OCI_LAYOUT, "", ERR_FORMAT, "oci-layout: JSON"},
	    {LAYOUT_INDEX, "{", ERR_FORMAT, "index.json: JSON"},
	    {LAYOUT_INDEX, "{\"schemaVersion\":2,\"manifests\":[]}", ERR_FORMAT,
		": nothing in index.json leads to it"},
	    {LAYOUT_INDEX,
		"{\"schemaVersion\":2,\"manifests\":[],\"annotations\":{"
		"\"dev.sallyport.new\":\"x\"}}",
		ERR_POLICY, "annotation 'dev.sallyport.new' is not known"},
	};
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_buf struct buf before = BUF_INIT(100000);

		temp_read(f->root_fd, cases[i].name, &before);
		temp_puts(f->root_fd, cases[i].name, cases[i].content);
		fixture_seal(f, ENCLAVE);
		expect_layout_refused(f, trust, cases[i].code, cases[i].error);
		temp_write(f->root_fd, cases[i].name, before.data, before.len);
	}
	auto_free char *huge = mem_zalloc(LIMIT_INDEX_BYTES_MAX + 2, 1);
	memset(huge, ' ', LIMIT_INDEX_BYTES_MAX + 1);
	temp_puts(f->root_fd, LAYOUT_INDEX, huge);
	fixture_seal(f, ENCLAVE);
	expect_layout_refused(f, trust, ERR_LIMIT, "index.json: larger than 4194304 bytes");
}

static void judges_the_delivery(void **state)
{
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);
	auto_free char *names = fixture_names("demo", "1.0.0");
	auto_free char *chart = fixture_chart(f, "demo", "1.0.0", names);

	fixture_index(
	    f, chart, ",\"annotations\":{\"dev.sallyport.not-after\":\"2024-01-01T00:00:00Z\"}");
	fixture_seal(f, ENCLAVE);
	expect_layout_refused(f, trust, ERR_POLICY, "the delivery was good until 2024-01-01");
}

/* In a child with mounts of its own: exit status 0 if the layout was refused as it must be. */
static int mount_over(const struct layout_fixture *f, const char *name, const struct trust *trust)
{
	auto_free char *target = mem_printf("%s/%s", f->path, name);
	auto_free char *source = temp_path(&f->dir, "source");

	if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount(source, target, NULL, MS_BIND, NULL) != 0)
		return 2;
	auto_outcome struct outcome o = verify(f, trust);
	return o.layout == NULL && o.err.code == ERR_SEAL ? 0 : 1;
}

/*
 * The very bytes, but from elsewhere: another file system could be anybody's. Where no mount is
 * allowed, test_layout.c still has the half that needs none.
 */
static void row_l4_mount_points_are_not_entered(void **state)
{
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);
	auto_buf struct buf index = BUF_INIT(100000);
	int status;

	fixture_seal(f, ENCLAVE);
	temp_read(f->root_fd, LAYOUT_INDEX, &index);
	temp_write(f->dir.fd, "source", index.data, index.len);
	pid_t child = fork();
	if (child == 0)
		_exit(mount_over(f, LAYOUT_INDEX, trust));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 2)
		print_message("nothing may be mounted here\n");
	else
		assert_int_equal(WEXITSTATUS(status), 0);
	expect_verified(f, trust);
}

static void needs_a_directory(void **state)
{
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);

	fixture_seal(f, ENCLAVE);
	assert_int_equal(renameat(f->dir.fd, "layout", f->dir.fd, "real"), 0);
	expect_layout_refused(f, trust, ERR_SYSTEM, "No such file");
	assert_int_equal(symlinkat("real", f->dir.fd, "layout"), 0);
	expect_layout_refused(f, trust, ERR_SEAL, "not a directory (a link is not followed)");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_signer_is_enough),
	    TEST(row_s1_and_row_s2_needs_a_seal_by_somebody_trusted),
	    TEST(row_s18_nothing_is_parsed_before_the_seal),
	    TEST(row_s6_thresholds_count_keys_and_principals),
	    TEST(a_bad_signature_of_a_pinned_key_refuses),
	    TEST(a_signature_may_be_in_memory_still),
	    TEST(row_s11_and_row_s16_some_signatures_count_for_nothing),
	    TEST(row_s6_a_bad_signature_of_a_revoked_key_refuses),
	    TEST(row_s6_every_subset_and_order_is_counted_alike),
	    TEST(row_s11_a_trust_that_expired_takes_nothing),
	    TEST(row_s8_limits_signature_files),
	    TEST(limits_the_seal),
	    TEST(names_every_file_at_fault),
	    TEST(bounds_the_list_of_faults),
	    TEST(a_missing_blobs_directory_is_named),
	    TEST(judges_sealed_content),
	    TEST(judges_the_delivery),
	    TEST(row_l4_mount_points_are_not_entered),
	    TEST(needs_a_directory),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
