#include "common/limits.h"
#include "common/seal.h"
#include "tests/unit/expect.h"

#define A "1111111111111111111111111111111111111111111111111111111111111111"
#define B "2222222222222222222222222222222222222222222222222222222222222222"
#define BLOB(hex) hex "  blobs/sha256/" hex "\n"
#define TAIL A "  index.json\n" B "  oci-layout\n"

static int parse(struct seal *out, const char *text, struct error *err)
{
	return seal_parse(out, text, strlen(text), err);
}

static void reads_and_writes_lists(void **state)
{
	static const struct {
		const char *text;
		size_t blobs;
	} cases[] = {{TAIL, 0}, {BLOB(A) TAIL, 1}, {BLOB(A) BLOB(B) TAIL, 2}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_INIT;
		auto_seal struct seal s = SEAL_INIT;
		auto_buf struct buf b = BUF_INIT(1000);
		struct digest id;

		expect_ok(parse(&s, cases[i].text, &err), &err);
		assert_int_equal(s.blob_count, cases[i].blobs);
		assert_int_equal(s.index.bytes[0], 0x11);
		assert_int_equal(s.oci_layout.bytes[0], 0x22);
		digest_of(&id, cases[i].text, strlen(cases[i].text));
		assert_true(digest_equal(&s.id, &id));
		seal_write(&b, &s);
		expect_text(buf_text(&b), cases[i].text);
	}
}

static const struct {
	const char *text;
	const char *error;
} refused[] = {
    {"", "SEAL: line 1: missing"},
    {"\n", "line 1: not 64 lower-case hex digits"},
    {BLOB(A), "line 2: missing"},
    {A "  index.json\n", "line 2: missing"},
    {A "  index.json\n" B "  oci-layout", "line 2: not ended by a line feed"},
    {TAIL "\n", "line 3: nothing may follow oci-layout"},
    {TAIL BLOB(A), "line 3: nothing may follow oci-layout"},
    {TAIL "x", "line 3: nothing may follow oci-layout"},
    {BLOB(A) BLOB(A) TAIL, "line 2: out of order or repeated"},
    {BLOB(B) BLOB(A) TAIL, "line 2: out of order or repeated"},
    {B "  oci-layout\n" A "  index.json\n", "line 1: a layout has no file 'oci-layout'"},
    {A "  index.json\n" BLOB(A) B "  oci-layout\n", "line 2: not oci-layout"},
    {A "  index.json\n" A "  index.json\n" B "  oci-layout\n", "line 2: not oci-layout"},
    {A "  blobs/sha256/" B "\n" TAIL, "line 1: the name of the blob is not its digest"},
    {A "  SEAL\n" TAIL, "a layout has no file 'SEAL'"},
    {A "  README\n" TAIL, "a layout has no file 'README'"},
    {A "  blobs/sha512/" A "\n" TAIL, "a layout has no file"},
    {A "  blobs/sha256/../" A "\n" TAIL, "a layout has no file"},
    {A "  ./blobs/sha256/" A "\n" TAIL, "a layout has no file"},
    {A "  /blobs/sha256/" A "\n" TAIL, "a layout has no file"},
    {A "  blobs/sha256/" A "/\n" TAIL, "a layout has no file"},
    {A "  blobs/sha256/" A "0\n" TAIL, "a layout has no file"},
    {A "  blobs/sha256/A" A "\n" TAIL, "a layout has no file"},
    {A "  index.json \n" B "  oci-layout\n", "a layout has no file 'index.json '"},
    {A "  index.json\r\n" B "  oci-layout\r\n", "a layout has no file"},
    {A "  INDEX.JSON\n" B "  oci-layout\n", "a layout has no file"},
    {A " index.json\n" B " oci-layout\n", "line 1: not 64 lower-case hex digits, two spaces"},
    {A "\tindex.json\n", "two spaces and a path"},
    {A " *index.json\n", "two spaces and a path"},
    {A "  \n" TAIL, "two spaces and a path"},
    {A "\n" TAIL, "two spaces and a path"},
    {"# list\n" TAIL, "line 1: not 64"},
    {" " TAIL, "line 1: not 64"},
    {"\\" TAIL, "line 1: not 64"},
    {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA  index.json\n",
	"line 1: not 64 lower-case"},
    {"\xEF\xBB\xBF" TAIL, "line 1: not 64"},
};

static void refuses_all_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct error err = ERROR_INIT;
		auto_seal struct seal s = SEAL_INIT;
		expect_refused(parse(&s, refused[i].text, &err), &err, ERR_SEAL, refused[i].error);
	}
}

/* Cut off anywhere, or with any byte replaced by a NUL, it is no list any more. */
static void refuses_cuts_and_holes(void **state)
{
	static const char text[] = BLOB(A) TAIL;
	char holed[sizeof(text)];

	(void)state;
	for (size_t at = 0; at < strlen(text); at++) {
		struct error err = ERROR_INIT;
		auto_seal struct seal cut = SEAL_INIT;
		auto_seal struct seal hole = SEAL_INIT;

		assert_int_equal(seal_parse(&cut, text, at, &err), -1);
		memcpy(holed, text, sizeof(text));
		holed[at] = '\0';
		assert_int_equal(seal_parse(&hole, holed, strlen(text), &err), -1);
	}
}

/* As many blobs as 4 MiB hold. */
static void reads_the_largest_list(void **state)
{
	struct error err = ERROR_INIT;
	auto_seal struct seal s = SEAL_INIT;
	auto_buf struct buf b = BUF_INIT(LIMIT_SEAL_BYTES_MAX);
	auto_buf struct buf again = BUF_INIT(LIMIT_SEAL_BYTES_MAX);
	size_t count = (LIMIT_SEAL_BYTES_MAX - strlen(TAIL)) / strlen(BLOB(A));

	(void)state;
	for (size_t i = 0; i < count; i++)
		buf_printf(&b, "%064zx  blobs/sha256/%064zx\n", i, i);
	buf_puts(&b, TAIL);
	expect_ok(buf_check(&b, "list", &err), &err);
	expect_ok(seal_parse(&s, b.data, b.len, &err), &err);
	assert_int_equal(s.blob_count, count);
	seal_write(&again, &s);
	assert_int_equal(again.len, b.len);
	assert_memory_equal(again.data, b.data, b.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_and_writes_lists),
	    cmocka_unit_test(refuses_all_else),
	    cmocka_unit_test(refuses_cuts_and_holes),
	    cmocka_unit_test(reads_the_largest_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
