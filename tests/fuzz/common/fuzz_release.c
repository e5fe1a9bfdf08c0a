/*
 * Release signatures: statements, simple-signing payloads, bundles and legacy manifests. What is
 * read can be written, and what is written is read as the same; one signature holds for one content
 * in one form.
 */
#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "common/release_artifact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static void check_claim(enum release_form form, const char *bytes, size_t len)
{
	struct error err = ERROR_INIT;
	auto_release_claim struct release_claim claim = RELEASE_CLAIM_INIT;
	auto_release_claim struct release_claim again = RELEASE_CLAIM_INIT;
	auto_buf struct buf written = BUF_INIT(MIB);

	if (release_claim_parse(&claim, form, bytes, len, &err) != 0) {
		assert(err.code == ERR_FORMAT || err.code == ERR_LIMIT);
		return;
	}
	if (claim.name == NULL || claim.version == NULL)
		return;
	release_claim_write(&written, &claim, form);
	if (written.overflowed || written.len > LIMIT_RELEASE_CONTENT_BYTES_MAX)
		return; /* escapes made it longer */
	assert(release_claim_parse(&again, form, written.data, written.len, &err) == 0);
	assert(digest_equal(&again.digest, &claim.digest) && is_same(again.name, claim.name) &&
	       is_same(again.version, claim.version) &&
	       is_same(again.docker_reference, claim.docker_reference));
}

static void check_bundle(const char *bytes, size_t len)
{
	struct error err = ERROR_INIT;
	auto_release_bundle struct release_bundle found = RELEASE_BUNDLE_INIT;
	auto_release_bundle struct release_bundle again = RELEASE_BUNDLE_INIT;
	auto_buf struct buf written = BUF_INIT(MIB);
	static const uint8_t key[ED25519_PUBLIC_BYTES] = {0};

	if (release_bundle_parse(&found, bytes, len, &err) != 0) {
		assert(err.code == ERR_FORMAT || err.code == ERR_LIMIT);
		return;
	}
	release_bundle_write(
	    &written, buf_text(&found.statement), found.statement.len, found.signature, key);
	assert(release_bundle_parse(&again, written.data, written.len, &err) == 0);
	assert(again.statement.len == found.statement.len &&
	       memcmp(buf_text(&again.statement), buf_text(&found.statement),
		   found.statement.len) == 0 &&
	       memcmp(again.signature, found.signature, sizeof(found.signature)) == 0);
}

static void check_legacy(const char *bytes, size_t len)
{
	struct error err = ERROR_INIT;
	auto_free struct release_layer *layers = NULL;
	auto_buf struct buf written = BUF_INIT(16 * MIB);
	const struct release_blob config = {.size_bytes = 2};
	const struct release_layer ours = {.payload.size_bytes = 1};
	size_t before;
	size_t after;
	json_auto_t *found = release_legacy_open(bytes, len, &err);

	if (found == NULL) {
		assert(err.code == ERR_FORMAT || err.code == ERR_LIMIT);
		return;
	}
	release_legacy_layers(&layers, &before, found);
	release_legacy_append(found, &ours);
	release_legacy_append(found, &ours);
	release_legacy_manifest_write(&written, &config, found);
	if (written.overflowed || json_array_size(found) > LIMIT_MANIFEST_LAYERS_MAX ||
	    written.len > LIMIT_MANIFEST_BYTES_MAX)
		return;
	json_auto_t *again = release_legacy_open(written.data, written.len, &err);
	assert(again != NULL && json_array_size(again) == json_array_size(found));
	free(layers);
	release_legacy_layers(&layers, &after, again);
	assert(after == before || after == before + 1);
}

/* The input as an edit of a signature, of its content and of its form. */
static void check_signature(const uint8_t *data, size_t size)
{
	static uint8_t key[ED25519_PUBLIC_BYTES];
	static uint8_t good[ED25519_SIGNATURE_BYTES]; /* once: it takes longer than all the rest */
	static bool is_made = false;
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	uint8_t signature[ED25519_SIGNATURE_BYTES];
	char content[] = "{}";
	bool is_good = true;

	if (!is_made) {
		static const uint8_t seed[crypto_sign_SEEDBYTES] = {1};
		auto_buf struct buf signed_data = BUF_INIT(4096);

		(void)crypto_sign_seed_keypair(key, secret, seed);
		release_signed_data(&signed_data, RELEASE_BUNDLE, content, 2);
		(void)crypto_sign_detached(
		    good, NULL, (const unsigned char *)signed_data.data, signed_data.len, secret);
		is_made = true;
	}
	memcpy(signature, good, sizeof(signature));
	for (size_t i = 0; i < size && i < sizeof(signature) + 2; i++) {
		is_good = is_good && data[i] == 0;
		if (i < sizeof(signature))
			signature[i] ^= data[i];
		else
			content[i - sizeof(signature)] ^= (char)data[i];
	}
	assert(release_verify(RELEASE_BUNDLE, content, 2, signature, key) == is_good);
	assert(!release_verify(RELEASE_LEGACY, content, 2, signature, key));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	assert(sodium_init() >= 0);
	check_claim(RELEASE_BUNDLE, (const char *)data, size);
	check_claim(RELEASE_LEGACY, (const char *)data, size);
	check_bundle((const char *)data, size);
	check_legacy((const char *)data, size);
	check_signature(data, size);
	return 0;
}
