#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <sodium.h>

#include "builder/layout_writer.h"
#include "tests/unit/faults.h"
#include "tests/unit/temp_dir.h"

struct place {
	struct temp_dir dir;
	char *out; /* dir/out */
};

static int set_up(void **state)
{
	struct place *p = mem_zalloc(1, sizeof(*p));

	temp_dir_open(&p->dir);
	p->out = temp_path(&p->dir, "out");
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	faults_clear();
	temp_dir_close(&p->dir);
	free(p->out);
	free(p);
	return 0;
}

static void start_anew(struct place *p)
{
	temp_dir_close(&p->dir);
	free(p->out);
	temp_dir_open(&p->dir);
	p->out = temp_path(&p->dir, "out");
}

/* Everything a build does to a place; text is the content of its one blob. */
static int write_layout(const char *path, bool replace, const char *text, struct error *err)
{
	struct digest d;
	auto_layout_writer struct layout_writer *w = layout_writer_new(path, replace, err);

	digest_of(&d, text, strlen(text));
	if (w == NULL || layout_writer_blob(w, &d, text, strlen(text), err) != 0 ||
	    layout_writer_blob(w, &d, text, strlen(text), err) != 0 ||
	    layout_writer_file(w, "oci-layout", "{}", 2, err) != 0 ||
	    layout_writer_file(w, "index.json", text, strlen(text), err) != 0)
		return -1;
	return layout_writer_publish(w, err);
}

/* out is a layout made of text, with the modes that no umask decides, and stands there alone. */
static void expect_layout(const struct place *p, const char *text)
{
	static const char *const directories[] = {"out", "out/blobs", "out/blobs/sha256"};
	auto_buf struct buf index = BUF_INIT(1000);
	struct stat st;

	temp_read(p->dir.fd, "out/index.json", &index);
	expect_text(buf_text(&index), text);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		assert_int_equal(fstatat(p->dir.fd, directories[i], &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_int_equal(st.st_mode & 07777, 0755);
	}
	assert_int_equal(fstatat(p->dir.fd, "out/index.json", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(temp_count(p->dir.fd), 1);
}

static void appears_whole(void **state)
{
	struct place *p = *state;
	struct error err = ERROR_INIT;
	size_t before = open_descriptors();
	mode_t mask = umask(077);

	expect_ok(write_layout(p->out, false, "one", &err), &err);
	(void)umask(mask);
	expect_layout(p, "one");
	assert_int_equal(open_descriptors(), before);
	auto_free char *slashed = mem_printf("%s//", p->out);
	expect_ok(write_layout(slashed, true, "two", &err), &err);
	expect_layout(p, "two");
}

static void is_not_there_before_it_is_published(void **state)
{
	struct place *p = *state;
	struct error err = ERROR_INIT;
	struct stat st;
	struct layout_writer *w = layout_writer_new(p->out, false, &err);

	assert_non_null(w);
	expect_ok(layout_writer_file(w, "index.json", "x", 1, &err), &err);
	assert_false(temp_exists(p->dir.fd, "out"));
	assert_int_equal(stat(layout_writer_staging(w), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	layout_writer_free(w);
	layout_writer_free(NULL);
	assert_int_equal(temp_count(p->dir.fd), 0);
}

static void needs_a_name(void **state)
{
	static const char *const paths[] = {"", "/", "//", ".", "..", "./", "a/..", "a/."};
	struct place *p = *state;
	char name[202] = "";
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		expect_refused(write_layout(paths[i], false, "x", &err), &err, ERR_USAGE,
		    "the name of the new directory is missing");
	for (size_t len = 200; len < 202; len++) {
		memset(name, 'n', len);
		auto_free char *path = temp_path(&p->dir, name);
		int result = write_layout(path, false, "x", &err);
		if (len == 200)
			expect_ok(result, &err);
		else
			expect_refused(result, &err, ERR_USAGE, "longer than 200 bytes");
	}
	auto_free char *nowhere = temp_path(&p->dir, "nowhere/out");
	expect_refused(
	    write_layout(nowhere, false, "x", &err), &err, ERR_SYSTEM, "No such file or directory");
}

/* What is there stays as it is, with --force too unless it is a layout and nothing else. */
static void replaces_layouts_only(void **state)
{
	static const struct {
		const char *name; /* below out; "" makes out itself a file, "@" a link */
		const char *error;
	} cases[] = {
	    {"", "not a directory"},
	    {"@", "not a directory (a link is not followed)"},
	    {"notes.txt", "'notes.txt' in it belongs to no layout"},
	    {"blobs/sha256/notes", "in it belongs to no layout"},
	    {"SEAL.sig", "in it belongs to no layout"},
	    {"index.json/x", "in it belongs to no layout"},
	    {"oci-layout", "it is no layout"},
	};
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		auto_free char *inner = mem_printf("out/%s", cases[i].name);

		if (cases[i].name[0] == '\0') {
			temp_puts(p->dir.fd, "out", "mine");
		} else if (cases[i].name[0] == '@') {
			temp_mkdir(p->dir.fd, "target");
			temp_puts(p->dir.fd, "target/index.json", "mine");
			assert_int_equal(symlinkat("target", p->dir.fd, "out"), 0);
		} else {
			temp_mkdir(p->dir.fd, "out");
			if (strncmp(cases[i].name, "blobs", 5) == 0) {
				temp_mkdir(p->dir.fd, "out/blobs");
				temp_mkdir(p->dir.fd, "out/blobs/sha256");
			} else if (strncmp(cases[i].name, "index.json/", 11) == 0) {
				temp_mkdir(p->dir.fd, "out/index.json");
			}
			temp_puts(p->dir.fd, inner, "mine");
		}
		expect_refused(write_layout(p->out, false, "new", &err), &err, ERR_EXISTS,
		    "exists (--force replaces a layout)");
		expect_refused(
		    write_layout(p->out, true, "new", &err), &err, ERR_EXISTS, cases[i].error);
		auto_buf struct buf found = BUF_INIT(100);
		temp_read(p->dir.fd,
		    cases[i].name[0] == '\0'  ? "out"
		    : cases[i].name[0] == '@' ? "target/index.json"
					      : inner,
		    &found);
		expect_text(buf_text(&found), "mine");
		assert_int_equal(temp_count(p->dir.fd), cases[i].name[0] == '@' ? 2 : 1);
		start_anew(p);
	}
}

/* A link with a slash behind it is still a link. */
static void never_replaces_through_a_link(void **state)
{
	struct place *p = *state;
	struct error err = ERROR_INIT;
	auto_free char *slashed = mem_printf("%s/", p->out);
	auto_free char *real = temp_path(&p->dir, "real");

	expect_ok(write_layout(real, false, "real", &err), &err);
	assert_int_equal(symlinkat("real", p->dir.fd, "out"), 0);
	expect_refused(
	    write_layout(slashed, true, "new", &err), &err, ERR_EXISTS, "not a directory");
	assert_true(temp_exists(p->dir.fd, "real/index.json"));
	assert_int_equal(temp_count(p->dir.fd), 2);
}

/* Something else took the place while the charts were packed: it is not deleted with the old one.
 */
static void looks_again_before_it_replaces(void **state)
{
	struct place *p = *state;
	struct error err = ERROR_INIT;

	expect_ok(write_layout(p->out, false, "old", &err), &err);
	struct layout_writer *w = layout_writer_new(p->out, true, &err);
	assert_non_null(w);
	temp_puts(p->dir.fd, "out/thesis.txt", "years of work");
	expect_refused(layout_writer_publish(w, &err), &err, ERR_EXISTS,
	    "'thesis.txt' in it belongs to no layout");
	layout_writer_free(w);
	assert_true(temp_exists(p->dir.fd, "out/thesis.txt"));
	assert_true(temp_exists(p->dir.fd, "out/index.json"));
	assert_int_equal(temp_count(p->dir.fd), 1);
}

static void two_builders_do_not_meet(void **state)
{
	struct place *p = *state;
	struct error err = ERROR_INIT;
	struct layout_writer *first = layout_writer_new(p->out, false, &err);
	struct layout_writer *second = layout_writer_new(p->out, false, &err);

	assert_true(first != NULL && second != NULL);
	assert_int_equal(temp_count(p->dir.fd), 2); /* the second swept nothing that lives */
	expect_ok(layout_writer_publish(first, &err), &err);
	expect_refused(layout_writer_publish(second, &err), &err, ERR_EXISTS,
	    "was made by another process meanwhile");
	/* The first one still holds what it made. */
	struct layout_writer *third = layout_writer_new(p->out, true, &err);
	assert_null(third);
	expect_error(&err, ERR_EXISTS, "it is no layout");
	layout_writer_free(first);
	layout_writer_free(second);
	assert_int_equal(temp_count(p->dir.fd), 1);
}

static void replacing_waits_for_nobody(void **state)
{
	struct place *p = *state;
	struct error err = ERROR_INIT;

	expect_ok(write_layout(p->out, false, "old", &err), &err);
	struct layout_writer *first = layout_writer_new(p->out, true, &err);
	struct layout_writer *second = layout_writer_new(p->out, true, &err);
	assert_true(first != NULL && second != NULL);
	expect_ok(layout_writer_file(first, "index.json", "first", 5, &err), &err);
	expect_ok(layout_writer_publish(first, &err), &err);
	expect_refused(
	    layout_writer_publish(second, &err), &err, ERR_BUSY, "another builder is at it");
	layout_writer_free(second);
	layout_writer_free(first);
	expect_layout(p, "first");
}

static void sweeps_what_a_dead_builder_left(void **state)
{
	struct place *p = *state;
	struct error err = ERROR_INIT;
	int status;
	pid_t child = fork();

	if (child == 0) {
		struct layout_writer *w = layout_writer_new(p->out, false, &err);
		if (w == NULL || layout_writer_file(w, "index.json", "x", 1, &err) != 0)
			_exit(1);
		_exit(0); /* without cleaning up, as a kill leaves it */
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(temp_count(p->dir.fd), 1);
	expect_ok(write_layout(p->out, false, "next", &err), &err);
	expect_layout(p, "next");
}

/* Every call of every kind fails once; replace: over a layout that must survive it. */
static void fail_each_call(struct place *p, enum fault_call call, int number, bool replace)
{
	for (unsigned n = 1;; n++) {
		struct error err = ERROR_INIT;
		size_t before;

		if (!replace)
			start_anew(p);
		before = open_descriptors();
		faults_plan(call, n, number);
		int result = write_layout(p->out, replace, "new", &err);
		bool struck = faults.seen[call] >= n;
		faults_clear();
		assert_int_equal(open_descriptors(), before);
		if (result == 0) {
			/* Not reached, or it is one that may fail: a sweep, a look. */
			expect_layout(p, "new");
		} else {
			expect_error(&err, ERR_SYSTEM, strerror(number));
		}
		/* There is the old one, the new one, or none; never half of one. */
		if (temp_exists(p->dir.fd, "out")) {
			auto_buf struct buf index = BUF_INIT(100);
			temp_read(p->dir.fd, "out/index.json", &index);
			assert_true(strcmp(buf_text(&index), "new") == 0 ||
				    (replace && strcmp(buf_text(&index), "old") == 0));
		} else {
			assert_false(replace);
		}
		/* And whatever it was, the next one works and clears up. */
		expect_ok(write_layout(p->out, true, "old", &err), &err);
		expect_layout(p, "old");
		if (!struck)
			return;
	}
}

static void every_failure_leaves_old_or_new(void **state)
{
	static const int numbers[] = {ENOSPC, EIO};
	struct place *p = *state;

	for (int call = 0; call < CALL_COUNT; call++) {
		for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
			fail_each_call(p, (enum fault_call)call, numbers[i], false);
	}
	struct error err = ERROR_INIT;
	start_anew(p);
	expect_ok(write_layout(p->out, false, "old", &err), &err);
	for (int call = 0; call < CALL_COUNT; call++)
		fail_each_call(p, (enum fault_call)call, EIO, true);
}

/* Some network and FUSE file systems refuse the flags of renameat2(). */
static void does_without_the_flags_of_rename(void **state)
{
	static const int numbers[] = {EINVAL, ENOSYS};
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct error err = ERROR_INIT;

		faults_plan(CALL_RENAMEAT2, 1, numbers[i]);
		faults.lasting = true;
		expect_ok(write_layout(p->out, false, "one", &err), &err);
		faults_clear();
		expect_layout(p, "one");
		/* The fallback finds the name taken as well. */
		struct layout_writer *w;
		assert_int_equal(renameat(p->dir.fd, "out", p->dir.fd, "away"), 0);
		w = layout_writer_new(p->out, false, &err);
		assert_non_null(w);
		assert_int_equal(renameat(p->dir.fd, "away", p->dir.fd, "out"), 0);
		faults_plan(CALL_RENAMEAT2, 1, numbers[i]);
		expect_refused(layout_writer_publish(w, &err), &err, ERR_EXISTS, "meanwhile");
		faults_clear();
		layout_writer_free(w);
		expect_layout(p, "one");
		/* Replacing needs them. */
		faults_plan(CALL_RENAMEAT2, 1, numbers[i]);
		expect_refused(write_layout(p->out, true, "two", &err), &err, ERR_SYSTEM,
		    "cannot replace a directory in one step: remove the old one first");
		faults_clear();
		expect_layout(p, "one");
		start_anew(p);
	}
}

static void a_limit_on_file_sizes_is_an_error(void **state)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	static const struct rlimit little = {2, RLIM_INFINITY};
	struct place *p = *state;
	struct error err = ERROR_INIT;
	struct sigaction action;
	struct rlimit before;

	assert_int_equal(sigaction(SIGXFSZ, &ignore, &action), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	const struct rlimit limit = {little.rlim_cur, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	int result = write_layout(p->out, false, "longer", &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(sigaction(SIGXFSZ, &action, NULL), 0);
	expect_refused(result, &err, ERR_SYSTEM, "File too large");
	assert_int_equal(temp_count(p->dir.fd), 0);
}

/* A signal that waits is obeyed at the next step, with nothing left. */
static int interrupted_child(const struct place *p)
{
	struct error err = ERROR_INIT;
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	struct layout_writer *w = layout_writer_new(p->out, false, &err);
	if (w == NULL)
		return 1;
	(void)raise(SIGTERM);
	if (layout_writer_file(w, "index.json", "x", 1, &err) == 0 || err.code != ERR_INTERRUPTED ||
	    layout_writer_publish(w, &err) == 0 || err.code != ERR_INTERRUPTED)
		return 2;
	layout_writer_free(w);
	return 0;
}

static void stops_when_asked(void **state)
{
	struct place *p = *state;
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(interrupted_child(p));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(temp_count(p->dir.fd), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(appears_whole),
	    TEST(is_not_there_before_it_is_published),
	    TEST(needs_a_name),
	    TEST(replaces_layouts_only),
	    TEST(never_replaces_through_a_link),
	    TEST(looks_again_before_it_replaces),
	    TEST(two_builders_do_not_meet),
	    TEST(replacing_waits_for_nobody),
	    TEST(sweeps_what_a_dead_builder_left),
	    TEST(every_failure_leaves_old_or_new),
	    TEST(does_without_the_flags_of_rename),
	    TEST(a_limit_on_file_sizes_is_an_error),
	    TEST(stops_when_asked),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
