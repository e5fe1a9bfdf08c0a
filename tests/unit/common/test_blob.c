#include "common/blob.h"
#include "tests/unit/layout_fixture.h"

#define SIZE 1000

struct blob_case {
	struct layout_fixture fixture;
	struct layout layout;
	char content[SIZE];
	struct digest digest;
	char hex[DIGEST_HEX_LEN + 1];
};

static int set_up(void **state)
{
	struct blob_case *c = mem_zalloc(1, sizeof(*c));
	struct error err = ERROR_INIT;

	fixture_open(&c->fixture);
	for (size_t i = 0; i < SIZE; i++)
		c->content[i] = (char)(i * 7);
	c->digest = fixture_blob(&c->fixture, c->content, SIZE);
	digest_hex(c->hex, &c->digest);
	expect_ok(layout_open(&c->layout, c->fixture.path, &err), &err);
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct blob_case *c = *state;

	layout_close(&c->layout);
	fixture_close(&c->fixture);
	free(c);
	return 0;
}

/* Reads to the end in pieces of step bytes; how many came, or -1. */
static ssize_t read_all(struct blob_reader *r, size_t step, char *into, struct error *err)
{
	ssize_t total = 0;

	for (;;) {
		char piece[2 * SIZE];
		ssize_t got = blob_read(r, piece, step, err);
		if (got <= 0)
			return got < 0 ? -1 : total;
		assert_true((size_t)got <= step && total + got <= SIZE);
		memcpy(into + total, piece, (size_t)got);
		total += got;
	}
}

static void reads_what_it_promises(void **state)
{
	static const size_t steps[] = {1, 7, 999, 1000, 1001, 2000};
	struct blob_case *c = *state;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct error err = ERROR_INIT;
		auto_blob_reader struct blob_reader r = BLOB_READER_INIT;
		char found[SIZE];

		expect_ok(blob_open(&r, &c->layout, &c->digest, SIZE, &err), &err);
		assert_int_equal(read_all(&r, steps[i], found, &err), SIZE);
		assert_memory_equal(found, c->content, SIZE);
		assert_int_equal(blob_read(&r, found, 1, &err), 0);
		assert_int_equal(blob_read(&r, found, 1, &err), 0);
	}
}

static void refuses_another_size(void **state)
{
	struct blob_case *c = *state;
	static const uint64_t sizes[] = {0, SIZE - 1, SIZE + 1, UINT64_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct error err = ERROR_INIT;
		auto_blob_reader struct blob_reader r = BLOB_READER_INIT;
		expect_refused(blob_open(&r, &c->layout, &c->digest, sizes[i], &err), &err,
		    ERR_SEAL, "1000 bytes, its descriptor says");
	}
}

static void refuses_what_is_no_file(void **state)
{
	struct blob_case *c = *state;
	struct error err = ERROR_INIT;
	auto_blob_reader struct blob_reader r = BLOB_READER_INIT;

	assert_int_equal(unlinkat(c->fixture.blobs_fd, c->hex, 0), 0);
	expect_refused(
	    blob_open(&r, &c->layout, &c->digest, SIZE, &err), &err, ERR_SEAL, ": missing");
	assert_int_equal(symlinkat("/dev/zero", c->fixture.blobs_fd, c->hex), 0);
	expect_refused(blob_open(&r, &c->layout, &c->digest, SIZE, &err), &err, ERR_SEAL,
	    ": not a regular file");
	assert_int_equal(unlinkat(c->fixture.blobs_fd, c->hex, 0), 0);
	assert_int_equal(mkfifoat(c->fixture.blobs_fd, c->hex, 0600), 0);
	expect_refused(blob_open(&r, &c->layout, &c->digest, SIZE, &err), &err, ERR_SEAL,
	    ": not a regular file");
}

/* What happens to the file while it is read, after at bytes of it. */
enum change { LONGER, SHORTER, OTHER_BEHIND, OTHER_BEFORE };

static void change_file(const struct blob_case *c, enum change change, size_t at)
{
	auto_fd int fd = openat(c->fixture.blobs_fd, c->hex, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	if (change == LONGER)
		assert_int_equal(pwrite(fd, "x", 1, SIZE), 1);
	else if (change == SHORTER)
		assert_int_equal(ftruncate(fd, SIZE - 1), 0);
	else
		assert_int_equal(
		    pwrite(fd, "\xff\xfe", 2, change == OTHER_BEHIND ? (off_t)at : 0), 2);
}

/*
 * However the file is read: never the whole of a wrong blob, and once it was found to be wrong,
 * never an end that looks like a good one.
 */
static void refuses_what_changes_meanwhile(void **state)
{
	static const char *const texts[] = {"changed: longer than it was",
	    "changed: shorter than it was", "changed: its digest is another one"};
	struct blob_case *c = *state;

	for (int change = LONGER; change <= OTHER_BEHIND; change++) {
		for (size_t step = 1; step <= SIZE; step += 333) {
			struct error err = ERROR_INIT;
			auto_blob_reader struct blob_reader r = BLOB_READER_INIT;
			char found[2 * SIZE];
			ssize_t total = 0;
			ssize_t got;

			temp_write(c->fixture.blobs_fd, c->hex, c->content, SIZE);
			expect_ok(blob_open(&r, &c->layout, &c->digest, SIZE, &err), &err);
			if (step < SIZE)
				total = blob_read(&r, found, step, &err);
			change_file(c, (enum change)change, (size_t)total);
			while ((got = blob_read(&r, found, step, &err)) > 0)
				total += got;
			assert_int_equal(got, -1);
			assert_true(total < SIZE);
			expect_error(&err, ERR_SEAL, texts[change]);
			assert_int_equal(blob_read(&r, found, step, &err), -1);
		}
	}
}

/* What was read before it changed was right then: the bytes handed out are what counts. */
static void hands_out_what_it_hashed(void **state)
{
	struct blob_case *c = *state;
	struct error err = ERROR_INIT;
	auto_blob_reader struct blob_reader r = BLOB_READER_INIT;
	char found[SIZE];

	expect_ok(blob_open(&r, &c->layout, &c->digest, SIZE, &err), &err);
	assert_int_equal(blob_read(&r, found, SIZE / 2, &err), SIZE / 2);
	change_file(c, OTHER_BEFORE, 0);
	assert_int_equal(read_all(&r, SIZE, found + SIZE / 2, &err), SIZE / 2);
	assert_memory_equal(found, c->content, SIZE);
}

static void reads_empty_blobs(void **state)
{
	struct blob_case *c = *state;
	struct error err = ERROR_INIT;
	struct digest empty = fixture_blob(&c->fixture, "", 0);
	char hex[DIGEST_HEX_LEN + 1];
	char byte;
	auto_blob_reader struct blob_reader r = BLOB_READER_INIT;
	auto_blob_reader struct blob_reader again = BLOB_READER_INIT;

	expect_ok(blob_open(&r, &c->layout, &empty, 0, &err), &err);
	assert_int_equal(blob_read(&r, &byte, 1, &err), 0);
	/* An empty file under the name of something that is not. */
	temp_write(c->fixture.blobs_fd, c->hex, "", 0);
	expect_refused(blob_open(&again, &c->layout, &c->digest, 0, &err), &err, ERR_SEAL,
	    "changed: its digest is another one");
	digest_hex(hex, &empty);
	auto_buf struct buf b = BUF_INIT(0);
	expect_ok(blob_load(&b, &c->layout, &empty, 0, &err), &err);
	assert_int_equal(b.len, 0);
}

static void loads_up_to_the_cap(void **state)
{
	struct blob_case *c = *state;

	for (size_t cap = SIZE - 1; cap <= SIZE + 1; cap++) {
		struct error err = ERROR_INIT;
		auto_buf struct buf b = BUF_INIT(cap);
		int result = blob_load(&b, &c->layout, &c->digest, SIZE, &err);

		if (cap < SIZE) {
			expect_refused(result, &err, ERR_LIMIT, "1000 bytes; the limit is 999");
			continue;
		}
		expect_ok(result, &err);
		assert_int_equal(b.len, SIZE);
		assert_memory_equal(b.data, c->content, SIZE);
		assert_int_equal(b.data[SIZE], '\0');
	}
	struct error err = ERROR_INIT;
	auto_buf struct buf b = BUF_INIT(SIZE);
	change_file(c, OTHER_BEFORE, 0);
	expect_refused(blob_load(&b, &c->layout, &c->digest, SIZE, &err), &err, ERR_SEAL,
	    "its digest is another one");
	assert_int_equal(b.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(reads_what_it_promises, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(refuses_another_size, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(refuses_what_is_no_file, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(refuses_what_changes_meanwhile, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(hands_out_what_it_hashed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(reads_empty_blobs, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(loads_up_to_the_cap, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
