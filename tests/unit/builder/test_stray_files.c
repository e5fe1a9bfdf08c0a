#include "builder/stray_files.h"
#include "tests/unit/layout_fixture.h"

#define ABSENT "blobs/sha256/" /* and 64 digits of a blob that is none of the delivery's */

static void each_is_told_by_its_kind(void **state)
{
	static const struct {
		const char *path;
		enum stray_kind kind;
	} expected[] = {
	    {"SEAL", STRAY_OLD_SEAL},
	    {"SEAL.0123456789abcdef.sig", STRAY_OLD_SEAL},
	    {"SEAL.sig", STRAY_FILE},
	    {"blobs/sha256/0000", STRAY_FILE},
	    {"blobs/sha512", STRAY_EMPTY},
	    {"fifo", STRAY_FILE},
	    {"full", STRAY_FULL_DIRECTORY},
	    {"ingest", STRAY_EMPTY},
	    {"link", STRAY_FILE},
	};
	struct layout_fixture f;
	auto_layout struct layout l = LAYOUT_INIT;
	auto_stray_files struct stray_files found = STRAY_FILES_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	fixture_open(&f);
	fixture_index(&f, "", "");
	struct digest blob = fixture_blob(&f, "blob", 4);
	temp_puts(f.root_fd, "SEAL", "");
	temp_puts(f.root_fd, "SEAL.0123456789abcdef.sig", "");
	temp_puts(f.root_fd, "SEAL.sig", "");
	temp_puts(f.blobs_fd, "0000", "");
	temp_mkdir(f.root_fd, "blobs/sha512");
	assert_int_equal(mkfifoat(f.root_fd, "fifo", 0600), 0);
	temp_mkdir(f.root_fd, "full");
	temp_puts(f.root_fd, "full/file", "");
	temp_mkdir(f.root_fd, "ingest");
	assert_int_equal(symlinkat("full", f.root_fd, "link"), 0);
	expect_ok(layout_open(&l, f.path, &err), &err);
	expect_ok(stray_files_find(&found, &l, &blob, 1, &err), &err);
	assert_int_equal(found.count, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		expect_text(found.items[i].path, expected[i].path);
		assert_int_equal(found.items[i].kind, expected[i].kind);
	}
	fixture_close(&f);
}

static void a_clean_layout_has_none_and_a_blob_of_nobody_is_one(void **state)
{
	struct layout_fixture f;
	auto_layout struct layout l = LAYOUT_INIT;
	struct error err = ERROR_INIT;
	char path[sizeof(ABSENT) + DIGEST_HEX_LEN] = ABSENT;

	(void)state;
	fixture_open(&f);
	fixture_index(&f, "", "");
	struct digest blob = fixture_blob(&f, "blob", 4);
	expect_ok(layout_open(&l, f.path, &err), &err);
	for (size_t count = 0; count <= 1; count++) {
		auto_stray_files struct stray_files found = STRAY_FILES_INIT;

		expect_ok(stray_files_find(&found, &l, &blob, count, &err), &err);
		assert_int_equal(found.count, 1 - count);
		if (count == 1)
			continue;
		digest_hex(path + strlen(ABSENT), &blob);
		expect_text(found.items[0].path, path);
	}
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_is_told_by_its_kind),
	    cmocka_unit_test(a_clean_layout_has_none_and_a_blob_of_nobody_is_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
