#include <fcntl.h>
#include <unistd.h>

#include "common/blob_hash.h"
#include "common/limits.h"
#include "tests/unit/layout_fixture.h"

#define BLOBS 12
#define LARGE ((size_t)3 * MIB / 2)
#define HUGE_BYTES ((size_t)LIMIT_MANIFEST_BYTES_MAX + 1)

/* Every other blob is large, the last one larger than what is parsed; sorted, as a seal has them.
 */
struct blobs {
	struct layout_fixture fixture;
	struct layout layout;
	struct digest digests[BLOBS];
	size_t largest; /* which of them */
	enum blob_verdict verdicts[BLOBS];
};

static int set_up(void **state)
{
	struct blobs *b = mem_zalloc(1, sizeof(*b));
	auto_free char *content = mem_alloc(HUGE_BYTES);
	struct error err = ERROR_INIT;

	fixture_open(&b->fixture);
	memset(content, 'x', HUGE_BYTES);
	for (size_t i = 0; i + 1 < BLOBS; i++)
		b->digests[i] =
		    fixture_blob(&b->fixture, content, i % 2 == 0 ? 100 + i : LARGE + i);
	struct digest largest = fixture_blob(&b->fixture, content, HUGE_BYTES);
	b->digests[BLOBS - 1] = largest;
	qsort(b->digests, BLOBS, sizeof(b->digests[0]), digest_compare);
	while (!digest_equal(&b->digests[b->largest], &largest))
		b->largest++;
	expect_ok(layout_open(&b->layout, b->fixture.path, &err), &err);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct blobs *b = *state;

	layout_close(&b->layout);
	fixture_close(&b->fixture);
	free(b);
	return 0;
}

static char *path_of(const struct blobs *b, size_t i)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(hex, &b->digests[i]);
	return mem_printf("%s/blobs/sha256/%s", b->fixture.path, hex);
}

static void change(const struct blobs *b, size_t i)
{
	auto_free char *path = path_of(b, i);
	auto_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "y", 1, 50), 1);
}

static void hash_all(struct blobs *b, bool owe_large)
{
	struct error err = ERROR_INIT;

	expect_ok(blob_hash_all(&b->layout, b->digests, BLOBS, owe_large, b->verdicts, &err), &err);
}

static void finds_all_the_same(void **state)
{
	struct blobs *b = *state;

	hash_all(b, false);
	for (size_t i = 0; i < BLOBS; i++)
		assert_int_equal(b->verdicts[i], BLOB_SAME);
}

static void finds_each_that_differs(void **state)
{
	struct blobs *b = *state;

	for (size_t i = 0; i < BLOBS; i += 3) {
		auto_free char *next = path_of(b, i + 1);

		change(b, i);
		assert_int_equal(unlink(next), 0);
	}
	hash_all(b, false);
	for (size_t i = 0; i < BLOBS; i++)
		assert_int_equal(b->verdicts[i], i % 3 == 0   ? BLOB_CHANGED
						 : i % 3 == 1 ? BLOB_MISSING
							      : BLOB_SAME);
}

static void leaves_what_is_judged(void **state)
{
	struct blobs *b = *state;

	change(b, 3);
	b->verdicts[3] = BLOB_SAME;
	b->verdicts[4] = BLOB_MISSING;
	hash_all(b, false);
	assert_int_equal(b->verdicts[3], BLOB_SAME);
	assert_int_equal(b->verdicts[4], BLOB_MISSING);
}

static void owes_what_is_larger_than_anything_parsed(void **state)
{
	struct blobs *b = *state;
	struct error err = ERROR_INIT;

	change(b, b->largest);
	hash_all(b, true);
	for (size_t i = 0; i < BLOBS; i++)
		assert_int_equal(b->verdicts[i], i == b->largest ? BLOB_OWED : BLOB_SAME);
	assert_int_equal(blob_hash_owed(&b->layout, &b->digests[b->largest], &err), -1);
	expect_error(&err, ERR_SEAL, "changed");
	err = (struct error)ERROR_INIT;
	expect_ok(blob_hash_owed(&b->layout, &b->digests[b->largest == 0], &err), &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(finds_all_the_same, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(finds_each_that_differs, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(leaves_what_is_judged, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		owes_what_is_larger_than_anything_parsed, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
