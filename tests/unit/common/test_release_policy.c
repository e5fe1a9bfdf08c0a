#include "common/limits.h"
#include "common/reference.h"
#include "common/release_policy.h"
#include "tests/unit/common/release_fixture.h"
#include "tests/unit/layout_fixture.h"

/* What is made for the one artifact, "demo:1.0.0_b", a chart of version 1.0.0+b. */
struct signing_case {
	bool no_bundle;
	bool no_legacy;
	uint8_t key;             /* first byte of its seed; the pinned one is 0 */
	const char *name;        /* "demo" where NULL */
	const char *version;     /* "1.0.0+b" where NULL */
	const char *left_out;    /* of what is signed */
	bool other_digest;       /* in what is signed */
	const char *bundle_text; /* in the place of the bundle */
	const char *bundle_type; /* artifactType of its manifest */
	const char *error;       /* with both forms asked for; NULL: accepted */
};

#define KEY "SHA256:lbmsoA0yIEcEiVDRnMWuzm+nV+3ZEEpVIURqFoeSspg"
#define WANTED " by " KEY " that binds name 'demo' and version '1.0.0+b'"

static const struct signing_case cases[] = {
    {.error = NULL},
    {.no_bundle = true, .error = "release: 'demo:1.0.0_b' has no bundle signature" WANTED},
    {.no_legacy = true, .error = "release: 'demo:1.0.0_b' has no legacy signature" WANTED},
    {.key = 1, .error = "no bundle signature" WANTED ": none of these keys made the one that is"},
    {.key = 1, .no_bundle = true, .error = "no bundle signature" WANTED},
    {.name = "dem", .error = WANTED ": it binds name 'dem' and version '1.0.0+b'"},
    {.version = "1.0.0_b", .error = WANTED ": it binds name 'demo' and version '1.0.0_b'"},
    {.version = "9", .no_bundle = true, .error = "no bundle signature" WANTED},
    /* As cosign signs without -a. */
    {.left_out = "\"name\":\"demo\",", .error = WANTED ": it binds no name and version '1.0.0+b'"},
    {.left_out = ",\"version\":\"1.0.0+b\"",
	.error = WANTED ": it binds name 'demo' and no version"},
    {.other_digest = true, .error = WANTED ": it signs another digest"},
    {.bundle_text = "{}", .error = WANTED ": member 'mediaType' is missing"},
    {.bundle_text = "no JSON", .error = WANTED ": JSON"},
    {.bundle_type = "application/vnd.example+json", .error = "no bundle signature" WANTED},
};

static char *put(struct layout_fixture *f, const struct buf *content, struct release_blob *out)
{
	out->digest = fixture_blob(f, content->data, content->len);
	out->size_bytes = content->len;
	return content->data;
}

/* What the case signs. */
static void put_claim(struct buf *out, const struct signing_case *c,
    const struct release_claim *claim, enum release_form form)
{
	auto_buf struct buf whole = BUF_INIT(10000);

	release_claim_write(&whole, claim, form);
	const char *rest = buf_text(&whole);
	if (c->left_out != NULL) {
		const char *at = strstr(rest, c->left_out);
		assert_non_null(at);
		buf_put(out, rest, (size_t)(at - rest));
		rest = at + strlen(c->left_out);
	}
	buf_puts(out, rest);
}

/* The entry of a bundle by the case, behind a comma. */
static void put_bundle(struct layout_fixture *f, struct buf *entries, const struct signing_case *c,
    const struct descriptor *subject, const struct release_claim *claim)
{
	auto_buf struct buf statement = BUF_INIT(10000);
	auto_buf struct buf bundle = BUF_INIT(10000);
	auto_buf struct buf empty = BUF_INIT(10000);
	auto_buf struct buf manifest = BUF_INIT(10000);
	uint8_t signature[ED25519_SIGNATURE_BYTES];
	uint8_t zeros[ED25519_PUBLIC_BYTES] = {0};
	struct release_blob blob;

	put_claim(&statement, c, claim, RELEASE_BUNDLE);
	release_sign(signature, RELEASE_BUNDLE, statement.data, statement.len, c->key);
	release_bundle_write(&bundle, statement.data, statement.len, signature, zeros);
	if (c->bundle_text != NULL) {
		buf_release(&bundle);
		buf_puts(&bundle, c->bundle_text);
	}
	buf_puts(&empty, RELEASE_EMPTY_CONFIG);
	(void)put(f, &empty, &blob);
	(void)put(f, &bundle, &blob);
	release_bundle_manifest_write(&manifest, subject, &blob, NULL);
	if (c->bundle_type != NULL) {
		static const char last[] = "\"artifactType\":\"" MEDIA_TYPE_BUNDLE "\"}";
		manifest.len -= sizeof(last) - 1;
		buf_printf(&manifest, "\"artifactType\":\"%s\"}", c->bundle_type);
	}
	(void)put(f, &manifest, &blob);
	auto_free char *entry =
	    fixture_descriptor(MEDIA_TYPE_OCI_MANIFEST, &blob.digest, (size_t)blob.size_bytes, "");
	buf_printf(entries, ",%s", entry);
}

static void put_legacy(struct layout_fixture *f, struct buf *entries, const struct signing_case *c,
    const struct descriptor *subject, const struct release_claim *claim)
{
	auto_buf struct buf payload = BUF_INIT(10000);
	auto_buf struct buf config = BUF_INIT(10000);
	auto_buf struct buf manifest = BUF_INIT(10000);
	json_auto_t *layers = json_array();
	auto_free char *tag = signature_tag(&subject->digest);
	auto_free char *more =
	    mem_printf(",\"annotations\":{\"org.opencontainers.image.ref.name\":\"%s\"}", tag);
	struct release_layer layer;
	struct release_blob blob;

	put_claim(&payload, c, claim, RELEASE_LEGACY);
	release_sign(layer.signature, RELEASE_LEGACY, payload.data, payload.len, c->key);
	(void)put(f, &payload, &layer.payload);
	release_legacy_append(layers, &layer);
	release_legacy_config_write(&config, layers);
	(void)put(f, &config, &blob);
	release_legacy_manifest_write(&manifest, &blob, layers);
	(void)put(f, &manifest, &blob);
	auto_free char *entry = fixture_descriptor(
	    MEDIA_TYPE_OCI_MANIFEST, &blob.digest, (size_t)blob.size_bytes, more);
	buf_printf(entries, ",%s", entry);
}

static void write_case(struct layout_fixture *f, const struct signing_case *c)
{
	auto_buf struct buf entries = BUF_INIT(100000);
	auto_free char *names = fixture_names("demo", "1.0.0_b");
	auto_free char *chart = fixture_chart(f, "demo", "1.0.0+b", names);
	const struct digest digest = f->blobs[f->blob_count - 1];
	char media_type[] = MEDIA_TYPE_OCI_MANIFEST;
	struct descriptor subject = {.media_type = media_type, .digest = digest};
	struct release_claim claim = {.digest = digest,
	    .name = c->name != NULL ? c->name : "demo",
	    .version = c->version != NULL ? c->version : "1.0.0+b",
	    .docker_reference = ""};

	claim.digest.bytes[0] ^= c->other_digest ? 1 : 0;
	subject.size_bytes = 1; /* nobody compares it: cosign neither */
	buf_puts(&entries, chart);
	if (!c->no_bundle)
		put_bundle(f, &entries, c, &subject, &claim);
	if (!c->no_legacy)
		put_legacy(f, &entries, c, &subject, &claim);
	fixture_index(f, buf_text(&entries), "");
}

/* Judges the fixture's layout with these keys pinned and these forms asked for. */
static int judge(const struct layout_fixture *f, uint8_t (*keys)[ED25519_PUBLIC_BYTES],
    size_t key_count, bool bundle, bool legacy, unsigned *out_forms, struct error *err)
{
	auto_layout struct layout l = LAYOUT_INIT;
	auto_buf struct buf index = BUF_INIT((size_t)8 << 20);
	auto_graph struct graph g = GRAPH_INIT;
	const struct trust trust = {.release = {.keys = keys,
					.key_count = key_count,
					.require_bundle = bundle,
					.require_legacy = legacy}};

	temp_read(f->root_fd, LAYOUT_INDEX, &index);
	expect_ok(layout_open(&l, f->path, err), err);
	expect_ok(graph_load(&g, &l, buf_text(&index), index.len, err), err);
	return release_judge(&g, &l, &trust, out_forms, err);
}

static void pinned_key(uint8_t out[ED25519_PUBLIC_BYTES], uint8_t first)
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	release_key(out, secret, first);
}

static void judges_every_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct layout_fixture f;
		struct error err = ERROR_INIT;
		uint8_t key[1][ED25519_PUBLIC_BYTES];
		unsigned forms;

		fixture_open(&f);
		pinned_key(key[0], 0);
		write_case(&f, &cases[i]);
		int result = judge(&f, key, 1, true, true, &forms, &err);
		if (cases[i].error != NULL)
			expect_refused(result, &err, ERR_POLICY, cases[i].error);
		else
			expect_ok(result, &err);
		fixture_close(&f);
	}
}

/* One key of several is enough, and a form that nobody asked for is told of all the same. */
static void tells_what_holds(void **state)
{
	static const struct {
		struct signing_case made;
		bool bundle;
		bool legacy;
		size_t key_count;
		unsigned forms;
		bool refused;
	} wanted[] = {
	    {{.error = NULL}, true, true, 2, 3, false},
	    {{.no_legacy = true}, true, false, 2, 1, false},
	    {{.no_bundle = true}, false, true, 2, 2, false},
	    {{.error = NULL}, false, true, 2, 3, false},
	    {{.no_legacy = true}, false, true, 2, 0, true},
	    {{.no_bundle = true, .no_legacy = true}, false, false, 2, 0, false},
	    {{.error = NULL}, true, true, 0, 0, false},
	    {{.key = 7}, true, true, 2, 0, true},
	    {{.left_out = "\"name\":\"demo\","}, false, true, 2, 0, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		struct layout_fixture f;
		struct error err = ERROR_INIT;
		uint8_t keys[2][ED25519_PUBLIC_BYTES];
		unsigned forms = 99;

		fixture_open(&f);
		pinned_key(keys[0], 3);
		pinned_key(keys[1], 0);
		write_case(&f, &wanted[i].made);
		int result = judge(&f, keys, wanted[i].key_count, wanted[i].bundle,
		    wanted[i].legacy, &forms, &err);
		if (wanted[i].refused) {
			expect_refused(result, &err, ERR_POLICY, " or " KEY);
		} else {
			expect_ok(result, &err);
			assert_int_equal(forms, wanted[i].forms);
		}
		fixture_close(&f);
	}
}

/* Any bit of a signature's blobs: it does not count, or its blob is not what is listed. */
static void row_s3_every_bit_of_a_signature_counts(void **state)
{
	struct layout_fixture f;
	struct error err = ERROR_INIT;
	uint8_t key[1][ED25519_PUBLIC_BYTES];
	size_t judged = 0;

	(void)state;
	fixture_open(&f);
	pinned_key(key[0], 0);
	write_case(&f, &cases[0]);
	expect_ok(judge(&f, key, 1, true, true, NULL, &err), &err);
	/* config, archive and manifest of the chart come first, and are not looked at here */
	for (size_t i = 3; i < f.blob_count; i++) {
		char hex[DIGEST_HEX_LEN + 1];
		auto_buf struct buf bytes = BUF_INIT(10000);

		digest_hex(hex, &f.blobs[i]);
		temp_read(f.blobs_fd, hex, &bytes);
		/* manifests are read by the graph, configs by nobody: their digests guard them */
		if (strstr(buf_text(&bytes), "schemaVersion") != NULL ||
		    strstr(buf_text(&bytes), "rootfs") != NULL || bytes.len == 2)
			continue;
		for (size_t bit = 0; bit < bytes.len * 8; bit++) {
			bytes.data[bit / 8] ^= (char)(1 << bit % 8);
			temp_write(f.blobs_fd, hex, bytes.data, bytes.len);
			assert_int_equal(judge(&f, key, 1, true, true, NULL, &err), -1);
			bytes.data[bit / 8] ^= (char)(1 << bit % 8);
			judged++;
		}
		temp_write(f.blobs_fd, hex, bytes.data, bytes.len);
	}
	assert_true(judged > 4000);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(judges_every_case),
	    cmocka_unit_test(tells_what_holds),
	    cmocka_unit_test(row_s3_every_bit_of_a_signature_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
