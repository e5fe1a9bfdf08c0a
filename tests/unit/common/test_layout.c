#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/limits.h"
#include "tests/unit/layout_fixture.h"

static struct layout open_layout(const struct layout_fixture *f)
{
	struct layout l;
	struct error err = ERROR_INIT;

	expect_ok(layout_open(&l, f->path, &err), &err);
	return l;
}

static void opens_directories_only(void **state)
{
	struct layout_fixture f;
	struct layout l;
	struct error err = ERROR_INIT;

	(void)state;
	fixture_open(&f);
	size_t before = open_descriptors();
	auto_free char *slashed = mem_printf("%s//", f.path);
	auto_free char *file = temp_path(&f.dir, "layout/oci-layout");
	auto_free char *link = temp_path(&f.dir, "link");
	auto_free char *link_slashed = temp_path(&f.dir, "link/");
	auto_free char *nothing = temp_path(&f.dir, "nothing");
	assert_int_equal(symlinkat("layout", f.dir.fd, "link"), 0);

	expect_ok(layout_open(&l, f.path, &err), &err);
	assert_true(l.root_fd >= 0 && l.blobs_fd >= 0);
	layout_close(&l);
	expect_ok(layout_open(&l, slashed, &err), &err);
	layout_close(&l);
	expect_refused(layout_open(&l, file, &err), &err, ERR_FORMAT, "not a directory");
	expect_refused(layout_open(&l, link, &err), &err, ERR_FORMAT, "a link is not followed");
	expect_refused(
	    layout_open(&l, link_slashed, &err), &err, ERR_FORMAT, "a link is not followed");
	expect_refused(layout_open(&l, nothing, &err), &err, ERR_SYSTEM, "nothing': No such file");
	expect_refused(layout_open(&l, "", &err), &err, ERR_SYSTEM, "No such file");
	assert_int_equal(l.root_fd, -1);
	assert_int_equal(open_descriptors(), before);
	fixture_close(&f);
}

/* A blobs directory that is none: opened all the same, for layout_each() to name what is wrong. */
static void misses_blobs_quietly(void **state)
{
	struct layout_fixture f;

	(void)state;
	fixture_open(&f);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(unlinkat(f.root_fd, "blobs/sha256", i == 0 ? AT_REMOVEDIR : 0), 0);
		if (i == 0)
			assert_int_equal(symlinkat("..", f.root_fd, "blobs/sha256"), 0);
		else if (i == 1)
			temp_puts(f.root_fd, "blobs/sha256", "a file");
		else if (i == 2)
			assert_int_equal(mkfifoat(f.root_fd, "blobs/sha256", 0600), 0);
		struct layout l = open_layout(&f);
		assert_int_equal(l.blobs_fd, -1);
		layout_close(&l);
	}
	fixture_close(&f);
}

/* Too many open files are no verdict on the layout. */
static void tells_of_the_machine(void **state)
{
	struct layout_fixture f;
	struct rlimit before;
	struct layout l;

	(void)state;
	fixture_open(&f);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	int next = dup(f.root_fd);
	(void)close(next);
	for (int more = 0; more < 3; more++) {
		struct error err = ERROR_INIT;
		const struct rlimit few = {(rlim_t)(next + more), before.rlim_max};

		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		int result = layout_open(&l, f.path, &err);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		expect_refused(result, &err, ERR_SYSTEM, "Too many open files");
		expect_contains(err.text, f.path);
	}
	fixture_close(&f);
}

static void opens_regular_files_only(void **state)
{
	static const struct {
		const char *name;
		const char *error;
	} cases[] = {
	    {"a-directory", "a-directory: not a regular file"},
	    {"a-link", "a-link: not a regular file"},
	    {"a-dangling-link", "a-dangling-link: not a regular file"},
	    {"a-fifo", "a-fifo: not a regular file"},
	    {"a-socket", "a-socket: not a regular file"},
	    {"nothing", "nothing: missing"},
	};
	struct layout_fixture f;
	uint64_t size = 0;

	(void)state;
	fixture_open(&f);
	temp_mkdir(f.root_fd, "a-directory");
	assert_int_equal(symlinkat(LAYOUT_OCI_LAYOUT, f.root_fd, "a-link"), 0);
	assert_int_equal(symlinkat("nothing", f.root_fd, "a-dangling-link"), 0);
	assert_int_equal(mkfifoat(f.root_fd, "a-fifo", 0666), 0);
	auto_fd int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	(void)snprintf(
	    address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/a-socket", f.root_fd);
	assert_int_equal(bind(listening, (const struct sockaddr *)&address, sizeof(address)), 0);
	struct layout l = open_layout(&f);
	size_t before = open_descriptors();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;

		expect_refused(layout_open_file(&l, cases[i].name, &size, &err), &err, ERR_FORMAT,
		    cases[i].error);
		assert_int_equal(err.sys_errno, i == 5 ? ENOENT : 0);
	}
	assert_int_equal(open_descriptors(), before);
	struct error err = ERROR_INIT;
	auto_fd int fd = layout_open_file(&l, LAYOUT_OCI_LAYOUT, &size, &err);
	assert_true(fd >= 0);
	assert_int_equal(size, strlen(LAYOUT_OCI_LAYOUT_CONTENT));
	layout_close(&l);
	fixture_close(&f);
}

static void opens_blobs_by_digest(void **state)
{
	struct layout_fixture f;
	struct error err = ERROR_INIT;
	struct digest other;
	uint64_t size = 0;

	(void)state;
	fixture_open(&f);
	struct digest d = fixture_blob(&f, "hello", 5);
	digest_of(&other, "other", 5);
	struct layout l = open_layout(&f);
	auto_fd int fd = layout_open_blob(&l, &d, &size, &err);
	assert_true(fd >= 0);
	assert_int_equal(size, 5);
	expect_refused(layout_open_blob(&l, &other, &size, &err), &err, ERR_FORMAT,
	    "blobs/sha256/d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa: "
	    "missing");
	(void)close(l.blobs_fd);
	l.blobs_fd = -1;
	expect_refused(layout_open_blob(&l, &d, &size, &err), &err, ERR_FORMAT, ": missing");
	assert_int_equal(err.sys_errno, ENOENT);
	layout_close(&l);
	fixture_close(&f);
}

/* As if the layout itself were on another mount than what is in it. */
static void row_l4_stays_on_one_mount(void **state)
{
	struct layout_fixture f;
	struct error err = ERROR_INIT;
	uint64_t size;

	(void)state;
	fixture_open(&f);
	struct digest d = fixture_blob(&f, "hello", 5);
	struct layout l = open_layout(&f);
	l.mount_id++;
	expect_refused(layout_open_file(&l, LAYOUT_OCI_LAYOUT, &size, &err), &err, ERR_FORMAT,
	    "oci-layout: a mount point inside the layout");
	expect_refused(layout_open_blob(&l, &d, &size, &err), &err, ERR_FORMAT, ": a mount point");
	layout_close(&l);
	fixture_close(&f);
}

struct exchange {
	int dir_fd;
	atomic_bool ends;
};

static void *exchange(void *context)
{
	struct exchange *x = context;

	while (!atomic_load(&x->ends))
		(void)renameat2(x->dir_fd, LAYOUT_INDEX, x->dir_fd, "link", RENAME_EXCHANGE);
	return NULL;
}

/* A file and a link that leads out of the layout change places all the time. */
static void row_l2_never_follows_a_link(void **state)
{
	struct layout_fixture f;
	struct stat outside;
	pthread_t thread;

	(void)state;
	fixture_open(&f);
	temp_puts(f.root_fd, LAYOUT_INDEX, "{}");
	temp_puts(f.dir.fd, "outside", "{}");
	assert_int_equal(fstatat(f.dir.fd, "outside", &outside, 0), 0);
	assert_int_equal(symlinkat("../outside", f.root_fd, "link"), 0);
	struct layout l = open_layout(&f);
	struct exchange x = {.dir_fd = f.root_fd};
	assert_int_equal(pthread_create(&thread, NULL, exchange, &x), 0);
	for (unsigned i = 0; i < 5000; i++) {
		struct error err = ERROR_INIT;
		struct stat st = {.st_ino = 0};
		uint64_t size;
		auto_fd int fd = layout_open_file(&l, LAYOUT_INDEX, &size, &err);

		assert_true(fd < 0 || fstat(fd, &st) == 0);
		assert_int_not_equal(st.st_ino, outside.st_ino);
	}
	atomic_store(&x.ends, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	layout_close(&l);
	fixture_close(&f);
}

static void reads_files_up_to_the_cap(void **state)
{
	struct layout_fixture f;

	(void)state;
	fixture_open(&f);
	temp_puts(f.root_fd, LAYOUT_SEAL, "12345");
	struct layout l = open_layout(&f);
	for (size_t cap = 4; cap < 7; cap++) {
		struct error err = ERROR_INIT;
		auto_buf struct buf b = BUF_INIT(cap);
		int result = layout_read_file(&l, LAYOUT_SEAL, &b, &err);

		if (cap < 5) {
			expect_refused(result, &err, ERR_LIMIT, "SEAL: larger than 4 bytes");
			continue;
		}
		expect_ok(result, &err);
		expect_text(buf_text(&b), "12345");
	}
	layout_close(&l);
	fixture_close(&f);
}

static void knows_names_of_signatures(void **state)
{
	static const char *const others[] = {"", "SEAL", "SEAL..sig", "SEAL.95b9aca00d32204.sig",
	    "SEAL.95b9aca00d3220477.sig", "SEAL.95B9ACA00D322047.sig", "SEAL.95b9aca00d32204g.sig",
	    "SEAL.95b9aca00d322047.sig2", "SEAL.95b9aca00d322047.SIG", "seal.95b9aca00d322047.sig",
	    "SEAL-95b9aca00d322047.sig", "x/SEAL.95b9aca00d322047.sig",
	    "SEAL.95b9aca00d322047\n.sig"};
	char name[LAYOUT_SIGNATURE_NAME_LEN + 1];

	(void)state;
	layout_signature_name(name, "95b9aca00d322047");
	expect_text(name, "SEAL.95b9aca00d322047.sig");
	assert_true(layout_is_signature_name(name));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(layout_is_signature_name(others[i]));
}

/* What layout_each() showed, one line each: the path, and an exclamation mark if not regular. */
static int note_entry(void *context, const char *path, bool is_regular, struct error *err)
{
	(void)err;
	buf_printf(context, "%s%s\n", path, is_regular ? "" : "!");
	return 0;
}

static int refuse_entry(void *context, const char *path, bool is_regular, struct error *err)
{
	(void)context;
	(void)is_regular;
	return error_set(err, ERR_EXISTS, "%s", path);
}

static void shows_every_entry_once(void **state)
{
	static const char *const expected[] = {"oci-layout\n", "stray\n", ".hidden\n", "ingest!\n",
	    "link!\n", "blobs/sha512!\n", "blobs/file\n", "blobs/sha256/x\n", "blobs/sha256/d!\n",
	    "blobs/sha256/.tmp\n"};
	struct layout_fixture f;
	struct error err = ERROR_INIT;
	auto_buf struct buf found = BUF_INIT(1000);
	size_t len = 0;

	(void)state;
	fixture_open(&f);
	temp_puts(f.root_fd, "stray", "");
	temp_puts(f.root_fd, ".hidden", "");
	temp_mkdir(f.root_fd, "ingest");
	temp_puts(f.root_fd, "ingest/not-entered", "");
	assert_int_equal(symlinkat("oci-layout", f.root_fd, "link"), 0);
	temp_mkdir(f.root_fd, "blobs/sha512");
	temp_puts(f.root_fd, "blobs/file", "");
	temp_puts(f.blobs_fd, "x", "");
	temp_puts(f.blobs_fd, ".tmp", "");
	temp_mkdir(f.blobs_fd, "d");
	struct layout l = open_layout(&f);
	size_t before = open_descriptors();
	expect_ok(layout_each(&l, note_entry, &found, &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		expect_contains(buf_text(&found), expected[i]);
		len += strlen(expected[i]);
	}
	assert_int_equal(found.len, len);
	expect_refused(layout_each(&l, refuse_entry, NULL, &err), &err, ERR_EXISTS, "");
	assert_int_equal(open_descriptors(), before);
	layout_close(&l);
	fixture_close(&f);
}

static void shows_what_stands_for_blobs(void **state)
{
	struct layout_fixture f;
	struct error err = ERROR_INIT;
	auto_buf struct buf found = BUF_INIT(1000);

	(void)state;
	fixture_open(&f);
	assert_int_equal(renameat(f.root_fd, "blobs", f.dir.fd, "elsewhere"), 0);
	assert_int_equal(symlinkat("../elsewhere", f.root_fd, "blobs"), 0);
	struct layout l = open_layout(&f);
	assert_int_equal(l.blobs_fd, -1);
	expect_ok(layout_each(&l, note_entry, &found, &err), &err);
	expect_contains(buf_text(&found), "blobs!\n");
	layout_close(&l);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(opens_directories_only),
	    cmocka_unit_test(misses_blobs_quietly),
	    cmocka_unit_test(tells_of_the_machine),
	    cmocka_unit_test(opens_regular_files_only),
	    cmocka_unit_test(opens_blobs_by_digest),
	    cmocka_unit_test(row_l4_stays_on_one_mount),
	    cmocka_unit_test(row_l2_never_follows_a_link),
	    cmocka_unit_test(reads_files_up_to_the_cap),
	    cmocka_unit_test(knows_names_of_signatures),
	    cmocka_unit_test(shows_every_entry_once),
	    cmocka_unit_test(shows_what_stands_for_blobs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
