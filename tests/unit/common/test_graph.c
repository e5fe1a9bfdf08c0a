#include "common/graph.h"
#include "common/limits.h"
#include "tests/unit/layout_fixture.h"

static int set_up(void **state)
{
	struct layout_fixture *f = mem_zalloc(1, sizeof(*f));

	fixture_open(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	fixture_close(*state);
	free(*state);
	return 0;
}

/* Loads the graph of the fixture's index.json. */
static int load(struct graph *g, const struct layout_fixture *f, struct error *err)
{
	auto_layout struct layout l = LAYOUT_INIT;
	auto_buf struct buf index = BUF_INIT((size_t)8 << 20);

	temp_read(f->root_fd, LAYOUT_INDEX, &index);
	expect_ok(layout_open(&l, f->path, err), err);
	return graph_load(g, &l, buf_text(&index), index.len, err);
}

/* index.json with these entries is refused with this error. */
static void expect_entries_refused(
    struct layout_fixture *f, const char *entries, enum err_code code, const char *text)
{
	struct error err = ERROR_INIT;
	auto_graph struct graph g = GRAPH_INIT;

	fixture_index(f, entries, "");
	expect_refused(load(&g, f, &err), &err, code, text);
}

static char *index_of(struct layout_fixture *f, const char *entries, const char *more)
{
	auto_free char *text = mem_printf("{\"schemaVersion\":2,\"manifests\":[%s]}", entries);

	return fixture_blob_of(f, MEDIA_TYPE_OCI_INDEX, text, more);
}

static void follows_names_down(void **state)
{
	struct layout_fixture *f = *state;
	struct error err = ERROR_INIT;
	auto_graph struct graph g = GRAPH_INIT;
	auto_free char *chart_names = fixture_names("demo", "1.0.0_b.1");
	auto_free char *chart = fixture_chart(f, "demo", "1.0.0+b.1", chart_names);
	auto_free char *left = fixture_artifact(f, "left", "");
	auto_free char *right = fixture_artifact(f, "right", "");
	auto_free char *both = mem_printf("%s,%s", left, right);
	auto_free char *image_names = fixture_names("images/app", "2");
	auto_free char *image = index_of(f, both, image_names);
	auto_free char *entries = mem_printf("%s,%s,%s", chart, image, right);
	auto_free struct digest *blobs = NULL;
	size_t blob_count;

	fixture_index(f, entries, "");
	expect_ok(load(&g, f, &err), &err);
	assert_int_equal(g.node_count, 4);
	assert_int_equal(g.name_count, 2);
	expect_text(g.names[0].repository, "demo");
	expect_text(g.names[1].tag, "2");
	const struct graph_node *demo = &g.nodes[g.names[0].node];
	expect_text(demo->config_name, "demo");
	expect_text(demo->config_version, "1.0.0+b.1");
	assert_int_equal(demo->height, 0);
	const struct graph_node *app = &g.nodes[g.names[1].node];
	assert_true(app->is_index);
	assert_int_equal(app->child_count, 2);
	assert_int_equal(app->height, 1);
	for (size_t i = 0; i < app->child_count; i++)
		assert_true(app->children[i] < g.names[1].node);
	graph_blobs(&g, &blobs, &blob_count);
	assert_int_equal(blob_count, f->blob_count);
	qsort(f->blobs, f->blob_count, sizeof(*f->blobs), digest_compare);
	assert_memory_equal(blobs, f->blobs, blob_count * sizeof(*blobs));
}

static void an_empty_delivery_has_nothing(void **state)
{
	struct layout_fixture *f = *state;
	struct error err = ERROR_INIT;
	auto_graph struct graph g = GRAPH_INIT;
	auto_free struct digest *blobs = NULL;
	size_t count;

	fixture_index(f, "", "");
	expect_ok(load(&g, f, &err), &err);
	graph_blobs(&g, &blobs, &count);
	assert_int_equal(g.name_count + g.node_count + count, 0);
}

static void names_must_be_the_charts_own(void **state)
{
	static const struct {
		const char *repository;
		const char *tag;
	} cases[] = {
	    {"other", "1.0.0"}, {"demo", "1.0.1"}, {"charts/demo", "1.0.0"}, {"dem", "1.0.0"}};
	struct layout_fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *names = fixture_names(cases[i].repository, cases[i].tag);
		auto_free char *chart = fixture_chart(f, "demo", "1.0.0", names);
		expect_entries_refused(f, chart, ERR_FORMAT,
		    "is the chart 'demo' of version '1.0.0': a chart is named by its own name");
	}
}

static void row_l10_entries_without_a_name_need_a_reason(void **state)
{
	struct layout_fixture *f = *state;
	auto_free char *orphan = fixture_artifact(f, "orphan", "");
	auto_free char *names = fixture_names("demo", "1");
	auto_free char *named = fixture_artifact(f, "named", names);
	auto_free char *both = mem_printf("%s,%s", named, orphan);

	expect_entries_refused(f, orphan, ERR_FORMAT, "entry 0 (sha256:");
	expect_entries_refused(f, both, ERR_FORMAT, "entry 1 (sha256:");
	expect_entries_refused(
	    f, both, ERR_FORMAT, "has no dev.sallyport.repository, and nothing named contains it");
}

/* fixture_artifact() with this digest as its subject. */
static char *referrer_of(struct layout_fixture *f, const char *subject, const char *more)
{
	auto_free char *config = fixture_blob_of(f, "a/b", "{}", "");
	auto_free char *text = mem_printf("{\"schemaVersion\":2,\"config\":%s,\"layers\":[],"
					  "\"subject\":{\"mediaType\":\"a/b\",\"digest\":\"%s\","
					  "\"size\":1}}",
	    config, subject);

	return fixture_blob_of(f, MEDIA_TYPE_OCI_MANIFEST, text, more);
}

#define ABSENT "0000000000000000000000000000000000000000000000000000000000000000"
#define REPOSITORY_ONLY ",\"annotations\":{\"dev.sallyport.repository\":\"demo\"}"

/* The digest of the blob that was written last, in a descriptor's form. */
static char *last_digest(const struct layout_fixture *f)
{
	char text[DIGEST_TEXT_LEN + 1];

	digest_text(text, &f->blobs[f->blob_count - 1]);
	return mem_strdup(text);
}

/* What is in the registry only is somewhere there: the delivery says in which repository. */
static void row_l11_an_absent_subject_needs_a_repository(void **state)
{
	struct layout_fixture *f = *state;
	auto_free char *bare = referrer_of(f, "sha256:" ABSENT, "");
	auto_free char *placed = referrer_of(f, "sha256:" ABSENT, REPOSITORY_ONLY);
	auto_free char *placed_digest = last_digest(f);
	auto_free char *chained = referrer_of(f, placed_digest, "");
	auto_free char *orphan = fixture_artifact(f, "orphan", REPOSITORY_ONLY);
	auto_free char *both = mem_printf("%s,%s", chained, placed);
	struct error err = ERROR_INIT;
	auto_graph struct graph g = GRAPH_INIT;

	expect_entries_refused(f, bare, ERR_FORMAT,
	    "belongs to sha256:" ABSENT ", which has no name in this layout: then it needs a "
	    "dev.sallyport.repository");
	expect_entries_refused(f, orphan, ERR_FORMAT,
	    "entry 0: dev.sallyport.repository without dev.sallyport.tag, and it is neither a "
	    "signature nor a referrer");
	fixture_index(f, both, "");
	expect_ok(load(&g, f, &err), &err);
	assert_int_equal(g.name_count, 0);
	assert_int_equal(g.node_count, 2);
	assert_null(g.nodes[0].repository);
	expect_text(g.nodes[1].repository, "demo");
	assert_true(g.nodes[1].has_subject);
	assert_int_equal(graph_subject(&g.nodes[1])->bytes[0], 0);
	assert_true(g.index.entries[1].has_subject);
	/* A second place for the same manifest is one too many. */
	auto_free char *elsewhere = referrer_of(
	    f, "sha256:" ABSENT, ",\"annotations\":{\"dev.sallyport.repository\":\"other\"}");
	auto_free char *twice = mem_printf("%s,%s", placed, elsewhere);
	expect_entries_refused(
	    f, twice, ERR_FORMAT, "entry 1: it goes to repository 'demo' by another entry");
}

/* An artifact named "named:1", its digest in *out_hex, owned by the caller. */
static char *named_artifact(struct layout_fixture *f, char **out_hex)
{
	auto_free char *names = fixture_names("named", "1");
	char *named = fixture_artifact(f, "named", names);
	auto_free char *digest = last_digest(f);

	*out_hex = mem_strdup(digest + strlen("sha256:"));
	return named;
}

static char *ref_name(const char *format_hex, const char *suffix)
{
	return mem_printf(
	    ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"sha256-%s%s\"}", format_hex,
	    suffix);
}

static void knows_signatures_and_lists_of_referrers(void **state)
{
	struct layout_fixture *f = *state;
	auto_free char *hex = NULL;
	auto_free char *named = named_artifact(f, &hex);
	auto_free char *digest = mem_printf("sha256:%s", hex);
	auto_free char *signature_name = ref_name(hex, ".sig");
	auto_free char *signature = fixture_artifact(f, "signature", signature_name);
	auto_free char *referrer = referrer_of(f, digest, "");
	auto_free char *list_name = ref_name(hex, "");
	auto_free char *list = index_of(f, referrer, list_name);
	auto_free char *entries = mem_printf("%s,%s,%s", list, signature, named);
	struct error err = ERROR_INIT;
	auto_graph struct graph g = GRAPH_INIT;
	auto_free struct digest *blobs = NULL;
	size_t blob_count;

	fixture_index(f, entries, "");
	expect_ok(load(&g, f, &err), &err);
	assert_int_equal(g.name_count, 1);
	assert_int_equal(g.node_count, 4);
	const struct digest *subject = &g.nodes[g.names[0].node].descriptor.digest;
	assert_true(g.nodes[0].has_subject);
	assert_true(digest_equal(graph_subject(&g.nodes[0]), subject));
	assert_true(g.nodes[1].is_referrers_index);
	assert_true(digest_equal(&g.nodes[1].referrers_of, subject));
	assert_true(g.nodes[2].is_signature);
	assert_true(digest_equal(&g.nodes[2].signature_of, subject));
	assert_null(graph_subject(&g.nodes[3]));
	for (size_t i = 0; i < 2; i++)
		assert_true(digest_equal(&g.index.entries[i].subject, subject));
	assert_false(g.index.entries[2].has_subject);
	graph_blobs(&g, &blobs, &blob_count);
	assert_int_equal(blob_count, f->blob_count);
}

/* A ref.name may say anything: it makes nothing reachable that nobody asked for. */
static void row_l10_refuses_signatures_of_nothing(void **state)
{
	struct layout_fixture *f = *state;
	auto_free char *hex = NULL;
	auto_free char *named = named_artifact(f, &hex);
	auto_free char *right_name = ref_name(hex, ".sig");
	auto_free char *absent_name = ref_name(ABSENT, ".sig");
	auto_free char *absent = fixture_artifact(f, "signature", absent_name);
	auto_free char *first = fixture_artifact(f, "signature", right_name);
	auto_free char *own_digest = last_digest(f);
	auto_free char *own_name = ref_name(own_digest + strlen("sha256:"), ".sig");
	auto_free char *own = fixture_artifact(f, "signature", own_name);
	auto_free char *second = fixture_artifact(f, "another", right_name);
	auto_free char *list_name = ref_name(hex, "");
	auto_free char *list = index_of(f, "", list_name);
	auto_free char *no_list = fixture_artifact(f, "signature", list_name);
	auto_free char *no_signature = index_of(f, "", right_name);
	auto_free char *digest = mem_printf("sha256:%s", hex);
	auto_free char *divided = referrer_of(f, digest, absent_name);
	auto_free char *named_twice = fixture_artifact(f, "named", right_name);
	const struct {
		const char *one;
		const char *other;
		const char *error;
	} cases[] = {
	    {named, absent, "which has no name in this layout"},
	    {named, own, "which has no name in this layout"},
	    {first, own, "but it belongs to another digest as well"},
	    {named, no_list, "is the name of an index of referrers"},
	    {named, no_signature, "is the name of a signature, which is no index"},
	    {named, divided, "but it belongs to another digest as well"},
	    {named, named_twice, "has a repository and a tag in another entry"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *entries = mem_printf("%s,%s", cases[i].one, cases[i].other);
		expect_entries_refused(f, entries, ERR_FORMAT, cases[i].error);
	}
	auto_free char *two = mem_printf("%s,%s,%s", named, first, second);
	expect_entries_refused(f, two, ERR_FORMAT, "has two entries for its signatures");
	auto_free char *other_list = index_of(f, first, list_name);
	auto_free char *two_lists = mem_printf("%s,%s,%s", named, list, other_list);
	expect_entries_refused(f, two_lists, ERR_FORMAT, "has two entries for its referrers");
}

static void refuses_wrong_content(void **state)
{
	static const struct {
		const char *media_type;
		const char *text;
		enum err_code code;
		const char *error;
	} cases[] = {
	    {MEDIA_TYPE_OCI_MANIFEST, "no JSON", ERR_FORMAT, "JSON: line 1"},
	    {MEDIA_TYPE_OCI_MANIFEST, "{\"schemaVersion\":2,\"manifests\":[]}", ERR_FORMAT,
		"an image manifest has no 'manifests'"},
	    {MEDIA_TYPE_OCI_INDEX, "{\"schemaVersion\":2,\"config\":{},\"layers\":[]}", ERR_FORMAT,
		"an index has no 'config'"},
	    {MEDIA_TYPE_DOCKER_LIST,
		"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_INDEX "\",\"manifests\":[]}",
		ERR_FORMAT, "mediaType"},
	    {"application/vnd.docker.distribution.manifest.v1+prettyjws", "{}", ERR_UNSUPPORTED,
		"neither an image manifest nor an index"},
	    {"text/plain", "hello", ERR_UNSUPPORTED, "has media type 'text/plain'"},
	};
	struct layout_fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *names = fixture_names("a", "1");
		auto_free char *entry =
		    fixture_blob_of(f, cases[i].media_type, cases[i].text, names);
		expect_entries_refused(f, entry, cases[i].code, cases[i].error);
	}
	expect_entries_refused(f, "7", ERR_FORMAT, "index.json: entry 0: descriptor");
}

/* What the index says wrongly of a file is content; that a file changed is not. */
static void tells_wrong_sizes_from_changes(void **state)
{
	struct layout_fixture *f = *state;
	auto_free char *config = fixture_blob_of(f, "a/b", "{}", "");
	struct digest layer = fixture_blob(f, "layer", 5);
	auto_free char *good_layer = fixture_descriptor("x/y", &layer, 5, "");
	auto_free char *large_layer = fixture_descriptor("x/y", &layer, 6, "");
	auto_free char *small_layer = fixture_descriptor("x/y", &layer, 4, "");
	struct digest absent;
	digest_of(&absent, "absent", 6);
	auto_free char *absent_layer = fixture_descriptor("x/y", &absent, 6, "");
	auto_free char *absent_manifest =
	    fixture_descriptor(MEDIA_TYPE_OCI_MANIFEST, &absent, 6, "");
	auto_free char *manifest_text =
	    mem_printf("{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", config, good_layer);
	struct digest manifest = fixture_blob(f, manifest_text, strlen(manifest_text));
	auto_free char *bad_manifest =
	    fixture_descriptor(MEDIA_TYPE_OCI_MANIFEST, &manifest, strlen(manifest_text) + 1, "");
	const char *const bad[] = {large_layer, small_layer, absent_layer};

	expect_entries_refused(f, absent_manifest, ERR_FORMAT, ": missing");
	expect_entries_refused(f, bad_manifest, ERR_FORMAT, "bytes, its descriptor says");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_free char *text =
		    mem_printf("{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s,%s]}", config,
			good_layer, bad[i]);
		auto_free char *entry = fixture_blob_of(f, MEDIA_TYPE_OCI_MANIFEST, text, "");
		expect_entries_refused(f, entry, ERR_FORMAT, "layer 1: blob");
		char hex[DIGEST_HEX_LEN + 1];
		digest_hex(hex, &manifest);
		expect_entries_refused(f, entry, ERR_FORMAT, i < 2 ? "has 5 bytes" : ": missing");
	}
	auto_free char *good =
	    fixture_descriptor(MEDIA_TYPE_OCI_MANIFEST, &manifest, strlen(manifest_text), "");
	char hex[DIGEST_HEX_LEN + 1];
	digest_hex(hex, &manifest);
	manifest_text[3] ^= 1;
	temp_puts(f->blobs_fd, hex, manifest_text);
	expect_entries_refused(f, good, ERR_SEAL, "changed: its digest is another one");
}

static void one_manifest_has_one_description(void **state)
{
	struct layout_fixture *f = *state;
	auto_free char *names = fixture_names("a", "1");
	auto_free char *first = fixture_artifact(f, "x", names);
	struct digest d = f->blobs[f->blob_count - 1];
	auto_free char *size = fixture_descriptor(MEDIA_TYPE_OCI_MANIFEST, &d, 1, "");
	auto_free char *type = fixture_descriptor(MEDIA_TYPE_DOCKER_MANIFEST, &d, 1, "");
	auto_free char *other_size = mem_printf("%s,%s", first, size);
	auto_free char *other_type = mem_printf("%s,%s", first, type);

	expect_entries_refused(
	    f, other_size, ERR_FORMAT, "described before with another size or media type");
	expect_entries_refused(f, other_type, ERR_FORMAT, "described before");
}

static void reads_helm_configs_strictly(void **state)
{
	static const struct {
		const char *config;
		const char *error;
	} cases[] = {
	    {"{}", "config: member 'name' is missing"},
	    {"{\"name\":\"demo\"}", "config: member 'version' is missing"},
	    {"{\"name\":1,\"version\":\"1\"}", "config: member 'name' is not a string"},
	    {"{\"name\":\"demo\",\"Name\":\"x\",\"version\":\"1\"}", "only in letter case"},
	    {"{\"name\":\"demo\",\"name\":\"x\",\"version\":\"1\"}", "duplicate object key"},
	    {"", "config: JSON"},
	};
	struct layout_fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *config =
		    fixture_blob_of(f, MEDIA_TYPE_HELM_CONFIG, cases[i].config, "");
		auto_free char *text =
		    mem_printf("{\"schemaVersion\":2,\"config\":%s,\"layers\":[]}", config);
		auto_free char *entry = fixture_blob_of(f, MEDIA_TYPE_OCI_MANIFEST, text, "");
		expect_entries_refused(f, entry, ERR_FORMAT, cases[i].error);
	}
}

/* Indexes one in the other, outermost first; in_order: the inner ones stand in index.json before.
 */
static void nest(struct layout_fixture *f, size_t levels, bool in_order)
{
	auto_buf struct buf entries = BUF_INIT(100000);
	auto_free char *inner = fixture_artifact(f, "innermost", "");

	for (size_t i = 0; i < levels; i++) {
		auto_free char *names = fixture_names("nested", "1");
		char *outer = index_of(f, inner, i + 1 == levels ? names : "");

		if (in_order)
			buf_printf(&entries, "%s,", inner);
		free(inner);
		inner = outer;
	}
	buf_puts(&entries, inner);
	fixture_index(f, buf_text(&entries), "");
}

static void row_l10_limits_the_depth(void **state)
{
	struct layout_fixture *f = *state;

	for (int in_order = 0; in_order < 2; in_order++) {
		for (size_t levels = 1; levels < 40;
		     levels = levels < 6 ? levels + 1 : levels * 2) {
			struct error err = ERROR_INIT;
			auto_graph struct graph g = GRAPH_INIT;

			nest(f, levels, in_order != 0);
			int result = load(&g, f, &err);
			if (levels <= LIMIT_INDEX_DEPTH_MAX)
				expect_ok(result, &err);
			else
				expect_refused(
				    result, &err, ERR_LIMIT, "indexes nested deeper than 4 levels");
		}
	}
	/* An index without entries is a level too. */
	auto_free char *inner = index_of(f, "", "");
	for (size_t i = 1; i < LIMIT_INDEX_DEPTH_MAX + 1; i++) {
		char *outer = index_of(f, inner, "");
		free(inner);
		inner = outer;
	}
	expect_entries_refused(f, inner, ERR_LIMIT, "indexes nested deeper than 4 levels");
}

/* Many names for one manifest of many layers: a packing list would show them all. */
static void row_l10_limits_what_names_multiply(void **state)
{
	struct layout_fixture *f = *state;
	auto_buf struct buf entries = BUF_INIT((size_t)8 << 20);
	auto_buf struct buf layers = BUF_INIT((size_t)8 << 20);
	auto_free char *config = fixture_blob_of(f, "a/b", "{}", "");

	for (size_t i = 0; i < LIMIT_MANIFEST_LAYERS_MAX; i++)
		buf_printf(&layers, "%s%s", i > 0 ? "," : "", config);
	auto_free char *text = mem_printf(
	    "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", config, buf_text(&layers));
	struct digest d = fixture_blob(f, text, strlen(text));
	for (size_t i = 0; i < LIMIT_GRAPH_DESCRIPTORS_MAX / LIMIT_MANIFEST_LAYERS_MAX; i++) {
		auto_free char *tag = mem_printf("%zu", i);
		auto_free char *names = fixture_names("a", tag);
		auto_free char *entry =
		    fixture_descriptor(MEDIA_TYPE_OCI_MANIFEST, &d, strlen(text), names);
		buf_printf(&entries, "%s%s", i > 0 ? "," : "", entry);
	}
	expect_entries_refused(
	    f, buf_text(&entries), ERR_LIMIT, "more than 1000000 descriptors in one layout");
}

/* Few entries, each the same child many times, again and again: exponentially many ways down. */
static void row_l10_limits_the_ways_down(void **state)
{
	struct layout_fixture *f = *state;
	auto_free char *inner = fixture_artifact(f, "innermost", "");

	for (size_t level = 0; level < LIMIT_INDEX_DEPTH_MAX; level++) {
		auto_buf struct buf children = BUF_INIT((size_t)4 << 20);
		auto_free char *names = fixture_names("a", "1");

		for (size_t i = 0; i < 1000; i++)
			buf_printf(&children, "%s%s", i > 0 ? "," : "", inner);
		char *outer = index_of(
		    f, buf_text(&children), level + 1 == LIMIT_INDEX_DEPTH_MAX ? names : "");
		free(inner);
		inner = outer;
	}
	expect_entries_refused(f, inner, ERR_LIMIT, "more than 1000000 descriptors in one layout");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(follows_names_down, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(an_empty_delivery_has_nothing, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(names_must_be_the_charts_own, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		row_l10_entries_without_a_name_need_a_reason, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		row_l11_an_absent_subject_needs_a_repository, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		knows_signatures_and_lists_of_referrers, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		row_l10_refuses_signatures_of_nothing, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(refuses_wrong_content, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(tells_wrong_sizes_from_changes, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(one_manifest_has_one_description, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(reads_helm_configs_strictly, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(row_l10_limits_the_depth, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(row_l10_limits_what_names_multiply, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(row_l10_limits_the_ways_down, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
