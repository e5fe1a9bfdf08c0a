#include "common/release_artifact.h"

#include <inttypes.h>
#include <string.h>

#include "common/base64.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/manifest.h"
#include "common/media_type.h"

#define ANNOTATION_COSIGN_SIGNATURE "dev.cosignproject.cosign/signature"
#define ANNOTATION_BUNDLE_CONTENT "dev.sigstore.bundle.content"
#define ANNOTATION_BUNDLE_PREDICATE "dev.sigstore.bundle.predicateType"

/* RFC 8410: the DER before the 32 bytes of an Ed25519 public key. */
static const uint8_t spki_head[] = {
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

/* ---- bundles ---- */

static void put_hint(struct buf *b, const uint8_t key[ED25519_PUBLIC_BYTES])
{
	uint8_t spki[sizeof(spki_head) + ED25519_PUBLIC_BYTES];
	struct digest hint;

	memcpy(spki, spki_head, sizeof(spki_head));
	memcpy(spki + sizeof(spki_head), key, ED25519_PUBLIC_BYTES);
	digest_of(&hint, spki, sizeof(spki));
	base64_put(b, hint.bytes, sizeof(hint.bytes));
}

void release_bundle_write(struct buf *b, const void *statement, size_t len,
    const uint8_t signature[ED25519_SIGNATURE_BYTES], const uint8_t key[ED25519_PUBLIC_BYTES])
{
	buf_puts(b, "{\"mediaType\":\"" MEDIA_TYPE_BUNDLE "\",\"verificationMaterial\":{"
		    "\"publicKey\":{\"hint\":\"");
	put_hint(b, key);
	buf_puts(b, "\"}},\"dsseEnvelope\":{\"payload\":\"");
	base64_put(b, statement, len);
	buf_puts(b, "\",\"payloadType\":\"" DSSE_TYPE_IN_TOTO "\",\"signatures\":[{\"sig\":\"");
	base64_put(b, signature, ED25519_SIGNATURE_BYTES);
	buf_puts(b, "\"}]}}");
}

static int parse_signature(
    uint8_t out[ED25519_SIGNATURE_BYTES], const char *base64, struct error *err)
{
	size_t len;

	if (!base64_parse(out, ED25519_SIGNATURE_BYTES, base64, strlen(base64), NULL, &len) ||
	    len != ED25519_SIGNATURE_BYTES)
		return error_set(err, ERR_FORMAT, "the signature is not 64 bytes in base64");
	return 0;
}

static int parse_statement(struct release_bundle *out, const char *base64, struct error *err)
{
	size_t base64_len = strlen(base64);
	size_t room = base64_len / 4 * 3;
	size_t len;
	char *into = buf_room(&out->statement, room);

	if (into == NULL)
		return buf_check(&out->statement, "payload", err);
	if (!base64_parse((uint8_t *)into, room, base64, base64_len, NULL, &len))
		return error_set(err, ERR_FORMAT, "payload is not base64");
	out->statement.len += len;
	out->statement.data[out->statement.len] = '\0';
	return 0;
}

static int parse_envelope(struct release_bundle *out, const json_t *envelope, struct error *err)
{
	static const char *const names[] = {"payload", "payloadType", "signatures", NULL};
	static const char *const signature_names[] = {"sig", NULL};
	const char *payload;
	const char *payload_type;
	const char *signature;
	const json_t *signatures;

	if (json_strict_only(envelope, names, err) != 0 ||
	    json_strict_string(envelope, "payload", JSON_REQUIRED, &payload, err) != 0 ||
	    json_strict_string(envelope, "payloadType", JSON_REQUIRED, &payload_type, err) != 0 ||
	    json_strict_array(envelope, "signatures", JSON_REQUIRED, &signatures, err) != 0)
		return -1;
	if (strcmp(payload_type, DSSE_TYPE_IN_TOTO) != 0)
		return error_set(err, ERR_FORMAT, "payloadType '%.200s': expected '%s'",
		    payload_type, DSSE_TYPE_IN_TOTO);
	const json_t *first = json_array_get(signatures, 0);
	if (json_array_size(signatures) != 1 || !json_is_object(first))
		return error_set(err, ERR_FORMAT, "signatures: not a list of one object");
	if (json_strict_only(first, signature_names, err) != 0 ||
	    json_strict_string(first, "sig", JSON_REQUIRED, &signature, err) != 0)
		return error_prefix(err, "signatures");
	if (parse_signature(out->signature, signature, err) != 0)
		return -1;
	return parse_statement(out, payload, err);
}

int release_bundle_parse(
    struct release_bundle *out, const char *bytes, size_t len, struct error *err)
{
	static const char *const names[] = {
	    "mediaType", "verificationMaterial", "dsseEnvelope", NULL};
	const char *media_type;
	const json_t *material;
	const json_t *envelope;
	json_auto_t *bundle = json_strict_load(bytes, len, err);

	if (bundle == NULL || json_strict_only(bundle, names, err) != 0 ||
	    json_strict_string(bundle, "mediaType", JSON_REQUIRED, &media_type, err) != 0 ||
	    json_strict_object(bundle, "verificationMaterial", JSON_REQUIRED, &material, err) !=
		0 ||
	    json_strict_object(bundle, "dsseEnvelope", JSON_REQUIRED, &envelope, err) != 0)
		return -1;
	if (strcmp(media_type, MEDIA_TYPE_BUNDLE) != 0)
		return error_set(err, ERR_FORMAT, "mediaType '%.200s': expected '%s'", media_type,
		    MEDIA_TYPE_BUNDLE);
	if (parse_envelope(out, envelope, err) != 0)
		return error_prefix(err, "dsseEnvelope");
	return 0;
}

void release_bundle_release(struct release_bundle *x)
{
	buf_release(&x->statement);
}

/* ---- manifests ---- */

/* Without the closing brace: more may follow. */
static void put_descriptor(
    struct buf *b, const char *media_type, uint64_t size_bytes, const struct digest *digest)
{
	char text[DIGEST_TEXT_LEN + 1];

	digest_text(text, digest);
	buf_puts(b, "{\"mediaType\":");
	json_put_string(b, media_type, strlen(media_type));
	buf_printf(b, ",\"size\":%" PRIu64 ",\"digest\":\"%s\"", size_bytes, text);
}

static void put_manifest_head(
    struct buf *b, const char *config_type, const struct release_blob *config)
{
	buf_puts(
	    b, "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_MANIFEST "\",\"config\":");
	put_descriptor(b, config_type, config->size_bytes, &config->digest);
	buf_puts(b, "},\"layers\":[");
}

void release_bundle_manifest_write(struct buf *b, const struct descriptor *subject,
    const struct release_blob *bundle, const char *created)
{
	struct release_blob config = {.size_bytes = strlen(RELEASE_EMPTY_CONFIG)};

	digest_of(&config.digest, RELEASE_EMPTY_CONFIG, config.size_bytes);
	put_manifest_head(b, MEDIA_TYPE_OCI_EMPTY, &config);
	put_descriptor(b, MEDIA_TYPE_BUNDLE, bundle->size_bytes, &bundle->digest);
	buf_puts(b, "}],\"annotations\":{\"" ANNOTATION_BUNDLE_CONTENT "\":\"dsse-envelope\","
		    "\"" ANNOTATION_BUNDLE_PREDICATE "\":\"" PREDICATE_COSIGN_SIGN "\"");
	if (created != NULL) {
		buf_puts(b, ",\"" ANNOTATION_CREATED "\":");
		json_put_string(b, created, strlen(created));
	}
	buf_puts(b, "},\"subject\":");
	put_descriptor(b, subject->media_type, subject->size_bytes, &subject->digest);
	buf_puts(b, "},\"artifactType\":\"" MEDIA_TYPE_BUNDLE "\"}");
}

json_t *release_legacy_open(const char *bytes, size_t len, struct error *err)
{
	auto_manifest struct manifest m = MANIFEST_INIT;
	const json_t *layers;

	if (manifest_parse(&m, bytes, len, MEDIA_TYPE_OCI_MANIFEST, err) != 0)
		return NULL;
	json_auto_t *object = json_strict_load(bytes, len, err);
	if (object == NULL || json_strict_array(object, "layers", JSON_REQUIRED, &layers, err) != 0)
		return NULL;
	return json_incref((json_t *)(uintptr_t)layers);
}

/* What a layer is to us; false where it is not one of simple signing by an Ed25519 key. */
static bool read_layer(struct release_layer *out, const json_t *layer)
{
	struct error ignored = ERROR_INIT;
	auto_descriptor struct descriptor d = DESCRIPTOR_INIT;
	const char *signature = json_string_value(
	    json_object_get(json_object_get(layer, "annotations"), ANNOTATION_COSIGN_SIGNATURE));

	if (signature == NULL || descriptor_parse(&d, layer, &ignored) != 0 ||
	    strcmp(d.media_type, MEDIA_TYPE_SIMPLE_SIGNING) != 0 ||
	    parse_signature(out->signature, signature, &ignored) != 0)
		return false;
	out->payload = (struct release_blob){.digest = d.digest, .size_bytes = d.size_bytes};
	return true;
}

void release_legacy_layers(
    struct release_layer **out_layers, size_t *out_count, const json_t *layers)
{
	*out_layers = mem_zalloc(json_array_size(layers), sizeof(**out_layers));
	*out_count = 0;
	for (size_t i = 0; i < json_array_size(layers); i++) {
		if (read_layer(&(*out_layers)[*out_count], json_array_get(layers, i)))
			(*out_count)++;
	}
}

static bool is_same_layer(const struct release_layer *a, const struct release_layer *b)
{
	return digest_equal(&a->payload.digest, &b->payload.digest) &&
	       memcmp(a->signature, b->signature, sizeof(a->signature)) == 0;
}

void release_legacy_append(json_t *layers, const struct release_layer *layer)
{
	auto_buf struct buf signature = BUF_INIT(KIB);
	char digest[DIGEST_TEXT_LEN + 1];
	struct release_layer found;

	for (size_t i = 0; i < json_array_size(layers); i++) {
		if (read_layer(&found, json_array_get(layers, i)) && is_same_layer(&found, layer))
			return;
	}
	digest_text(digest, &layer->payload.digest);
	base64_put(&signature, layer->signature, sizeof(layer->signature));
	json_t *made = json_pack("{s:s, s:I, s:s, s:{s:s}}", "mediaType", MEDIA_TYPE_SIMPLE_SIGNING,
	    "size", (json_int_t)layer->payload.size_bytes, "digest", digest, "annotations",
	    ANNOTATION_COSIGN_SIGNATURE, buf_text(&signature));
	if (made == NULL || json_array_append_new(layers, made) != 0)
		mem_exhausted();
}

/* What go-containerregistry makes of an image without content: nobody reads it, and registries want
 * it. */
void release_legacy_config_write(struct buf *b, const json_t *layers)
{
	static const char created[] = "\"created\":\"0001-01-01T00:00:00Z\"";
	size_t count = json_array_size(layers);

	buf_printf(b, "{\"architecture\":\"\",%s,\"history\":[", created);
	for (size_t i = 0; i < count; i++)
		buf_printf(b, "%s{%s}", i > 0 ? "," : "", created);
	buf_puts(b, "],\"os\":\"\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
	for (size_t i = 0; i < count; i++)
		buf_printf(b, "%s\"%s\"", i > 0 ? "," : "",
		    json_string_value(json_object_get(json_array_get(layers, i), "digest")));
	buf_puts(b, "]},\"config\":{}}");
}

void release_legacy_manifest_write(
    struct buf *b, const struct release_blob *config, const json_t *layers)
{
	put_manifest_head(b, MEDIA_TYPE_OCI_CONFIG, config);
	for (size_t i = 0; i < json_array_size(layers); i++) {
		auto_free char *layer = json_dumps(json_array_get(layers, i), JSON_COMPACT);

		if (layer == NULL)
			mem_exhausted();
		buf_puts(b, i > 0 ? "," : "");
		buf_puts(b, layer);
	}
	buf_puts(b, "]}");
}
