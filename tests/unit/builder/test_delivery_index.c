#include "builder/delivery_index.h"
#include "common/limits.h"
#include "common/media_type.h"
#include "common/reference.h"
#include "tests/unit/expect.h"

/* An entry in short: the digest of this one character, and what else there is. */
struct short_entry {
	char digest;
	const char *repository;
	const char *tag;
	char subject;         /* 0 for none */
	bool is_signature;    /* with its ref.name */
	bool is_bundle;       /* by its artifactType */
	const char *ref_name; /* of a foreign tool */
};

static struct digest digest_of_character(char c)
{
	struct digest d;

	memset(d.bytes, c, sizeof(d.bytes));
	return d;
}

static char *dup_or_null(const char *text)
{
	return text != NULL ? mem_strdup(text) : NULL;
}

static void add(struct index *x, const struct short_entry *s)
{
	struct index_entry *e = &x->entries[x->entry_count++];

	e->descriptor.media_type = mem_strdup(MEDIA_TYPE_OCI_MANIFEST);
	e->descriptor.digest = digest_of_character(s->digest);
	e->descriptor.artifact_type = dup_or_null(s->is_bundle ? MEDIA_TYPE_BUNDLE : NULL);
	e->repository = dup_or_null(s->repository);
	e->tag = dup_or_null(s->tag);
	e->kind = mem_strdup("dev.cosignproject.cosign/atts");
	e->has_subject = s->subject != 0;
	e->subject = digest_of_character(s->subject);
	e->ref_name = s->is_signature ? signature_tag(&e->subject) : dup_or_null(s->ref_name);
}

/* Settles the entries, once as they stand and once backwards: the same bytes, and this order. */
static void expect_order(
    struct index *x, const struct short_entry *entries, size_t count, const char *digests)
{
	auto_index struct index backwards = INDEX_INIT;
	auto_buf struct buf one = BUF_INIT(100000);
	auto_buf struct buf other = BUF_INIT(100000);
	struct error err = ERROR_INIT;

	x->entries = mem_zalloc(count, sizeof(*x->entries));
	backwards.entries = mem_zalloc(count, sizeof(*backwards.entries));
	for (size_t i = 0; i < count; i++) {
		add(x, &entries[i]);
		add(&backwards, &entries[count - 1 - i]);
	}
	expect_ok(delivery_index_settle(x, &err), &err);
	expect_ok(delivery_index_settle(&backwards, &err), &err);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(x->entries[i].descriptor.digest.bytes[0], digests[i]);
	index_write_delivery(&one, x);
	index_write_delivery(&other, &backwards);
	expect_text(buf_text(&one), buf_text(&other));
}

static void signatures_follow_their_names(void **state)
{
	static const struct short_entry entries[] = {
	    {.digest = 'z', .ref_name = "whatever"},
	    {.digest = 'c', .subject = 'm', .is_bundle = true},
	    {.digest = 'm', .repository = "b", .tag = "1"},
	    {.digest = 'a', .subject = 'n', .is_bundle = true},
	    {.digest = 'y', .subject = 'm', .is_signature = true},
	    {.digest = 'n', .repository = "a", .tag = "2"},
	    {.digest = 'b', .subject = 'm'},
	    {.digest = 'd', .subject = 'z'},
	    {.digest = 'e', .subject = '0', .is_signature = true, .repository = "absent"},
	};
	auto_index struct index x = INDEX_INIT;

	(void)state;
	expect_order(&x, entries, ARRAY_SIZE(entries), "namybcdez");
	expect_text(x.entries[0].ref_name, "2");
	expect_text(x.entries[2].ref_name, "1");
	assert_int_equal(strlen(x.entries[3].ref_name), 75);
	assert_int_equal(strlen(x.entries[7].ref_name), 75);
	expect_text(x.entries[7].repository, "absent");
	/* Another tool's name for what has none here would only mislead. */
	assert_null(x.entries[8].ref_name);
	/* cosign would check the first of two alone. */
	for (size_t i = 0; i < x.entry_count; i++)
		assert_null(x.entries[i].kind);
}

static void several_names_of_one_digest_share_its_signatures(void **state)
{
	static const struct short_entry entries[] = {
	    {.digest = 'm', .repository = "b", .tag = "1"},
	    {.digest = 'm', .repository = "a", .tag = "1"},
	    {.digest = 'k', .repository = "a/x", .tag = "1"},
	    {.digest = 's', .subject = 'm', .is_signature = true},
	};
	auto_index struct index x = INDEX_INIT;

	(void)state;
	expect_order(&x, entries, ARRAY_SIZE(entries), "mskm");
	expect_text(x.entries[0].ref_name, "a-1");
	expect_text(x.entries[2].ref_name, "a-x-1");
	expect_text(x.entries[3].ref_name, "b-1");
}

static void one_signed_name_has_kinds(void **state)
{
	static const struct short_entry signed_once[] = {
	    {.digest = 'm', .repository = "b", .tag = "1"},
	    {.digest = 's', .subject = 'm', .is_signature = true},
	    {.digest = 'a', .subject = 'm', .is_bundle = true},
	    {.digest = 'c'},
	};
	static const struct short_entry by_others[] = {
	    {.digest = 'm', .repository = "b", .tag = "1"},
	    {.digest = 's', .subject = 'c', .is_signature = true},
	    {.digest = 'a', .subject = 'm'},
	    {.digest = 'c'},
	};
	auto_index struct index x = INDEX_INIT;
	auto_index struct index y = INDEX_INIT;
	auto_index struct index z = INDEX_INIT;

	(void)state;
	expect_order(&x, signed_once, ARRAY_SIZE(signed_once), "msac");
	expect_text(x.entries[0].kind, "dev.cosignproject.cosign/image");
	expect_text(x.entries[1].kind, "dev.cosignproject.cosign/sigs");
	assert_null(x.entries[2].kind);
	assert_null(x.entries[3].kind);
	expect_order(&y, by_others, ARRAY_SIZE(by_others), "macs");
	for (size_t i = 0; i < y.entry_count; i++)
		assert_null(y.entries[i].kind);
	expect_order(&z, NULL, 0, "");
}

static void refuses_what_cannot_be_named(void **state)
{
	static const struct short_entry same[] = {
	    {.digest = '1', .repository = "a-b", .tag = "1"},
	    {.digest = '2', .repository = "a/b", .tag = "1"},
	};
	static const struct short_entry taken[] = {
	    {.digest = '1', .repository = "a", .tag = "1"},
	    {.digest = '2', .repository = "b", .tag = "1"},
	    {.digest = '3', .repository = "c", .tag = "a-1"},
	};
	const struct {
		const struct short_entry *entries;
		size_t count;
	} cases[] = {{same, 2}, {taken, 3}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_index struct index x = INDEX_INIT;
		struct error err = ERROR_INIT;

		x.entries = mem_zalloc(cases[i].count, sizeof(*x.entries));
		for (size_t k = 0; k < cases[i].count; k++)
			add(&x, &cases[i].entries[k]);
		expect_refused(
		    delivery_index_settle(&x, &err), &err, ERR_CHART, "two artifacts would be 'a");
	}
	struct index many = INDEX_INIT;
	struct error err = ERROR_INIT;
	many.entry_count = LIMIT_INDEX_ENTRIES_MAX + 1;
	expect_refused(delivery_index_settle(&many, &err), &err, ERR_LIMIT,
	    "16385 entries in index.json; the limit is 16384");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signatures_follow_their_names),
	    cmocka_unit_test(several_names_of_one_digest_share_its_signatures),
	    cmocka_unit_test(one_signed_name_has_kinds),
	    cmocka_unit_test(refuses_what_cannot_be_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
