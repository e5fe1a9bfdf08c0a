/*
 * The layouts that a second implementation of the format made and ssh-keygen sealed. They stand
 * beside the source tree where the project is developed; elsewhere these tests are skipped.
 */
#include <limits.h>

#include "common/blob.h"
#include "common/verified_layout.h"
#include "tests/unit/temp_dir.h"

#define NOW 1704164645 /* 2024-01-02T03:04:05Z */
#define DATA "shared/data/layouts"
#define SIGNATURE "SEAL.95b9aca00d322047.sig"
#define BIG_BLOB "blobs/sha256/881b5bfc7f179ac88c80b4182b487d8bf97d5da28751bad803906bbd905f42c0"
#define BIG_BLOB_BYTES 16261

static const char *const files_of_one[] = {"oci-layout", "index.json", "SEAL", SIGNATURE, BIG_BLOB,
    "blobs/sha256/b73164e9fcc54984bb76f2861ffa997469abed000397878ba2cad02f218e23e6",
    "blobs/sha256/bda4f6878d18e85f20d7212e34adb483b919bff87fefefe8845bc2f8f7e897c1"};

struct golden {
	char *data; /* where the layouts are */
	struct trust *trust;
	struct temp_dir dir;
	char *one; /* a copy of `one` that may be changed */
	int one_fd;
};

/* The data beside the current directory, or beside any directory above this program. */
static char *find_data(void)
{
	char path[PATH_MAX] = "";
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (faccessat(AT_FDCWD, "../" DATA, F_OK, 0) == 0)
		return mem_strdup("../" DATA);
	path[len > 0 ? len : 0] = '\0';
	for (char *slash = strrchr(path, '/'); slash != NULL; slash = strrchr(path, '/')) {
		*slash = '\0';
		auto_free char *found = mem_printf("%s/" DATA, path);
		if (faccessat(AT_FDCWD, found, F_OK, 0) == 0)
			return steal_ptr(&found);
	}
	return NULL;
}

static void copy_one(struct golden *g)
{
	auto_free char *from = mem_printf("%s/one", g->data);
	auto_fd int from_fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	temp_dir_open(&g->dir);
	g->one = temp_path(&g->dir, "one");
	temp_mkdir(g->dir.fd, "one");
	temp_mkdir(g->dir.fd, "one/blobs");
	temp_mkdir(g->dir.fd, "one/blobs/sha256");
	g->one_fd = openat(g->dir.fd, "one", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(files_of_one); i++) {
		auto_buf struct buf content = BUF_INIT(100000);
		temp_read(from_fd, files_of_one[i], &content);
		temp_write(g->one_fd, files_of_one[i], content.data, content.len);
	}
}

static int set_up(void **state)
{
	struct golden *g = mem_zalloc(1, sizeof(*g));
	struct error err = ERROR_INIT;

	*state = g;
	g->data = find_data();
	if (g->data == NULL)
		return 0;
	auto_free char *trust = mem_printf("%s/trust", g->data);
	g->trust = trust_load(trust, NULL, &err);
	expect_ok(g->trust != NULL ? 0 : -1, &err);
	copy_one(g);
	return 0;
}

static int tear_down(void **state)
{
	struct golden *g = *state;

	if (g->data != NULL) {
		(void)close(g->one_fd);
		temp_dir_close(&g->dir);
	}
	trust_free(g->trust);
	free(g->one);
	free(g->data);
	free(g);
	return 0;
}

static const struct golden *need_data(void **state)
{
	const struct golden *g = *state;

	if (g->data == NULL) {
		print_message("no ../" DATA " beside the source tree\n");
		skip();
	}
	return g;
}

static struct verified_layout *verify(
    const struct golden *g, const char *path, struct problems *problems, struct error *err)
{
	const struct judgement judgement = {
	    .trust = g->trust, .now = NOW, .target = NULL, .default_port = 443};

	return verified_layout_open(path, &judgement, problems, err);
}

static void expect_good(const struct golden *g)
{
	struct error err = ERROR_INIT;
	auto_problems struct problems problems = PROBLEMS_INIT;
	auto_verified_layout struct verified_layout *v = verify(g, g->one, &problems, &err);

	expect_ok(v != NULL ? 0 : -1, &err);
	assert_int_equal(problems.total, 0);
}

/* The copy is refused, for this kind of fault at this path where path is not NULL. */
static void expect_bad(const struct golden *g, const char *path, enum problem_kind kind)
{
	struct error err = ERROR_INIT;
	auto_problems struct problems problems = PROBLEMS_INIT;
	size_t before = open_descriptors();
	auto_verified_layout struct verified_layout *v = verify(g, g->one, &problems, &err);

	expect_refused(v == NULL ? -1 : 0, &err, ERR_SEAL, "layout '");
	assert_int_equal(open_descriptors(), before);
	if (path == NULL)
		return;
	expect_contains(err.text, "1 file is not as sealed: bring it again");
	assert_int_equal(problems.count, 1);
	expect_text(problems.items[0].path, path);
	expect_text(problem_text(problems.items[0].kind), problem_text(kind));
}

static void the_good_ones_verify(void **state)
{
	static const struct {
		const char *name;
		const char *seal_id;
		size_t names;
		const char *origin;
	} layouts[] = {
	    {"one", "7472bd159168afb06fb214380c8ef8c0a035ec8908eb9d936826610864e9a69f", 1, NULL},
	    {"delivery", "e1bd8e145755cdcf8ec757f75dcf36e26ac9e1bcc1d35b438f98f7042ddd9ae9", 2,
		"plant-a"},
	};
	const struct golden *g = need_data(state);

	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		struct error err = ERROR_INIT;
		auto_problems struct problems problems = PROBLEMS_INIT;
		auto_free char *path = mem_printf("%s/%s", g->data, layouts[i].name);
		auto_verified_layout struct verified_layout *v = verify(g, path, &problems, &err);
		char hex[DIGEST_HEX_LEN + 1];
		size_t signer_count;

		expect_ok(v != NULL ? 0 : -1, &err);
		digest_hex(hex, verified_layout_seal_id(v));
		expect_text(hex, layouts[i].seal_id);
		const struct trust_signer *signers = verified_layout_signers(v, &signer_count);
		assert_int_equal(signer_count, 1);
		expect_text(signers[0].principal, "enclave");
		const struct graph *graph = verified_layout_graph(v);
		assert_int_equal(graph->name_count, layouts[i].names);
		expect_text(graph->names[0].repository, "alertmanager");
		if (layouts[i].origin != NULL)
			expect_text(graph->index.delivery.origin, layouts[i].origin);
		assert_int_equal(verified_layout_unknown_signatures(v), 0);
	}
}

static int a_mark(void *context, const char *origin, struct sequence_mark *out, struct error *err)
{
	(void)err;
	expect_text(origin, "plant-a");
	*out = (struct sequence_mark){.exists = true, .sequence = *(const uint64_t *)context};
	return 0;
}

static void row_s12_a_sequence_is_judged(void **state)
{
	const struct golden *g = need_data(state);
	struct error err = ERROR_INIT;
	auto_problems struct problems problems = PROBLEMS_INIT;
	auto_free char *path = mem_printf("%s/numbered", g->data);
	auto_verified_layout struct verified_layout *v = verify(g, path, &problems, &err);

	expect_ok(v != NULL ? 0 : -1, &err);
	assert_int_equal(verified_layout_sequence(v)->state, SEQUENCE_NOT_JUDGED);
	uint64_t known = 40;
	const struct mark_source marks = {.find = a_mark, .context = &known};
	const struct judgement judgement = {
	    .trust = g->trust, .now = NOW, .default_port = 443, .marks = &marks};
	auto_verified_layout struct verified_layout *next =
	    verified_layout_open(path, &judgement, &problems, &err);
	expect_ok(next != NULL ? 0 : -1, &err);
	assert_int_equal(verified_layout_sequence(next)->state, SEQUENCE_JUDGED);
	/* The mark's seal is none that it could follow. */
	assert_true(verified_layout_sequence(next)->previous_differs);
	known = 42;
	auto_verified_layout struct verified_layout *old =
	    verified_layout_open(path, &judgement, &problems, &err);
	expect_refused(
	    old == NULL ? -1 : 0, &err, ERR_POLICY, "41 from 'plant-a' is older than 42");
}

static void flip(int fd, off_t at, int bit)
{
	unsigned char byte;

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= (unsigned char)(1 << bit);
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

/* Every byte of every file; every bit of SEAL and of the signature file. Nothing is sampled. */
static void every_flipped_byte_is_refused(void **state)
{
	const struct golden *g = need_data(state);

	expect_good(g);
	for (size_t i = 0; i < ARRAY_SIZE(files_of_one); i++) {
		const char *name = files_of_one[i];
		bool is_seal = strncmp(name, "SEAL", 4) == 0;
		auto_fd int fd = openat(g->one_fd, name, O_RDWR | O_CLOEXEC);
		off_t size = lseek(fd, 0, SEEK_END);

		assert_true(size > 0);
		for (off_t at = 0; at < size; at++) {
			for (int bit = 0; bit < (is_seal ? 8 : 1); bit++) {
				int which = is_seal ? bit : (int)(at % 8);

				flip(fd, at, which);
				expect_bad(g, is_seal ? NULL : name, PROBLEM_CHANGED);
				flip(fd, at, which);
			}
		}
	}
	expect_good(g);
}

static void every_cut_or_longer_file_is_refused(void **state)
{
	const struct golden *g = need_data(state);

	for (size_t i = 0; i < ARRAY_SIZE(files_of_one); i++) {
		const char *name = files_of_one[i];
		const char *problem = strncmp(name, "SEAL", 4) == 0 ? NULL : name;
		auto_buf struct buf content = BUF_INIT(100000);

		temp_read(g->one_fd, name, &content);
		const size_t sizes[] = {0, 1, content.len / 2, content.len - 1};
		for (size_t k = 0; k < ARRAY_SIZE(sizes); k++) {
			temp_write(g->one_fd, name, content.data, sizes[k]);
			expect_bad(g, problem, PROBLEM_CHANGED);
		}
		buf_putc(&content, '\n');
		temp_write(g->one_fd, name, content.data, content.len);
		expect_bad(g, problem, PROBLEM_CHANGED);
		temp_write(g->one_fd, name, content.data, content.len - 1);
	}
	expect_good(g);
}

/* What may stand in the place of a file, and is none. */
static void put_instead(const struct golden *g, const char *name, int kind)
{
	if (kind == 1)
		assert_int_equal(symlinkat("/dev/zero", g->one_fd, name), 0);
	else if (kind == 2) /* a link to the very content */
		assert_int_equal(symlinkat("../aside", g->one_fd, name), 0);
	else if (kind == 3)
		assert_int_equal(mkfifoat(g->one_fd, name, 0666), 0);
	else if (kind == 4)
		temp_mkdir(g->one_fd, name);
}

static void every_absent_or_irregular_file_is_refused(void **state)
{
	const struct golden *g = need_data(state);

	for (size_t i = 0; i < ARRAY_SIZE(files_of_one); i++) {
		const char *name = files_of_one[i];
		const char *problem = strncmp(name, "SEAL", 4) == 0 ? NULL : name;

		for (int kind = 0; kind <= 4; kind++) {
			assert_int_equal(renameat(g->one_fd, name, g->dir.fd, "aside"), 0);
			put_instead(g, name, kind);
			expect_bad(g, problem, kind == 0 ? PROBLEM_MISSING : PROBLEM_NOT_REGULAR);
			if (kind > 0)
				assert_int_equal(
				    unlinkat(g->one_fd, name, kind == 4 ? AT_REMOVEDIR : 0), 0);
			assert_int_equal(renameat(g->dir.fd, "aside", g->one_fd, name), 0);
		}
	}
	expect_good(g);
}

static void every_file_added_is_refused(void **state)
{
	static const char *const names[] = {"x", ".x", "SEAL.sig", "SEAL.bak", "index.json~",
	    "SEAL.95B9ACA00D322047.sig", "blobs/x", "blobs/.x", "blobs/sha256/x",
	    "blobs/sha256/.tmp",
	    "blobs/sha256/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	    "a\nb\x1b[31m"};
	const struct golden *g = need_data(state);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		temp_puts(g->one_fd, names[i], "");
		expect_bad(g, names[i], PROBLEM_ADDED);
		assert_int_equal(unlinkat(g->one_fd, names[i], 0), 0);
		temp_mkdir(g->one_fd, names[i]);
		expect_bad(g, names[i], PROBLEM_ADDED);
		assert_int_equal(unlinkat(g->one_fd, names[i], AT_REMOVEDIR), 0);
	}
	expect_good(g);
}

/* The medium shows something else once it was verified: what is handed out is never wrong whole. */
static void a_blob_swapped_after_the_check_is_refused(void **state)
{
	static const char *const texts[] = {
	    "its digest is another one", "another one", "bytes, its"};
	const struct golden *g = need_data(state);
	struct digest digest;
	auto_buf struct buf content = BUF_INIT(100000);

	assert_true(digest_parse_hex(&digest, BIG_BLOB + strlen("blobs/sha256/"), DIGEST_HEX_LEN));
	temp_read(g->one_fd, BIG_BLOB, &content);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error err = ERROR_INIT;
		auto_problems struct problems problems = PROBLEMS_INIT;
		auto_verified_layout struct verified_layout *v = verify(g, g->one, &problems, &err);
		auto_blob_reader struct blob_reader r = BLOB_READER_INIT;
		char found[4096];
		ssize_t got;
		size_t total = 0;

		expect_ok(v != NULL ? 0 : -1, &err);
		assert_int_equal(renameat(g->one_fd, BIG_BLOB, g->dir.fd, "aside"), 0);
		if (i < 2)
			content.data[i == 0 ? 0 : BIG_BLOB_BYTES - 1] ^= 1;
		temp_write(g->one_fd, BIG_BLOB, content.data, content.len - (i == 2 ? 1 : 0));
		got = blob_open(&r, verified_layout_files(v), &digest, BIG_BLOB_BYTES, &err);
		while (got == 0 && (got = blob_read(&r, found, sizeof(found), &err)) > 0) {
			total += (size_t)got;
			got = 0;
		}
		expect_refused((int)got, &err, ERR_SEAL, texts[i]);
		assert_true(total < BIG_BLOB_BYTES);
		assert_int_equal(renameat(g->dir.fd, "aside", g->one_fd, BIG_BLOB), 0);
	}
	expect_good(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_good_ones_verify),
	    cmocka_unit_test(row_s12_a_sequence_is_judged),
	    cmocka_unit_test(every_flipped_byte_is_refused),
	    cmocka_unit_test(every_cut_or_longer_file_is_refused),
	    cmocka_unit_test(every_absent_or_irregular_file_is_refused),
	    cmocka_unit_test(every_file_added_is_refused),
	    cmocka_unit_test(a_blob_swapped_after_the_check_is_refused),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
