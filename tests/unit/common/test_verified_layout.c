#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "common/limits.h"
#include "tests/unit/common/verified_fixture.h"

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

static void names_the_files_of_the_root(void **state)
{
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);

	fixture_seal(f, ENCLAVE);
	temp_puts(f->root_fd, LAYOUT_INDEX, "{}");
	assert_int_equal(unlinkat(f->root_fd, LAYOUT_OCI_LAYOUT, 0), 0);
	auto_outcome struct outcome o = verify(f, trust);
	expect_refused(o.layout == NULL ? -1 : 0, &o.err, ERR_SEAL, "2 files are not as sealed");
	assert_int_equal(o.problems.count, 2);
	expect_text(o.problems.items[0].path, LAYOUT_OCI_LAYOUT);
	assert_int_equal(o.problems.items[0].kind, PROBLEM_MISSING);
	expect_text(o.problems.items[1].path, LAYOUT_INDEX);
	assert_int_equal(o.problems.items[1].kind, PROBLEM_CHANGED);
}

static void forget(struct layout_fixture *f, const struct digest *blob)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->blob_count; i++) {
		if (!digest_equal(&f->blobs[i], blob))
			f->blobs[kept++] = f->blobs[i];
	}
	f->blob_count = kept;
}

/* Wherever it stands in the list, it is the stray one that is named. */
static void names_what_nothing_leads_to(void **state)
{
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);

	for (unsigned char c = 0; c < 8; c++) {
		struct digest stray = fixture_blob(f, &c, 1);
		char hex[DIGEST_HEX_LEN + 1];

		fixture_seal(f, ENCLAVE);
		digest_hex(hex, &stray);
		auto_free char *text =
		    mem_printf("blobs/sha256/%s: nothing in index.json leads to it", hex);
		expect_layout_refused(f, trust, ERR_FORMAT, text);
		assert_int_equal(unlinkat(f->blobs_fd, hex, 0), 0);
		forget(f, &stray);
	}
}

struct flicker {
	int fd;
	off_t at;
	atomic_bool ends;
};

/* One byte, good and bad by turns. */
static void *flicker(void *context)
{
	struct flicker *x = context;

	for (unsigned i = 0; !atomic_load(&x->ends); i++) {
		const char byte = i % 2 == 0 ? '1' : '2';
		(void)!pwrite(x->fd, &byte, 1, x->at);
	}
	return NULL;
}

/* index.json is hashed among all files, and read again to be parsed: it must be the same then. */
static void row_m2_parses_what_was_sealed(void **state)
{
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);
	auto_buf struct buf index = BUF_INIT(100000);
	struct flicker x = {.ends = false};
	pthread_t thread;

	fixture_seal(f, ENCLAVE);
	temp_read(f->root_fd, LAYOUT_INDEX, &index);
	x.at = strstr(index.data, "tag\":\"1.0.0") + 6 - index.data;
	x.fd = openat(f->root_fd, LAYOUT_INDEX, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pthread_create(&thread, NULL, flicker, &x), 0);
	for (unsigned i = 0; i < 1000; i++) {
		auto_outcome struct outcome o = verify(f, trust);

		if (o.layout != NULL)
			expect_text(verified_layout_graph(o.layout)->names[0].tag, "1.0.0");
		else
			expect_error(&o.err, ERR_SEAL, "");
	}
	atomic_store(&x.ends, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(close(x.fd), 0);
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

	if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount(target, target, NULL, MS_BIND, NULL) != 0)
		return 2;
	auto_outcome struct outcome o = verify(f, trust);
	return o.layout == NULL && o.err.code == ERR_SEAL ? 0 : 1;
}

/*
 * The very same, but a mount: another file system could be anybody's. Where no mount is allowed,
 * test_layout.c still has the half that needs none.
 */
static void row_l4_mount_points_are_not_entered(void **state)
{
	static const char *const names[] = {LAYOUT_INDEX, "blobs", "blobs/sha256"};
	struct layout_fixture *f = *state;
	auto_trust struct trust *trust = fixture_trust(ENCLAVE);

	fixture_seal(f, ENCLAVE);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int status;
		pid_t child = fork();

		if (child == 0)
			_exit(mount_over(f, names[i], trust));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == 2)
			print_message("nothing may be mounted here\n");
		else
			assert_int_equal(WEXITSTATUS(status), 0);
	}
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(row_s18_nothing_is_parsed_before_the_seal),
	    TEST(row_s11_a_trust_that_expired_takes_nothing),
	    TEST(limits_the_seal),
	    TEST(names_every_file_at_fault),
	    TEST(names_the_files_of_the_root),
	    TEST(names_what_nothing_leads_to),
	    TEST(row_m2_parses_what_was_sealed),
	    TEST(bounds_the_list_of_faults),
	    TEST(a_missing_blobs_directory_is_named),
	    TEST(judges_sealed_content),
	    TEST(judges_the_delivery),
	    TEST(row_l4_mount_points_are_not_entered),
	    TEST(needs_a_directory),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
