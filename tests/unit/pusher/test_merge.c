#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/media_type.h"
#include "pusher/merge.h"

#define A "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
#define B "sha256:fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9"
#define LAYER(digest, signature)                                                                   \
	"{\"mediaType\":\"a/b\",\"digest\":\"" digest                                              \
	"\",\"size\":3,\"annotations\":{\"dev.cosignproject.cosign/signature\":\"" signature       \
	"\"}}"
#define MANIFEST(layers)                                                                           \
	"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_MANIFEST                            \
	"\",\"x\":1,\"config\":{\"mediaType\":\"a/b\",\"digest\":\"" A                             \
	"\",\"size\":3},\"layers\":[" layers "]}"
#define ENTRY(digest) "{\"mediaType\":\"a/b\",\"digest\":\"" digest "\",\"size\":3}"
#define LIST(entries)                                                                              \
	"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_INDEX "\",\"manifests\":[" entries  \
	"]}"

static struct buf text_of(const char *text)
{
	struct buf b = BUF_INIT(1 << 20);

	buf_puts(&b, text);
	return b;
}

/* Ours is always A signed with "s". result NULL: refused; "": nothing is missing. */
static void test_signatures(void **state)
{
	static const struct {
		const char *found, *result;
	} cases[] = {
	    {MANIFEST(LAYER(A, "s")), ""},
	    {MANIFEST(LAYER(B, "t") "," LAYER(A, "s")), ""},
	    {MANIFEST(LAYER(B, "t")), MANIFEST(LAYER(B, "t") "," LAYER(A, "s"))},
	    {MANIFEST(LAYER(A, "t")), MANIFEST(LAYER(A, "t") "," LAYER(A, "s"))},
	    {MANIFEST(ENTRY(A)), MANIFEST(ENTRY(A) "," LAYER(A, "s"))},
	    {MANIFEST(""), MANIFEST(LAYER(A, "s"))},
	    {LIST(""), NULL},
	    {"{}", NULL},
	    {"[]", NULL},
	    {"", NULL},
	    {"<html>", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_buf struct buf found = text_of(cases[i].found);
		auto_buf struct buf ours = text_of(MANIFEST(LAYER(A, "s")));
		auto_buf struct buf out = BUF_INIT(1 << 20);
		struct error err = ERROR_INIT;
		bool is_same = false;
		int result = merge_signatures(&out, &is_same, &found, &ours, &err);
		assert_int_equal(result, cases[i].result == NULL ? -1 : 0);
		if (result != 0) {
			assert_int_equal(err.code, ERR_REGISTRY);
			continue;
		}
		assert_int_equal(is_same, cases[i].result[0] == '\0');
		assert_string_equal(buf_text(&out), cases[i].result);
	}
}

static void test_referrers(void **state)
{
	static const struct {
		const char *found, *result;
	} cases[] = {
	    {NULL, LIST(ENTRY(A))},
	    {LIST(""), LIST(ENTRY(A))},
	    {LIST(ENTRY(A)), ""},
	    {LIST(ENTRY(B)), LIST(ENTRY(B) "," ENTRY(A))},
	    {LIST("7,{}"), LIST("7,{}," ENTRY(A))},
	    {MANIFEST(""), NULL},
	    {"{\"manifests\":{}}", NULL},
	    {"{\"manifests\":[],\"layers\":[]}", NULL},
	    {"{}", NULL},
	    {"[]", NULL},
	};
	json_auto_t *entries = json_loads("[" ENTRY(A) "]", 0, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_buf struct buf found = text_of(cases[i].found == NULL ? "" : cases[i].found);
		auto_buf struct buf out = BUF_INIT(1 << 20);
		struct error err = ERROR_INIT;
		bool is_same = false;
		int result = merge_referrers(
		    &out, &is_same, cases[i].found == NULL ? NULL : &found, entries, &err);
		assert_int_equal(result, cases[i].result == NULL ? -1 : 0);
		json_auto_t *missing = json_deep_copy(entries);
		assert_int_equal(merge_unlisted(&found, missing) == 0, result == 0 && is_same);
		if (result != 0) {
			assert_int_equal(err.code, ERR_REGISTRY);
			continue;
		}
		assert_int_equal(is_same, cases[i].result[0] == '\0');
		assert_string_equal(buf_text(&out), cases[i].result);
	}
}

/* The type of an artifact is what it says, else that of its config; an index has none. */
static void test_entry(void **state)
{
	static const struct {
		const char *manifest, *entry;
	} cases[] = {
	    {"{\"artifactType\":\"t/u\",\"config\":{\"mediaType\":\"c/d\"},\"annotations\":{\"k\":"
	     "\"v\"}}",
		"{\"mediaType\":\"a/b\",\"digest\":\"" A
		"\",\"size\":3,\"artifactType\":\"t/u\",\"annotations\":{\"k\":\"v\"}}"},
	    {"{\"config\":{\"mediaType\":\"c/d\"}}",
		"{\"mediaType\":\"a/b\",\"digest\":\"" A "\",\"size\":3,\"artifactType\":\"c/d\"}"},
	    {"{\"manifests\":[]}", "{\"mediaType\":\"a/b\",\"digest\":\"" A "\",\"size\":3}"},
	};
	struct digest digest;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(digest_parse(&digest, A, strlen(A), &err), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_buf struct buf bytes = text_of(cases[i].manifest);
		json_auto_t *entry = merge_entry(&bytes, "a/b", &digest, 3, &err);
		auto_free char *text = json_dumps(entry, JSON_COMPACT);
		assert_string_equal(text, cases[i].entry);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_signatures),
	    cmocka_unit_test(test_referrers),
	    cmocka_unit_test(test_entry),
	};

	return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
