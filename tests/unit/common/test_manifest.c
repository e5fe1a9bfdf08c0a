#include "common/buf.h"
#include "common/limits.h"
#include "common/manifest.h"
#include "common/media_type.h"
#include "tests/unit/expect.h"

#define HEX "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define DESCRIPTOR(type) "{\"mediaType\":\"" type "\",\"digest\":\"sha256:" HEX "\",\"size\":5}"
#define CONFIG "\"config\":" DESCRIPTOR("application/vnd.oci.image.config.v1+json")
#define LAYER DESCRIPTOR("application/vnd.oci.image.layer.v1.tar")
#define V "\"schemaVersion\":2"
#define MINIMAL "{" V "," CONFIG ",\"layers\":[]}"

static int parse(struct manifest *out, const char *text, struct error *err)
{
	return manifest_parse(out, text, strlen(text), MEDIA_TYPE_OCI_MANIFEST, err);
}

static void reads_all_members(void **state)
{
	static const char text[] =
	    "{" V ",\"mediaType\":\"" MEDIA_TYPE_OCI_MANIFEST "\",\"artifactType\":\"a/b\"," CONFIG
	    ",\"layers\":[" LAYER "," DESCRIPTOR("x/y") "],\"subject\":" DESCRIPTOR(
		"s/t") ",\"annotations\":{\"k\":\"v\"},\"unknown\":1}";
	struct error err = ERROR_INIT;
	auto_manifest struct manifest m = MANIFEST_INIT;

	(void)state;
	expect_ok(parse(&m, text, &err), &err);
	expect_text(m.config.media_type, "application/vnd.oci.image.config.v1+json");
	assert_int_equal(m.layer_count, 2);
	expect_text(m.layers[1].media_type, "x/y");
	assert_true(m.has_subject);
	expect_text(m.subject.media_type, "s/t");
	expect_text(m.artifact_type, "a/b");
}

static void needs_little(void **state)
{
	struct error err = ERROR_INIT;
	auto_manifest struct manifest m = MANIFEST_INIT;
	auto_manifest struct manifest docker = MANIFEST_INIT;
	static const char text[] =
	    "{" V ",\"mediaType\":\"" MEDIA_TYPE_DOCKER_MANIFEST "\"," CONFIG ",\"layers\":[]}";

	(void)state;
	expect_ok(parse(&m, MINIMAL, &err), &err);
	assert_int_equal(m.layer_count, 0);
	assert_false(m.has_subject);
	assert_null(m.artifact_type);
	expect_ok(
	    manifest_parse(&docker, text, strlen(text), MEDIA_TYPE_DOCKER_MANIFEST, &err), &err);
}

static const struct {
	const char *text;
	const char *error;
} refused[] = {
    {"[]", "not an object"},
    {"{}", "'schemaVersion' is missing"},
    {"{\"schemaVersion\":1," CONFIG ",\"layers\":[]}", "schemaVersion is not 2"},
    {"{\"schemaVersion\":\"2\"," CONFIG ",\"layers\":[]}", "'schemaVersion' is not an integer"},
    {"{\"schemaVersion\":2.0," CONFIG ",\"layers\":[]}", "'schemaVersion' is not an integer"},
    {"{" V ",\"layers\":[]}", "'config' is missing"},
    {"{" V "," CONFIG "}", "'layers' is missing"},
    {"{" V "," CONFIG ",\"layers\":{}}", "'layers' is not an array"},
    {"{" V "," CONFIG ",\"layers\":null}", "'layers' is not an array"},
    {"{" V ",\"config\":[],\"layers\":[]}", "'config' is not an object"},
    {"{" V ",\"config\":{},\"layers\":[]}", "config: member 'mediaType' is missing"},
    {"{" V "," CONFIG ",\"layers\":[" LAYER ",{}]}", "layer 1: member 'mediaType' is missing"},
    {"{" V "," CONFIG ",\"layers\":[7]}", "layer 0: descriptor is not an object"},
    {"{" V "," CONFIG ",\"layers\":[],\"subject\":[]}", "'subject' is not an object"},
    {"{" V "," CONFIG ",\"layers\":[],\"subject\":{}}", "subject: member 'mediaType'"},
    {"{" V "," CONFIG ",\"layers\":[],\"annotations\":{\"a\":1}}", "'a' is not a string"},
    {"{" V "," CONFIG ",\"layers\":[],\"artifactType\":1}", "'artifactType' is not a string"},
    {"{" V "," CONFIG ",\"layers\":[],\"mediaType\":\"" MEDIA_TYPE_OCI_INDEX "\"}",
	"its descriptor says 'application/vnd.oci.image.manifest.v1+json'"},
    {"{" V "," CONFIG ",\"layers\":[],\"mediaType\":\"" MEDIA_TYPE_DOCKER_MANIFEST "\"}",
	"its descriptor says"},
    {"{" V "," CONFIG ",\"layers\":[],\"manifests\":[]}", "no 'manifests'"},
    {"{" V "," CONFIG ",\"layers\":[],\"fsLayers\":[]}", "no 'manifests'"},
    {"{" V "," CONFIG ",\"layers\":[],\"history\":[]}", "no 'manifests'"},
    {"{" V "," CONFIG ",\"layers\":[],\"Layers\":[]}", "only in letter case"},
    {"{" V "," CONFIG ",\"layers\":[],\"Manifests\":[]}", "only in letter case"},
    {"{" V "," CONFIG ",\"layers\":[],\"layers\":[]}", "duplicate object key"},
    {"{" V "," CONFIG ",\"layers\":[" LAYER "]}{}", "end of file expected"},
    {"{" V "," CONFIG ",\"layers\":[{\"mediaType\":\"a/b\",\"digest\":\"sha256:" HEX
     "\",\"size\":5,\"urls\":[\"https://other.example\"]}]}",
	"layer 0: member 'urls'"},
};

static void refuses_all_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct error err = ERROR_INIT;
		auto_manifest struct manifest m = MANIFEST_INIT;
		expect_refused(
		    parse(&m, refused[i].text, &err), &err, ERR_FORMAT, refused[i].error);
	}
}

static void limits_layers_and_bytes(void **state)
{
	(void)state;
	for (size_t over = 0; over < 2; over++) {
		struct error err = ERROR_INIT;
		auto_manifest struct manifest m = MANIFEST_INIT;
		auto_buf struct buf b = BUF_INIT((size_t)16 << 20);

		buf_puts(&b, "{" V "," CONFIG ",\"layers\":[" LAYER);
		for (size_t i = 1; i < LIMIT_MANIFEST_LAYERS_MAX + over; i++)
			buf_puts(&b, "," LAYER);
		buf_puts(&b, "]}");
		int result = parse(&m, buf_text(&b), &err);
		if (over == 0)
			expect_ok(result, &err);
		else
			expect_refused(result, &err, ERR_LIMIT, "1001 layers; the limit is 1000");
	}
	for (size_t over = 0; over < 2; over++) {
		struct error err = ERROR_INIT;
		auto_manifest struct manifest m = MANIFEST_INIT;
		size_t size = LIMIT_MANIFEST_BYTES_MAX + over;
		auto_free char *text = mem_alloc(size);

		memset(text, ' ', size);
		memcpy(text, MINIMAL, strlen(MINIMAL));
		int result = manifest_parse(&m, text, size, MEDIA_TYPE_OCI_MANIFEST, &err);
		if (over == 0)
			expect_ok(result, &err);
		else
			expect_refused(result, &err, ERR_LIMIT,
			    "manifest of 4194305 bytes; the limit is 4194304");
	}
}

static void knows_its_media_types(void **state)
{
	(void)state;
	assert_true(media_type_is_manifest(MEDIA_TYPE_OCI_MANIFEST));
	assert_true(media_type_is_manifest(MEDIA_TYPE_DOCKER_MANIFEST));
	assert_true(media_type_is_index(MEDIA_TYPE_OCI_INDEX));
	assert_true(media_type_is_index(MEDIA_TYPE_DOCKER_LIST));
	assert_false(media_type_is_manifest(MEDIA_TYPE_OCI_INDEX));
	assert_false(media_type_is_index(MEDIA_TYPE_OCI_MANIFEST));
	assert_false(
	    media_type_is_manifest("application/vnd.docker.distribution.manifest.v1+prettyjws"));
	assert_false(media_type_is_manifest(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_all_members),
	    cmocka_unit_test(needs_little),
	    cmocka_unit_test(refuses_all_else),
	    cmocka_unit_test(limits_layers_and_bytes),
	    cmocka_unit_test(knows_its_media_types),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
