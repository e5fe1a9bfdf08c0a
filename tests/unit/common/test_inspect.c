#include "common/inspect.h"
#include "common/printable.h"
#include "common/reference.h"
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

static void load(struct graph *g, const struct layout_fixture *f)
{
	struct error err = ERROR_INIT;
	auto_layout struct layout l = LAYOUT_INIT;
	auto_buf struct buf index = BUF_INIT((size_t)8 << 20);

	temp_read(f->root_fd, LAYOUT_INDEX, &index);
	expect_ok(layout_open(&l, f->path, &err), &err);
	expect_ok(graph_load(g, &l, buf_text(&index), index.len, &err), &err);
}

static void lists_a_chart(void **state)
{
	static const char *const expected[] = {"seal         none\n",
	    "created      2024-01-02T03:04:05Z\n", "origin       plant-a\n",
	    "destination  registry.example/charts\n", "not after    2036-01-01T00:00:00Z\n",
	    "artifacts    1\n", "\ndemo:1.0.0  (chart demo 1.0.0)\n  manifest sha256:",
	    "\n  config   sha256:", "\n  layer    sha256:",
	    "           10  application/vnd.cncf.helm.chart.content.v1.tar+gzip\n"};
	struct layout_fixture *f = *state;
	auto_graph struct graph g = GRAPH_INIT;
	auto_buf struct buf text = BUF_INIT(10000);
	const struct inspect_seal seal = {.sealed = false};
	auto_free char *names = fixture_names("demo", "1.0.0");
	auto_free char *chart = fixture_chart(f, "demo", "1.0.0", names);

	fixture_index(f, chart,
	    ",\"annotations\":{\"org.opencontainers.image.created\":\"2024-01-02T03:04:05Z\","
	    "\"dev.sallyport.origin\":\"plant-a\","
	    "\"dev.sallyport.destination\":\"registry.example/charts\","
	    "\"dev.sallyport.not-after\":\"2036-01-01T00:00:00Z\"}");
	load(&g, f);
	inspect_text(&text, &g, &seal);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		expect_contains(buf_text(&text), expected[i]);
	json_auto_t *json = inspect_json(&g, &seal);
	assert_null(json_object_get(json, "seal"));
	json_t *artifact = json_array_get(json_object_get(json, "artifacts"), 0);
	char *found = json_dumps(artifact, JSON_COMPACT);
	expect_contains(found, "{\"repository\":\"demo\",\"tag\":\"1.0.0\",\"digest\":\"sha256:");
	expect_contains(found, "\"chart\":{\"name\":\"demo\",\"version\":\"1.0.0\"}");
	expect_contains(found, "\"artifactType\":\"application/vnd.cncf.helm.config.v1+json\"");
	expect_contains(found, "\"sizeBytes\":10}]}");
	free(found);
	char *delivery = json_dumps(json_object_get(json, "delivery"), JSON_COMPACT);
	expect_text(delivery,
	    "{\"created\":\"2024-01-02T03:04:05Z\",\"origin\":\"plant-a\",\"destination\":"
	    "\"registry.example/charts\",\"notAfter\":\"2036-01-01T00:00:00Z\"}");
	free(delivery);
}

static void tells_what_is_known_of_the_seal(void **state)
{
	struct layout_fixture *f = *state;
	auto_graph struct graph g = GRAPH_INIT;
	char name[] = "enclave";
	struct trust_signer signer = {.principal = name, .fingerprint = "SHA256:x"};
	struct inspect_seal seal = {.sealed = true, .id = {{0xab}}};
	auto_buf struct buf unverified = BUF_INIT(10000);
	auto_buf struct buf verified = BUF_INIT(10000);

	fixture_index(f, "", "");
	load(&g, f);
	inspect_text(&unverified, &g, &seal);
	expect_contains(buf_text(&unverified), "seal         ab000000");
	expect_contains(buf_text(&unverified), "not verified here");
	json_auto_t *plain = inspect_json(&g, &seal);
	json_t *member = json_object_get(plain, "seal");
	assert_true(json_is_false(json_object_get(member, "verified")));
	assert_null(json_object_get(member, "signers"));
	seal.verified = true;
	seal.signers = &signer;
	seal.signer_count = 1;
	seal.unknown_signatures = 2;
	inspect_text(&verified, &g, &seal);
	expect_contains(buf_text(&verified), "signed by    enclave SHA256:x\n");
	expect_contains(buf_text(&verified), "2 signatures of keys that the trust does not name\n");
	json_auto_t *signed_json = inspect_json(&g, &seal);
	char *found =
	    json_dumps(json_object_get(json_object_get(signed_json, "seal"), "signers"), 0);
	expect_text(found, "[{\"principal\": \"enclave\", \"fingerprint\": \"SHA256:x\"}]");
	free(found);
}

/* A signature of what is there, and one of what is in the registry only. */
static void lists_signatures(void **state)
{
	static const char absent[] =
	    "sha256-0000000000000000000000000000000000000000000000000000000000000000.sig";
	struct layout_fixture *f = *state;
	auto_graph struct graph g = GRAPH_INIT;
	auto_buf struct buf text = BUF_INIT(10000);
	const struct inspect_seal seal = {.sealed = false};
	auto_free char *names = fixture_names("demo", "1.0.0");
	auto_free char *chart = fixture_chart(f, "demo", "1.0.0", names);
	auto_free char *tag = signature_tag(&f->blobs[f->blob_count - 1]);
	auto_free char *near_name =
	    mem_printf(",\"annotations\":{\"org.opencontainers.image.ref.name\":\"%s\"}", tag);
	auto_free char *far_name =
	    mem_printf(",\"annotations\":{\"org.opencontainers.image.ref.name\":\"%s\","
		       "\"dev.sallyport.repository\":\"other\"}",
		absent);
	auto_free char *near = fixture_artifact(f, "near", near_name);
	auto_free char *far = fixture_artifact(f, "far", far_name);
	auto_free char *entries = mem_printf("%s,%s,%s", chart, near, far);

	fixture_index(f, entries, "");
	load(&g, f);
	inspect_text(&text, &g, &seal);
	expect_contains(buf_text(&text), "\nsignatures and referrers\n  signature sha256:");
	expect_contains(
	    buf_text(&text), "  application/vnd.oci.empty.v1+json\n    of      sha256:");
	expect_contains(buf_text(&text), "00000000 in the registry, other\n");
	json_auto_t *json = inspect_json(&g, &seal);
	json_t *referrers = json_object_get(json, "referrers");
	assert_int_equal(json_array_size(referrers), 2);
	json_t *first = json_array_get(referrers, 0);
	json_t *artifact = json_array_get(json_object_get(json, "artifacts"), 0);
	assert_true(
	    json_equal(json_object_get(first, "subject"), json_object_get(artifact, "digest")));
	expect_text(json_string_value(json_object_get(first, "kind")), "signature");
	assert_null(json_object_get(first, "repository"));
	json_t *second = json_array_get(referrers, 1);
	expect_text(json_string_value(json_object_get(second, "repository")), "other");
}

/* Everything that content may choose freely: the page stays one that can be believed. */
static void escapes_what_is_foreign(void **state)
{
	struct layout_fixture *f = *state;
	auto_graph struct graph g = GRAPH_INIT;
	auto_buf struct buf text = BUF_INIT(10000);
	const struct inspect_seal seal = {.sealed = false};
	auto_free char *names = fixture_names("demo", "1");
	auto_free char *artifact = fixture_artifact(f, "x", names);

	fixture_index(f, artifact,
	    ",\"annotations\":{\"org.opencontainers.image.created\":"
	    "\"\\u001b[2J\\u202e\\nseal verified\"}");
	load(&g, f);
	inspect_text(&text, &g, &seal);
	expect_contains(buf_text(&text), "created      \\x1B[2J\\u{202E}\\x0Aseal verified\n");
	for (const char *line = buf_text(&text); *line != '\0';) {
		size_t len = strcspn(line, "\n");
		assert_true(printable_check(line, len));
		line += len + 1;
	}
}

/* An index of the same child many times, again and again. */
static void adds_up_what_is_shared(void **state)
{
	struct layout_fixture *f = *state;
	auto_graph struct graph g = GRAPH_INIT;
	const struct inspect_seal seal = {.sealed = false};
	auto_free char *inner = fixture_artifact(f, "x", "");

	for (size_t level = 0; level < 4; level++) {
		auto_buf struct buf children = BUF_INIT((size_t)4 << 20);
		auto_free char *names = fixture_names("a", "1");

		for (size_t i = 0; i < 20; i++)
			buf_printf(&children, "%s%s", i > 0 ? "," : "", inner);
		auto_free char *text =
		    mem_printf("{\"schemaVersion\":2,\"manifests\":[%s]}", buf_text(&children));
		char *outer =
		    fixture_blob_of(f, MEDIA_TYPE_OCI_INDEX, text, level == 3 ? names : "");
		free(inner);
		inner = outer;
	}
	fixture_index(f, inner, "");
	load(&g, f);
	json_auto_t *json = inspect_json(&g, &seal);
	json_t *artifact = json_array_get(json_object_get(json, "artifacts"), 0);
	/* 20^4 times the innermost one, which is more than 100 bytes */
	assert_true(json_integer_value(json_object_get(artifact, "sizeBytes")) > 16000000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(lists_a_chart),
	    TEST(tells_what_is_known_of_the_seal),
	    TEST(lists_signatures),
	    TEST(escapes_what_is_foreign),
	    TEST(adds_up_what_is_shared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
