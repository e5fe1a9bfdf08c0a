#include "builder/entry_names.h"
#include "common/limits.h"
#include "common/reference.h"
#include "tests/unit/expect.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SIG "sha256-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.sig"

static char *dup_or_null(const char *text)
{
	return text != NULL ? mem_strdup(text) : NULL;
}

static void add(struct index *x, const char *digest, const char *repository, const char *tag,
    const char *ref_name)
{
	struct error err = ERROR_INIT;
	struct index_entry e = {.repository = dup_or_null(repository),
	    .tag = dup_or_null(tag),
	    .ref_name = dup_or_null(ref_name)};

	e.descriptor.media_type = mem_strdup("application/vnd.oci.image.manifest.v1+json");
	expect_ok(digest_parse(&e.descriptor.digest, digest, strlen(digest), &err), &err);
	e.has_subject = ref_name != NULL && tag_role(ref_name, &e.subject) != TAG_NAME;
	x->entries = mem_realloc(x->entries, x->entry_count + 1, sizeof(*x->entries));
	x->entries[x->entry_count++] = e;
}

static void expect_name(
    const struct index *x, size_t position, const char *repository, const char *tag)
{
	expect_text(x->entries[position].repository, repository);
	expect_text(x->entries[position].tag, tag);
}

static void options_go_before_annotations_and_those_before_ref_names(void **state)
{
	const struct option_list names = {
	    .items = {"1.0=web/app:1", B "=b:2", B "=b:latest"}, .count = 3};
	struct error err = ERROR_INIT;
	auto_buf struct buf notes = BUF_INIT(1000);
	auto_index struct index x = INDEX_INIT;

	(void)state;
	add(&x, A, NULL, NULL, "1.0");
	add(&x, B, "old", "1", "web/old:7");
	add(&x, "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", "kept",
	    "3", "other:1");
	add(&x, "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd", NULL,
	    NULL, "registry.example/team/app:4");
	add(&x, "sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", NULL,
	    NULL, "5");
	expect_ok(entry_names_apply(&x, &names, &notes, &err), &err);
	assert_int_equal(x.entry_count, 6);
	expect_name(&x, 0, "web/app", "1");
	expect_name(&x, 1, "b", "2");
	expect_name(&x, 2, "kept", "3");
	expect_name(&x, 3, "registry.example/team/app", "4");
	assert_null(x.entries[4].tag);
	expect_name(&x, 5, "b", "latest");
	assert_true(digest_equal(&x.entries[1].descriptor.digest, &x.entries[5].descriptor.digest));
	assert_int_equal(notes.len, 0);
}

static void what_is_named_already_is_left_out(void **state)
{
	const struct option_list none = {.count = 0};
	struct error err = ERROR_INIT;
	auto_buf struct buf notes = BUF_INIT(1000);
	auto_index struct index x = INDEX_INIT;

	(void)state;
	add(&x, A, NULL, NULL, "copy\x1b");
	add(&x, A, "web", "1", "1");
	add(&x, A, "web", "2", "2");
	add(&x, B, NULL, NULL, SIG);
	add(&x, B, NULL, NULL, NULL);
	expect_ok(entry_names_apply(&x, &none, &notes, &err), &err);
	assert_int_equal(x.entry_count, 4);
	expect_name(&x, 0, "web", "1");
	expect_name(&x, 1, "web", "2");
	expect_text(x.entries[2].ref_name, SIG);
	expect_text(notes.data,
	    "builder: left out, without a name of its own: copy\\x1B, which is " A "\n");
}

static void names_that_cannot_be_are_refused(void **state)
{
	static const struct {
		const char *name;
		const char *says;
	} cases[] = {
	    {"", "is not DIGEST|REFNAME=REPOSITORY:TAG"},
	    {"=a:1", "is not DIGEST|REFNAME=REPOSITORY:TAG"},
	    {"1.0", "is not DIGEST|REFNAME=REPOSITORY:TAG"},
	    {"1.0=a", "'a' is not REPOSITORY:TAG"},
	    {"1.0=A:1", "--name"},
	    {"1.0=a:", "--name"},
	    {"1.0=a:b:c", "--name"},
	    {"1.0=a:" SIG, "one of signatures or referrers"},
	    {"2.0=a:1", "no entry of index.json has the digest or the ref.name '2.0'"},
	    {"sha256:aa=a:1", "no entry of index.json"},
	    {"sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc=a:1",
		"no entry"},
	    {SIG "=a:1", "is a signature or a list of referrers"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct option_list names = {.items = {cases[i].name}, .count = 1};
		struct error err = ERROR_INIT;
		auto_buf struct buf notes = BUF_INIT(1000);
		auto_index struct index x = INDEX_INIT;

		add(&x, A, NULL, NULL, "1.0");
		add(&x, B, NULL, NULL, SIG);
		expect_refused(
		    entry_names_apply(&x, &names, &notes, &err), &err, ERR_USAGE, cases[i].says);
	}
}

static void copies_have_a_limit(void **state)
{
	const struct option_list names = {.items = {A "=a:1", A "=a:2"}, .count = 2};
	struct error err = ERROR_INIT;
	auto_buf struct buf notes = BUF_INIT(1000);
	auto_index struct index x = INDEX_INIT;

	(void)state;
	add(&x, A, NULL, NULL, NULL);
	for (size_t i = 1; i < LIMIT_INDEX_ENTRIES_MAX; i++)
		add(&x, B, NULL, NULL, NULL);
	expect_refused(
	    entry_names_apply(&x, &names, &notes, &err), &err, ERR_USAGE, "more than 16384");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(options_go_before_annotations_and_those_before_ref_names),
	    cmocka_unit_test(what_is_named_already_is_left_out),
	    cmocka_unit_test(names_that_cannot_be_are_refused),
	    cmocka_unit_test(copies_have_a_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
