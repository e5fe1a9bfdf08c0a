#include "common/manifest.h"
#include "common/media_type.h"
#include "tests/unit/common/release_fixture.h"

#define HEX "75c1cf13a04f7a9a4a2e85aec8e10690cf7b17e52214161752f7b4639293ada9"
/* "{}" and sixty-four zero bytes */
#define PAYLOAD "e30="
#define ZEROS_64                                                                                   \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
#define MATERIAL "\"verificationMaterial\":{\"publicKey\":{\"hint\":\"x\"}}"
#define TYPE "\"mediaType\":\"" MEDIA_TYPE_BUNDLE "\""
#define ENVELOPE(members) "{" TYPE "," MATERIAL ",\"dsseEnvelope\":{" members "}}"
#define SIGNATURES(members) "\"signatures\":[" members "]"
#define BODY "\"payload\":\"" PAYLOAD "\",\"payloadType\":\"application/vnd.in-toto+json\""
#define SIG "{\"sig\":\"" ZEROS_64 "\"}"

static void bundle_is_what_sigstore_reads(void **state)
{
	uint8_t key[ED25519_PUBLIC_BYTES];
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	uint8_t signature[ED25519_SIGNATURE_BYTES] = {0};
	auto_buf struct buf b = BUF_INIT(10000);
	auto_release_bundle struct release_bundle found = RELEASE_BUNDLE_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	release_key(key, secret, 0);
	release_bundle_write(&b, "{}", 2, signature, key);
	expect_text(buf_text(&b),
	    "{" TYPE ",\"verificationMaterial\":{\"publicKey\":{\"hint\":"
	    "\"oFCDfYUHBYLM9zlLCYiEfMMSy4glm4lImfbyOc8XkaU=\"}},\"dsseEnvelope\":{" BODY
	    "," SIGNATURES(SIG) "}}");
	expect_ok(release_bundle_parse(&found, b.data, b.len, &err), &err);
	expect_text(buf_text(&found.statement), "{}");
	assert_memory_equal(found.signature, signature, sizeof(signature));
}

static const struct {
	const char *text;
	const char *error;
} refused[] = {
    {"", "JSON"},
    {"{}", "'mediaType' is missing"},
    {"{" TYPE "}", "'verificationMaterial' is missing"},
    {"{" TYPE "," MATERIAL "}", "'dsseEnvelope' is missing"},
    {"{\"mediaType\":\"application/vnd.dev.sigstore.bundle+json;version=0.2\"," MATERIAL
     ",\"dsseEnvelope\":{}}",
	"mediaType 'application/vnd.dev.sigstore.bundle+json;version=0.2': expected"},
    {"{" TYPE "," MATERIAL ",\"dsseEnvelope\":{},\"messageSignature\":{}}", "messageSignature"},
    {ENVELOPE(""), "dsseEnvelope: member 'payload' is missing"},
    {ENVELOPE(BODY), "'signatures' is missing"},
    {ENVELOPE(BODY "," SIGNATURES("")), "signatures: not a list of one object"},
    {ENVELOPE(BODY "," SIGNATURES(SIG "," SIG)), "signatures: not a list of one object"},
    {ENVELOPE(BODY "," SIGNATURES("{}")), "signatures: member 'sig' is missing"},
    {ENVELOPE(BODY "," SIGNATURES("{\"sig\":\"" ZEROS_64 "\",\"keyid\":\"x\"}")), "keyid"},
    {ENVELOPE(BODY "," SIGNATURES("{\"sig\":\"AAAA\"}")), "not 64 bytes in base64"},
    {ENVELOPE(BODY "," SIGNATURES("{\"sig\":\"" ZEROS_64 "\\n\"}")), "not 64 bytes in base64"},
    {ENVELOPE(BODY "," SIGNATURES(SIG) ",\"x\":1"), "dsseEnvelope: "},
    {ENVELOPE(
	 "\"payload\":\"e3 0=\",\"payloadType\":\"application/vnd.in-toto+json\"," SIGNATURES(SIG)),
	"payload is not base64"},
    {ENVELOPE(
	 "\"payload\":\"e31=\",\"payloadType\":\"application/vnd.in-toto+json\"," SIGNATURES(SIG)),
	"payload is not base64"},
    {ENVELOPE("\"payload\":\"" PAYLOAD "\",\"payloadType\":\"text/plain\"," SIGNATURES(SIG)),
	"payloadType 'text/plain': expected"},
};

/* row S10 too: there is one spelling of base64 */
static void row_s10_refuses_other_bundles(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		auto_release_bundle struct release_bundle found = RELEASE_BUNDLE_INIT;
		struct error err = ERROR_INIT;
		int result =
		    release_bundle_parse(&found, refused[i].text, strlen(refused[i].text), &err);

		expect_refused(result, &err, ERR_FORMAT, refused[i].error);
	}
}

static void limits_a_statement(void **state)
{
	auto_release_bundle struct release_bundle found = RELEASE_BUNDLE_INIT;
	auto_buf struct buf b = BUF_INIT((size_t)1 << 20);
	auto_free char *long_statement = mem_zalloc(LIMIT_RELEASE_CONTENT_BYTES_MAX + 1, 1);
	uint8_t zeros[64] = {0};
	struct error err = ERROR_INIT;

	(void)state;
	release_bundle_write(&b, long_statement, LIMIT_RELEASE_CONTENT_BYTES_MAX + 1, zeros, zeros);
	expect_refused(release_bundle_parse(&found, b.data, b.len, &err), &err, ERR_LIMIT,
	    "payload: larger than 65536 bytes");
}

static void referrer_names_its_subject(void **state)
{
	char media_type[] = MEDIA_TYPE_OCI_MANIFEST;
	struct descriptor subject = {.media_type = media_type, .size_bytes = 7};
	struct release_blob bundle = {.size_bytes = 9};
	auto_buf struct buf b = BUF_INIT(10000);
	auto_buf struct buf timed = BUF_INIT(10000);
	auto_manifest struct manifest m = MANIFEST_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	assert_true(digest_parse_hex(&subject.digest, HEX, strlen(HEX)));
	bundle.digest = subject.digest;
	release_bundle_manifest_write(&b, &subject, &bundle, NULL);
	expect_text(buf_text(&b),
	    "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
	    "\"config\":{\"mediaType\":\"application/vnd.oci.empty.v1+json\",\"size\":2,\"digest\":"
	    "\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\"},"
	    "\"layers\":[{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\","
	    "\"size\":9,\"digest\":\"sha256:" HEX "\"}],\"annotations\":{"
	    "\"dev.sigstore.bundle.content\":\"dsse-envelope\","
	    "\"dev.sigstore.bundle.predicateType\":\"https://sigstore.dev/cosign/sign/v1\"},"
	    "\"subject\":{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"size\":7,"
	    "\"digest\":\"sha256:" HEX "\"},"
	    "\"artifactType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\"}");
	expect_ok(manifest_parse(&m, b.data, b.len, MEDIA_TYPE_OCI_MANIFEST, &err), &err);
	assert_true(m.has_subject);
	expect_text(m.artifact_type, MEDIA_TYPE_BUNDLE);
	release_bundle_manifest_write(&timed, &subject, &bundle, "2024-01-02T03:04:05Z");
	expect_contains(buf_text(&timed),
	    "sign/v1\",\"org.opencontainers.image.created\":\"2024-01-02T03:04:05Z\"},");
}

static void legacy_layers_come_back(void **state)
{
	struct release_layer layers[2] = {{.payload.size_bytes = 5}, {.payload.size_bytes = 6}};
	struct release_blob config = {.size_bytes = 3};
	auto_buf struct buf b = BUF_INIT(10000);
	auto_buf struct buf config_text = BUF_INIT(10000);
	auto_free struct release_layer *found = NULL;
	json_auto_t *made = json_array();
	size_t count;
	struct error err = ERROR_INIT;

	(void)state;
	assert_true(digest_parse_hex(&layers[0].payload.digest, HEX, strlen(HEX)));
	layers[1].signature[63] = 1;
	release_legacy_append(made, &layers[0]);
	release_legacy_append(made, &layers[0]);
	assert_int_equal(json_array_size(made), 1);
	release_legacy_config_write(&config_text, made);
	expect_text(buf_text(&config_text),
	    "{\"architecture\":\"\",\"created\":\"0001-01-01T00:00:00Z\",\"history\":[{\"created\":"
	    "\"0001-01-01T00:00:00Z\"}],\"os\":\"\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":["
	    "\"sha256:" HEX "\"]},\"config\":{}}");
	release_legacy_append(made, &layers[1]);
	release_legacy_manifest_write(&b, &config, made);
	expect_contains(buf_text(&b),
	    "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"size\":3,"
	    "\"digest\":\"sha256:00000000000000000000000000000000000000000000000000000000"
	    "00000000\"},\"layers\":[{\"mediaType\":"
	    "\"application/vnd.dev.cosign.simplesigning.v1+json\",\"size\":5,\"digest\":"
	    "\"sha256:" HEX "\",\"annotations\":{\"dev.cosignproject.cosign/signature\":"
	    "\"" ZEROS_64 "\"}},{");
	json_auto_t *opened = release_legacy_open(b.data, b.len, &err);
	assert_non_null(opened);
	release_legacy_layers(&found, &count, opened);
	assert_int_equal(count, 2);
	for (size_t i = 0; i < count; i++) {
		assert_true(digest_equal(&found[i].payload.digest, &layers[i].payload.digest));
		assert_int_equal(found[i].payload.size_bytes, layers[i].payload.size_bytes);
		assert_memory_equal(found[i].signature, layers[i].signature, 64);
	}
}

#define LAYER(type, annotations)                                                                   \
	"{\"mediaType\":\"" type "\",\"size\":1,\"digest\":\"sha256:" HEX "\"" annotations "}"
#define SIGNED(signature)                                                                          \
	",\"annotations\":{\"dev.cosignproject.cosign/signature\":\"" signature "\"}"

/* What others put there is theirs, an ECDSA signature or a layer of anything: it is no signature
 * to us, and it stays. */
static void passes_over_layers_of_others(void **state)
{
#define CONFIG "\"config\":" LAYER("a/b", "")
	static const char theirs[] = LAYER(MEDIA_TYPE_SIMPLE_SIGNING, "") "," LAYER(
	    "a/b", SIGNED(ZEROS_64)) "," LAYER(MEDIA_TYPE_SIMPLE_SIGNING, SIGNED("MEUCIQ=="));
	static const char *const bad[] = {"", "{}", "{\"schemaVersion\":2,\"manifests\":[]}",
	    "{\"schemaVersion\":2," CONFIG ",\"layers\":[{}]}"};
	auto_free char *text =
	    mem_printf("{\"schemaVersion\":2," CONFIG ",\"layers\":[%s]}", theirs);
	struct release_layer ours = {.payload.size_bytes = 1};
	struct release_blob config = {.size_bytes = 1};
	auto_free struct release_layer *found = NULL;
	auto_buf struct buf b = BUF_INIT(10000);
	struct error err = ERROR_INIT;
	size_t count;

	(void)state;
	json_auto_t *layers = release_legacy_open(text, strlen(text), &err);
	assert_non_null(layers);
	release_legacy_append(layers, &ours);
	release_legacy_layers(&found, &count, layers);
	assert_int_equal(count, 1);
	assert_int_equal(json_array_size(layers), 4);
	release_legacy_manifest_write(&b, &config, layers);
	expect_contains(buf_text(&b), theirs);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_null(release_legacy_open(bad[i], strlen(bad[i]), &err));
		expect_error(&err, ERR_FORMAT, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bundle_is_what_sigstore_reads),
	    cmocka_unit_test(row_s10_refuses_other_bundles),
	    cmocka_unit_test(limits_a_statement),
	    cmocka_unit_test(referrer_names_its_subject),
	    cmocka_unit_test(legacy_layers_come_back),
	    cmocka_unit_test(passes_over_layers_of_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
