#include "pusher/plan.h"
#include "tests/unit/pusher/fixture.h"

static void make(struct plan *plan, const struct fixture *f, const char *prefix)
{
	struct error err = ERROR_INIT;

	assert_int_equal(plan_make(plan, f->layout, prefix, NULL, &err), 0);
}

static void test_charts(void **state)
{
	auto_plan struct plan plan = PLAN_INIT;
	struct fixture f;

	(void)state;
	fixture_of_charts(&f);
	make(&plan, &f, "charts");
	assert_int_equal(plan.repository_count, 2);
	assert_string_equal(plan.repositories[0].name, "charts/one");
	assert_string_equal(plan.repositories[1].name, "charts/two");
	for (size_t i = 0; i < 2; i++) {
		const struct plan_repository *r = &plan.repositories[i];
		const struct plan_blob *config = &r->blobs[r->names[0].blobs[0]];
		const struct plan_blob *layer = &r->blobs[r->names[0].blobs[1]];
		assert_int_equal(r->blob_count, 2);
		assert_int_equal(r->manifest_count, 1);
		assert_int_equal(r->names[0].child_count, 0);
		assert_int_equal(r->name_count, 1);
		assert_string_equal(r->names[0].tag, "1.0");
		assert_string_equal(
		    r->manifests[r->names[0].manifest].media_type, MEDIA_TYPE_OCI_MANIFEST);
		assert_int_equal(
		    r->names[0].total_bytes, r->manifests[r->names[0].manifest].size_bytes +
						 config->size_bytes + layer->size_bytes);
		assert_true(digest_compare(&config->digest, &layer->digest) < 0);
	}
	fixture_release(&f);
}

static void test_no_prefix(void **state)
{
	auto_plan struct plan plan = PLAN_INIT;
	struct fixture f;

	(void)state;
	fixture_of_charts(&f);
	make(&plan, &f, "");
	assert_string_equal(plan.repositories[0].name, "one");
	fixture_release(&f);
}

/* An index in an index, with a manifest that both lead to, and a tag of its own for one of them. */
static void test_nested(void **state)
{
	auto_plan struct plan plan = PLAN_INIT;
	struct error err = ERROR_INIT;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	size_t config = fixture_blob(&f, "config");
	size_t a = fixture_manifest(&f, config, fixture_blob(&f, "layer a"), "");
	size_t b = fixture_manifest(&f, config, fixture_blob(&f, "layer b"), "");
	size_t inner = fixture_index(&f, a, MEDIA_TYPE_OCI_MANIFEST, b, MEDIA_TYPE_OCI_MANIFEST);
	size_t outer = fixture_index(&f, a, MEDIA_TYPE_OCI_MANIFEST, inner, MEDIA_TYPE_OCI_INDEX);
	fixture_name(&f, outer, MEDIA_TYPE_OCI_INDEX, "app", "all");
	fixture_name(&f, a, MEDIA_TYPE_OCI_MANIFEST, "app", "a");
	fixture_seal(&f, &err);
	assert_string_equal(err.text, "");
	make(&plan, &f, "");

	assert_int_equal(plan.repository_count, 1);
	const struct plan_repository *r = &plan.repositories[0];
	assert_int_equal(r->blob_count, 3);
	assert_int_equal(r->manifest_count, 4);
	assert_int_equal(r->name_count, 2);
	assert_string_equal(r->names[0].tag, "a");
	assert_int_equal(r->names[0].blob_count, 2);
	assert_int_equal(r->names[0].child_count, 0);
	const struct plan_name *all = &r->names[1];
	assert_string_equal(all->tag, "all");
	assert_int_equal(all->blob_count, 3);
	assert_int_equal(all->child_count, 3);
	/* children first: the inner index after both of its manifests */
	const struct plan_manifest *last = &r->manifests[all->children[2]];
	assert_true(digest_equal(&last->digest, &f.blobs[inner].digest));
	uint64_t total = 0;
	for (size_t i = 0; i < f.blob_count; i++)
		total += f.blobs[i].size_bytes;
	assert_int_equal(all->total_bytes, total);
	fixture_release(&f);
}

/* A referrer comes with its subject, by its digest, and brings its own blobs. */
static void test_subject(void **state)
{
	auto_plan struct plan plan = PLAN_INIT;
	struct error err = ERROR_INIT;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	size_t config = fixture_blob(&f, "config");
	size_t chart = fixture_manifest(&f, config, fixture_blob(&f, "layer"), "");
	auto_free char *descriptor = fixture_descriptor(&f, chart, MEDIA_TYPE_OCI_MANIFEST);
	auto_free char *subject = mem_printf(",\"subject\":%s", descriptor);
	size_t bundle = fixture_blob(&f, "bundle");
	size_t referrer = fixture_manifest(&f, config, bundle, subject);
	fixture_name(&f, chart, MEDIA_TYPE_OCI_MANIFEST, "one", "1.0");
	fixture_name(&f, referrer, MEDIA_TYPE_OCI_MANIFEST, NULL, NULL);
	fixture_seal(&f, &err);
	assert_string_equal(err.text, "");
	make(&plan, &f, "charts");
	const struct plan_repository *r = &plan.repositories[0];
	assert_int_equal(r->blob_count, 3);
	assert_int_equal(r->manifest_count, 2);
	assert_int_equal(r->subject_count, 1);
	assert_int_equal(r->names[0].blob_count, 2);
	assert_int_equal(r->names[0].child_count, 0);
	assert_int_equal(r->names[0].subject_count, 1);
	const struct plan_subject *s = &r->subjects[r->names[0].subjects[0]];
	assert_true(digest_equal(&s->subject, &f.blobs[chart].digest));
	assert_false(s->has_signature);
	assert_int_equal(s->referrer_count, 1);
	assert_true(digest_equal(&r->manifests[s->referrers[0]].digest, &f.blobs[referrer].digest));
	fixture_release(&f);
}

static void test_nothing(void **state)
{
	auto_plan struct plan plan = PLAN_INIT;
	struct error err = ERROR_INIT;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_seal(&f, &err);
	assert_string_equal(err.text, "");
	assert_int_equal(plan_make(&plan, f.layout, "charts", NULL, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	fixture_release(&f);
}

static void test_long_prefix(void **state)
{
	auto_plan struct plan plan = PLAN_INIT;
	struct error err = ERROR_INIT;
	struct fixture f;
	char prefix[254];

	(void)state;
	memset(prefix, 'a', sizeof(prefix) - 1);
	prefix[sizeof(prefix) - 1] = '\0';
	fixture_of_charts(&f);
	assert_int_equal(plan_make(&plan, f.layout, prefix, NULL, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	fixture_release(&f);
}

static void test_text(void **state)
{
	auto_plan struct plan plan = PLAN_INIT;
	auto_buf struct buf text = BUF_INIT(1 << 20);
	struct fixture f;

	(void)state;
	fixture_of_charts(&f);
	make(&plan, &f, "charts");
	plan_text(&text, &plan);
	const char *first_tag = strstr(buf_text(&text), "tag charts/one:1.0 sha256:");
	assert_int_equal(strncmp(buf_text(&text), "blob charts/one sha256:", 23), 0);
	assert_non_null(strstr(buf_text(&text), "blob charts/two sha256:"));
	assert_non_null(first_tag);
	assert_null(strstr(first_tag, "blob "));
	fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_charts),
	    cmocka_unit_test(test_no_prefix),
	    cmocka_unit_test(test_nested),
	    cmocka_unit_test(test_subject),
	    cmocka_unit_test(test_nothing),
	    cmocka_unit_test(test_long_prefix),
	    cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
