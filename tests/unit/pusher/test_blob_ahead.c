#include "common/limits.h"
#include "pusher/blob_ahead.h"
#include "tests/unit/layout_fixture.h"

/* More than the thread can have read when the first byte of it is taken. */
#define PIECE LIMIT_COPY_BUFFER_BYTES
#define SIZE (8 * PIECE + 123)

struct ahead_case {
	struct layout_fixture fixture;
	struct layout layout;
	char *content;
	char *found; /* room for one byte more */
	struct digest digest;
	char hex[DIGEST_HEX_LEN + 1];
	struct blob_reader reader;
	struct blob_ahead *ahead;
};

static int set_up(void **state)
{
	struct ahead_case *c = mem_zalloc(1, sizeof(*c));
	struct error err = ERROR_INIT;

	fixture_open(&c->fixture);
	c->content = mem_alloc(SIZE);
	c->found = mem_alloc(SIZE + 1);
	for (size_t i = 0; i < SIZE; i++)
		c->content[i] = (char)(i * 7 + i / PIECE);
	c->digest = fixture_blob(&c->fixture, c->content, SIZE);
	digest_hex(c->hex, &c->digest);
	expect_ok(layout_open(&c->layout, c->fixture.path, &err), &err);
	c->reader = (struct blob_reader)BLOB_READER_INIT;
	*state = c;
	return 0;
}

static void end(struct ahead_case *c)
{
	blob_ahead_stop(c->ahead);
	c->ahead = NULL;
	blob_close(&c->reader);
}

static int tear_down(void **state)
{
	struct ahead_case *c = *state;

	end(c);
	layout_close(&c->layout);
	fixture_close(&c->fixture);
	free(c->content);
	free(c->found);
	free(c);
	return 0;
}

static void start(struct ahead_case *c)
{
	struct error err = ERROR_INIT;

	end(c);
	expect_ok(blob_open(&c->reader, &c->layout, &c->digest, SIZE, &err), &err);
	c->ahead = blob_ahead_start(&c->reader);
	assert_non_null(c->ahead);
}

/* On to the end behind `at`, in pieces of step bytes; how many came in all, or -1. */
static ssize_t read_on(struct ahead_case *c, size_t at, size_t step, struct error *err)
{
	for (;;) {
		size_t room = SIZE + 1 - at;
		ssize_t got =
		    blob_ahead_read(c->ahead, c->found + at, step < room ? step : room, err);
		if (got <= 0)
			return got < 0 ? -1 : (ssize_t)at;
		assert_true((size_t)got <= step && at + (size_t)got <= SIZE);
		at += (size_t)got;
	}
}

static void hands_out_the_blob(void **state)
{
	static const size_t steps[] = {1000, PIECE - 1, PIECE, PIECE + 1, SIZE};
	struct ahead_case *c = *state;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct error err = ERROR_INIT;

		start(c);
		memset(c->found, 0, SIZE);
		assert_int_equal(read_on(c, 0, steps[i], &err), SIZE);
		assert_memory_equal(c->found, c->content, SIZE);
		assert_int_equal(blob_ahead_read(c->ahead, c->found, 1, &err), 0);
	}
}

static void goes_on_where_the_reader_stands(void **state)
{
	struct ahead_case *c = *state;
	struct error err = ERROR_INIT;

	expect_ok(blob_open(&c->reader, &c->layout, &c->digest, SIZE, &err), &err);
	assert_int_equal(blob_read(&c->reader, c->found, 1000, &err), 1000);
	c->ahead = blob_ahead_start(&c->reader);
	assert_non_null(c->ahead);
	assert_int_equal(read_on(c, 1000, PIECE, &err), SIZE);
	assert_memory_equal(c->found, c->content, SIZE);
}

enum change { LONGER, SHORTER, OTHER };

static void change_file(const struct ahead_case *c, enum change change)
{
	auto_fd int fd = openat(c->fixture.blobs_fd, c->hex, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	if (change == LONGER)
		assert_int_equal(pwrite(fd, "x", 1, SIZE), 1);
	else if (change == SHORTER)
		assert_int_equal(ftruncate(fd, SIZE - 1), 0);
	else
		assert_int_equal(pwrite(fd, "\xff\xfe", 2, SIZE - 2), 2);
}

/* As with blob_read(): never the whole of a wrong blob, and never a good end behind a bad one. */
static void test_row_m5_what_changes_meanwhile_is_never_handed_out_whole(void **state)
{
	static const char *const texts[] = {"changed: longer than it was",
	    "changed: shorter than it was", "changed: its digest is another one"};
	struct ahead_case *c = *state;

	for (int change = LONGER; change <= OTHER; change++) {
		struct error err = ERROR_INIT;
		size_t total = 0;
		ssize_t got;

		temp_write(c->fixture.blobs_fd, c->hex, c->content, SIZE);
		start(c);
		got = blob_ahead_read(c->ahead, c->found, 1, &err);
		assert_int_equal(got, 1);
		change_file(c, (enum change)change);
		do
			total += (size_t)got;
		while ((got = blob_ahead_read(c->ahead, c->found, PIECE, &err)) > 0);
		assert_int_equal(got, -1);
		assert_true(total < SIZE);
		expect_error(&err, ERR_SEAL, texts[change]);
		err = (struct error)ERROR_INIT;
		assert_int_equal(blob_ahead_read(c->ahead, c->found, 1, &err), -1);
		expect_error(&err, ERR_SEAL, texts[change]);
	}
}

/* Wherever the thread is by then. */
static void stops_at_any_time(void **state)
{
	struct ahead_case *c = *state;
	struct error err = ERROR_INIT;

	for (size_t at = 0; at <= SIZE; at += PIECE / 2) {
		start(c);
		for (size_t read = 0; read < at; read += PIECE / 2)
			assert_int_equal(
			    blob_ahead_read(c->ahead, c->found, PIECE / 2, &err), PIECE / 2);
	}
	blob_ahead_stop(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(hands_out_the_blob, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(goes_on_where_the_reader_stands, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_row_m5_what_changes_meanwhile_is_never_handed_out_whole, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(stops_at_any_time, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("blob_ahead", tests, NULL, NULL);
}
