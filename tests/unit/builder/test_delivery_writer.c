#include <sodium.h>

#include "builder/delivery_writer.h"
#include "builder/secret_key.h"
#include "common/limits.h"
#include "common/verified_layout.h"
#include "tests/unit/layout_fixture.h"

struct delivery_case {
	struct temp_dir dir;
	char *out;
	struct secret_key *key;
};

static int set_up(void **state)
{
	struct delivery_case *c = mem_zalloc(1, sizeof(*c));
	uint8_t seed[ED25519_SEED_BYTES];
	struct error err = ERROR_INIT;

	memset(seed, 1, sizeof(seed)); /* the key of fixture_trust(1) */
	temp_dir_open(&c->dir);
	c->out = temp_path(&c->dir, "out");
	c->key = secret_key_from_seed(seed, &err);
	expect_ok(c->key != NULL ? 0 : -1, &err);
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct delivery_case *c = *state;

	temp_dir_close(&c->dir);
	secret_key_free(c->key);
	free(c->out);
	free(c);
	return 0;
}

/* A chart of this name as helm_manifest_make() would give it, but for what nobody looks at here. */
static int add_chart(struct delivery_writer *d, struct layout_writer *w, const char *name,
    const char *tag, const char *provenance, struct error *err)
{
	auto_chart struct chart chart;
	auto_helm_manifest struct helm_manifest m;
	char config[DIGEST_TEXT_LEN + 1];
	char archive[DIGEST_TEXT_LEN + 1];

	chart_init(&chart);
	helm_manifest_init(&m);
	buf_puts(&chart.archive, "an archive");
	chart.has_provenance = provenance != NULL;
	buf_puts(&chart.provenance, provenance != NULL ? provenance : "");
	m.repository = mem_strdup(name);
	m.tag = mem_strdup(tag);
	buf_printf(&m.config, "{\"name\":\"%s\",\"version\":\"%s\"}", name, tag);
	digest_of(&m.config_digest, m.config.data, m.config.len);
	digest_of(&m.archive_digest, chart.archive.data, chart.archive.len);
	digest_of(&m.provenance_digest, buf_text(&chart.provenance), chart.provenance.len);
	digest_text(config, &m.config_digest);
	digest_text(archive, &m.archive_digest);
	buf_printf(&m.manifest,
	    "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" MEDIA_TYPE_HELM_CONFIG
	    "\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[{\"mediaType\":\"" MEDIA_TYPE_HELM_CHART
	    "\",\"digest\":\"%s\",\"size\":%zu}",
	    config, m.config.len, archive, chart.archive.len);
	if (provenance != NULL) {
		digest_text(archive, &m.provenance_digest);
		buf_printf(&m.manifest,
		    ",{\"mediaType\":\"" MEDIA_TYPE_HELM_PROVENANCE
		    "\",\"digest\":\"%s\",\"size\":%zu}",
		    archive, chart.provenance.len);
	}
	buf_puts(&m.manifest, "]}");
	digest_of(&m.manifest_digest, m.manifest.data, m.manifest.len);
	return delivery_writer_chart(d, w, &chart, &m, err);
}

/* Everything up to SEAL, and a signature by the case's key. */
static int seal(struct delivery_writer *d, struct layout_writer *w, const struct secret_key *key,
    struct error *err)
{
	auto_buf struct buf list = BUF_INIT(LIMIT_SEAL_BYTES_MAX);
	auto_buf struct buf armored = BUF_INIT(LIMIT_SIGNATURE_BYTES_MAX);
	struct ssh_public_key public_key = secret_key_public(key);
	char kid[LAYOUT_KID_LEN + 1];
	char name[LAYOUT_SIGNATURE_NAME_LEN + 1];

	if (delivery_writer_seal(d, w, &list, err) != 0)
		return -1;
	ssh_public_key_kid(kid, &public_key);
	layout_signature_name(name, kid);
	secret_key_seal(key, SSHSIG_NAMESPACE_SEAL, list.data, list.len, &armored);
	return layout_writer_file(w, name, armored.data, armored.len, err);
}

struct named {
	const char *repository;
	const char *tag;
};

static int write_delivery(
    const struct delivery_case *c, const struct named *names, size_t count, struct error *err)
{
	auto_delivery_writer struct delivery_writer d = DELIVERY_WRITER_INIT;
	auto_layout_writer struct layout_writer *w = layout_writer_new(c->out, true, err);

	expect_ok(w != NULL ? 0 : -1, err);
	for (size_t i = 0; i < count; i++) {
		if (add_chart(&d, w, names[i].repository, names[i].tag, NULL, err) != 0)
			return -1;
	}
	if (seal(&d, w, c->key, err) != 0)
		return -1;
	return layout_writer_publish(w, err);
}

static void read_index(const struct delivery_case *c, struct index *x)
{
	struct error err = ERROR_INIT;
	auto_buf struct buf bytes = BUF_INIT((size_t)4 << 20);

	temp_read(c->dir.fd, "out/index.json", &bytes);
	expect_ok(index_parse_delivery(x, bytes.data, bytes.len, &err), &err);
}

/* Whatever the order of the arguments: the same bytes, sorted by repository and tag. */
static void order_does_not_matter(void **state)
{
	static const struct named orders[2][4] = {
	    {{"b", "1.0.0"}, {"a", "2.0.0"}, {"a", "10.0.0"}, {"a-b", "3"}},
	    {{"a", "10.0.0"}, {"a-b", "3"}, {"b", "1.0.0"}, {"a", "2.0.0"}}};
	static const struct named sorted[] = {
	    {"a", "10.0.0"}, {"a", "2.0.0"}, {"a-b", "3"}, {"b", "1.0.0"}};
	struct delivery_case *c = *state;
	auto_buf struct buf signatures = BUF_INIT(10000);
	auto_index struct index x = INDEX_INIT;
	size_t half = 0;

	for (size_t i = 0; i < 2; i++) {
		struct error err = ERROR_INIT;
		auto_trust struct trust *trust = fixture_trust(1);
		const struct judgement judgement = {.trust = trust, .now = TIME_NOT_JUDGED};
		auto_problems struct problems problems = PROBLEMS_INIT;

		expect_ok(write_delivery(c, orders[i], 4, &err), &err);
		auto_verified_layout struct verified_layout *v =
		    verified_layout_open(c->out, &judgement, &problems, &err);
		expect_ok(v != NULL ? 0 : -1, &err);
		temp_read(c->dir.fd, "out/SEAL", &signatures);
		half = i == 0 ? signatures.len : half;
	}
	assert_int_equal(signatures.len, 2 * half);
	assert_memory_equal(signatures.data, signatures.data + half, half);
	read_index(c, &x);
	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++) {
		expect_text(x.entries[i].repository, sorted[i].repository);
		expect_text(x.entries[i].tag, sorted[i].tag);
	}
}

/* For tools that address a layout by tag alone: the tag where it is unique, else with the name. */
static void other_tools_can_tell_charts_apart(void **state)
{
	static const struct named names[] = {{"a", "1"}, {"b/c", "1"}, {"d", "2"}};
	static const char *const ref_names[] = {"a-1", "b-c-1", "2"};
	static const struct named clash[] = {{"a", "1"}, {"b", "1"}, {"c", "a-1"}};
	struct delivery_case *c = *state;
	struct error err = ERROR_INIT;
	auto_index struct index x = INDEX_INIT;
	char long_name[130] = "";

	/* A chart's own name has no slash; that of another artifact may. */
	auto_delivery_writer struct delivery_writer d = DELIVERY_WRITER_INIT;
	struct layout_writer *w = layout_writer_new(c->out, true, &err);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		expect_ok(add_chart(&d, w, names[i].repository, names[i].tag, NULL, &err), &err);
	expect_ok(seal(&d, w, c->key, &err), &err);
	expect_ok(layout_writer_publish(w, &err), &err);
	layout_writer_free(w);
	read_index(c, &x);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		expect_text(x.entries[i].ref_name, ref_names[i]);
	expect_refused(write_delivery(c, clash, 3, &err), &err, ERR_CHART,
	    "two artifacts would be 'a-1' to tools that address a layout by tag");
	memset(long_name, 'n', 127);
	const struct named too_long[] = {{long_name, "1"}, {"b", "1"}};
	expect_refused(write_delivery(c, too_long, 2, &err), &err, ERR_FORMAT, "for other tools");
	long_name[126] = '\0';
	expect_ok(write_delivery(c, too_long, 2, &err), &err);
}

static void one_name_stands_once(void **state)
{
	static const struct named names[] = {{"a", "1"}, {"b", "1"}, {"a", "1"}};
	struct delivery_case *c = *state;
	struct error err = ERROR_INIT;

	expect_refused(write_delivery(c, names, 3, &err), &err, ERR_USAGE,
	    "'a:1' is in this delivery already");
	assert_int_equal(temp_count(c->dir.fd), 0);
}

static void carries_provenance_and_annotations(void **state)
{
	struct delivery_case *c = *state;
	struct error err = ERROR_INIT;
	auto_index struct index x = INDEX_INIT;
	auto_buf struct buf list = BUF_INIT(10000);
	auto_delivery_writer struct delivery_writer d = DELIVERY_WRITER_INIT;
	auto_layout_writer struct layout_writer *w = layout_writer_new(c->out, false, &err);
	struct digest id;

	d.index.delivery.origin = mem_strdup("plant-a");
	expect_ok(add_chart(&d, w, "a", "1", "a provenance", &err), &err);
	expect_ok(seal(&d, w, c->key, &err), &err);
	expect_ok(layout_writer_publish(w, &err), &err);
	read_index(c, &x);
	expect_text(x.delivery.origin, "plant-a");
	temp_read(c->dir.fd, "out/SEAL", &list);
	digest_of(&id, list.data, list.len);
	assert_true(digest_equal(&id, &d.seal_id));
	assert_int_equal(d.blob_count, 4);
	digest_of(&id, "a provenance", strlen("a provenance"));
	char hex[DIGEST_HEX_LEN + 1];
	digest_hex(hex, &id);
	expect_contains(buf_text(&list), hex);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(order_does_not_matter),
	    TEST(other_tools_can_tell_charts_apart),
	    TEST(one_name_stands_once),
	    TEST(carries_provenance_and_annotations),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
