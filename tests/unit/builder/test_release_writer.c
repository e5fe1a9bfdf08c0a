#include "builder/release_writer.h"
#include "common/blob.h"
#include "common/release_artifact.h"
#include "tests/unit/layout_fixture.h"

struct writer_case {
	struct layout_fixture fixture;
	struct layout files;
	struct index index;
	struct release_keys keys; /* two */
};

static int set_up(void **state)
{
	struct writer_case *c = mem_zalloc(1, sizeof(*c));
	struct error err = ERROR_INIT;

	fixture_open(&c->fixture);
	c->index = (struct index)INDEX_INIT;
	expect_ok(layout_open(&c->files, c->fixture.path, &err), &err);
	for (uint8_t i = 0; i < 2; i++) {
		uint8_t seed[ED25519_SEED_BYTES];

		memset(seed, i + 1, sizeof(seed));
		c->keys.items[c->keys.count++] = secret_key_from_seed(seed, &err);
		assert_non_null(c->keys.items[i]);
	}
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct writer_case *c = *state;

	layout_close(&c->files);
	index_release(&c->index);
	release_keys_release(&c->keys);
	fixture_close(&c->fixture);
	free(c);
	return 0;
}

static int store(
    void *context, const struct digest *digest, const void *bytes, size_t len, struct error *err)
{
	struct writer_case *c = context;
	struct digest found = fixture_blob(&c->fixture, bytes, len);

	(void)err;
	assert_true(digest_equal(&found, digest));
	return 0;
}

static int refuse_to_store(
    void *context, const struct digest *digest, const void *bytes, size_t len, struct error *err)
{
	(void)context;
	(void)digest;
	(void)bytes;
	(void)len;
	return error_set(err, ERR_SYSTEM, "no space left");
}

/* A subject whose digest is this character. */
static struct release_subject subject_of(char digest, const char *name, const char *tag)
{
	static char media_type[] = MEDIA_TYPE_OCI_MANIFEST;
	struct release_subject s = {.repository = name, .tag = tag, .name = name, .version = tag};

	s.manifest.media_type = media_type;
	s.manifest.size_bytes = 7;
	memset(s.manifest.digest.bytes, digest, sizeof(s.manifest.digest.bytes));
	return s;
}

static void sign(struct writer_case *c, const struct release_subject *subjects, size_t count,
    const struct release_keys *keys)
{
	const struct release_layout l = {
	    .index = &c->index, .files = &c->files, .store = store, .context = c};
	struct error err = ERROR_INIT;

	expect_ok(release_writer_sign(&l, subjects, count, keys, &err), &err);
}

static void load_blob(
    const struct writer_case *c, const struct digest *digest, uint64_t size, struct buf *out)
{
	struct error err = ERROR_INIT;

	expect_ok(blob_load(out, &c->files, digest, size, &err), &err);
}

/* The layers of the one legacy manifest of the index, and the number of bundles. */
static size_t legacy_layers(
    const struct writer_case *c, struct release_layer **out, size_t *out_bundles)
{
	const struct index_entry *legacy = NULL;
	auto_buf struct buf bytes = BUF_INIT((size_t)1 << 20);
	struct error err = ERROR_INIT;
	size_t count;

	*out_bundles = 0;
	for (size_t i = 0; i < c->index.entry_count; i++) {
		const struct index_entry *e = &c->index.entries[i];

		assert_true(e->has_subject);
		if (e->ref_name == NULL) {
			expect_text(e->descriptor.artifact_type, MEDIA_TYPE_BUNDLE);
			(*out_bundles)++;
			continue;
		}
		assert_null(legacy);
		legacy = e;
	}
	assert_non_null(legacy);
	load_blob(c, &legacy->descriptor.digest, legacy->descriptor.size_bytes, &bytes);
	json_auto_t *layers = release_legacy_open(buf_text(&bytes), bytes.len, &err);
	assert_non_null(layers);
	release_legacy_layers(out, &count, layers);
	assert_int_equal(count, json_array_size(layers));
	return count;
}

static void nothing_without_keys(void **state)
{
	struct writer_case *c = *state;
	const struct release_subject subject = subject_of('a', "demo", "1");
	const struct release_keys none = RELEASE_KEYS_INIT;

	sign(c, &subject, 1, &none);
	assert_int_equal(c->index.entry_count, 0);
	assert_int_equal(c->fixture.blob_count, 0);
}

/* A layer for each name and key, all in the one manifest that the registry has a tag for. */
static void names_of_one_digest_share_a_manifest(void **state)
{
	struct writer_case *c = *state;
	const struct release_subject subjects[] = {
	    subject_of('a', "one", "1"), subject_of('a', "two", "2")};
	auto_free struct release_layer *layers = NULL;
	struct ssh_public_key key;
	size_t bundles;
	size_t held = 0;

	sign(c, subjects, 2, &c->keys);
	assert_int_equal(legacy_layers(c, &layers, &bundles), 4);
	assert_int_equal(bundles, 4);
	for (size_t i = 0; i < 4; i++) {
		auto_buf struct buf payload = BUF_INIT((size_t)1 << 20);
		auto_release_claim struct release_claim claim = RELEASE_CLAIM_INIT;
		struct error err = ERROR_INIT;

		load_blob(c, &layers[i].payload.digest, layers[i].payload.size_bytes, &payload);
		for (size_t k = 0; k < c->keys.count; k++) {
			key = secret_key_public(c->keys.items[k]);
			held += release_verify(RELEASE_LEGACY, payload.data, payload.len,
			    layers[i].signature, key.ed25519);
		}
		expect_ok(
		    release_claim_parse(&claim, RELEASE_LEGACY, payload.data, payload.len, &err),
		    &err);
		expect_text(claim.name, i < 2 ? "one" : "two");
		expect_text(claim.version, i < 2 ? "1" : "2");
		expect_text(claim.docker_reference, "");
	}
	assert_int_equal(held, 4);
}

/* The order of the arguments leaves no trace: blobs are the same ones. */
static void order_does_not_matter(void **state)
{
	struct writer_case *c = *state;
	const struct release_subject subjects[] = {
	    subject_of('b', "b", "1"), subject_of('a', "two", "1"), subject_of('a', "one", "1")};
	const struct release_subject other[] = {subjects[2], subjects[1], subjects[0]};

	sign(c, subjects, 3, &c->keys);
	size_t blobs = c->fixture.blob_count;
	size_t entries = c->index.entry_count;
	assert_int_equal(entries, 8);
	index_release(&c->index);
	sign(c, other, 3, &c->keys);
	assert_int_equal(c->fixture.blob_count, blobs);
	assert_int_equal(c->index.entry_count, entries);
}

/* What another key left stays, and nothing is said twice. */
static void grows_what_is_there(void **state)
{
	struct writer_case *c = *state;
	const struct release_subject subject = subject_of('a', "demo", "1");
	struct release_keys first = {.items = {c->keys.items[0]}, .count = 1};
	auto_free struct release_layer *one = NULL;
	auto_free struct release_layer *two = NULL;
	size_t bundles;

	sign(c, &subject, 1, &first);
	assert_int_equal(legacy_layers(c, &one, &bundles), 1);
	assert_int_equal(bundles, 1);
	sign(c, &subject, 1, &c->keys);
	assert_int_equal(legacy_layers(c, &two, &bundles), 2);
	assert_int_equal(bundles, 2);
	assert_memory_equal(&one[0], &two[0], sizeof(one[0]));
	size_t blobs = c->fixture.blob_count;
	sign(c, &subject, 1, &first);
	assert_int_equal(c->index.entry_count, 3);
	assert_int_equal(c->fixture.blob_count, blobs);
}

static void binds_the_place(void **state)
{
	struct writer_case *c = *state;
	const struct release_subject subject = subject_of('a', "demo", "1.0.0_b");
	auto_free struct release_layer *layers = NULL;
	auto_buf struct buf payload = BUF_INIT((size_t)1 << 20);
	auto_buf struct buf manifest = BUF_INIT((size_t)1 << 20);
	size_t bundles;

	c->index.delivery.destination = mem_strdup("Registry.Example:5000/charts");
	c->index.delivery.created = mem_strdup("2024-01-02T03:04:05Z");
	sign(c, &subject, 1, &c->keys);
	assert_int_equal(legacy_layers(c, &layers, &bundles), 2);
	load_blob(c, &layers[0].payload.digest, layers[0].payload.size_bytes, &payload);
	expect_contains(buf_text(&payload),
	    "\"docker-reference\":\"registry.example:5000/charts/demo:1.0.0_b\"");
	load_blob(c, &c->index.entries[0].descriptor.digest,
	    c->index.entries[0].descriptor.size_bytes, &manifest);
	expect_contains(
	    buf_text(&manifest), "\"org.opencontainers.image.created\":\"2024-01-02T03:04:05Z\"");
}

static void tells_what_failed(void **state)
{
	struct writer_case *c = *state;
	const struct release_subject subject = subject_of('a', "demo", "1");
	const struct release_layout l = {
	    .index = &c->index, .files = NULL, .store = refuse_to_store, .context = NULL};
	struct error err = ERROR_INIT;

	expect_refused(release_writer_sign(&l, &subject, 1, &c->keys, &err), &err, ERR_SYSTEM,
	    "release signature: 'demo:1': no space left");
	assert_int_equal(c->index.entry_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(nothing_without_keys),
	    TEST(names_of_one_digest_share_a_manifest),
	    TEST(order_does_not_matter),
	    TEST(grows_what_is_there),
	    TEST(binds_the_place),
	    TEST(tells_what_failed),
	};
	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
