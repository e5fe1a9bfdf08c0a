/*
 * A sealed layout in a temporary directory, opened through verified_layout_open(): what a test
 * pushes.
 */
#ifndef TESTS_UNIT_PUSHER_FIXTURE_H
#define TESTS_UNIT_PUSHER_FIXTURE_H

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/media_type.h"
#include "common/seal.h"
#include "common/verified_layout.h"

#define FIXTURE_BLOBS_MAX 64

struct fixture {
	char root[32];
	struct fixture_entry {
		struct digest digest;
		uint64_t size_bytes;
	} blobs[FIXTURE_BLOBS_MAX]; /* in the order they were added */
	size_t blob_count;
	struct index index;
	struct trust *trust;
	struct verified_layout *layout;
};

static inline void fixture_init(struct fixture *f)
{
	*f = (struct fixture){.index = INDEX_INIT};
	(void)snprintf(f->root, sizeof(f->root), "/tmp/pusher-unit-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	auto_free char *blobs = mem_printf("%s/blobs", f->root);
	auto_free char *sha256 = mem_printf("%s/blobs/sha256", f->root);
	assert_int_equal(mkdir(blobs, 0755), 0);
	assert_int_equal(mkdir(sha256, 0755), 0);
}

static inline int fixture_remove(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)st;
	(void)flag;
	(void)at;
	return remove(path);
}

static inline void fixture_release(struct fixture *f)
{
	verified_layout_free(f->layout);
	trust_free(f->trust);
	index_release(&f->index);
	(void)nftw(f->root, fixture_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void fixture_write(
    const struct fixture *f, const char *name, const void *bytes, size_t len)
{
	auto_free char *path = mem_printf("%s/%s", f->root, name);
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static inline char *fixture_blob_name(const struct digest *digest)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(hex, digest);
	return mem_printf("blobs/sha256/%s", hex);
}

/** fixture_blob(f, text): adds a blob; returns its number. */
static inline size_t fixture_blob(struct fixture *f, const char *text)
{
	struct digest digest;

	digest_of(&digest, text, strlen(text));
	auto_free char *name = fixture_blob_name(&digest);
	fixture_write(f, name, text, strlen(text));
	assert_true(f->blob_count < FIXTURE_BLOBS_MAX);
	f->blobs[f->blob_count].digest = digest;
	f->blobs[f->blob_count].size_bytes = strlen(text);
	return f->blob_count++;
}

static inline char *fixture_descriptor(const struct fixture *f, size_t blob, const char *media_type)
{
	char digest[DIGEST_TEXT_LEN + 1];

	digest_text(digest, &f->blobs[blob].digest);
	return mem_printf("{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu}", media_type,
	    digest, (size_t)f->blobs[blob].size_bytes);
}

/** fixture_manifest(f, config, layer, extra): a manifest of two blobs; extra: members more, or "".
 */
static inline size_t fixture_manifest(
    struct fixture *f, size_t config, size_t layer, const char *extra)
{
	auto_free char *first = fixture_descriptor(f, config, "application/vnd.test.config");
	auto_free char *second = fixture_descriptor(f, layer, "application/vnd.test.layer");
	auto_free char *text =
	    mem_printf("{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":%s,\"layers\":[%s]%s}",
		MEDIA_TYPE_OCI_MANIFEST, first, second, extra);

	return fixture_blob(f, text);
}

/** fixture_index(f, a, b): an index of two manifests. */
static inline size_t fixture_index(
    struct fixture *f, size_t a, const char *a_type, size_t b, const char *b_type)
{
	auto_free char *first = fixture_descriptor(f, a, a_type);
	auto_free char *second = fixture_descriptor(f, b, b_type);
	auto_free char *text =
	    mem_printf("{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[%s,%s]}",
		MEDIA_TYPE_OCI_INDEX, first, second);

	return fixture_blob(f, text);
}

/** fixture_name(f, blob, media_type, repository, tag): an entry of index.json. */
static inline void fixture_name(
    struct fixture *f, size_t blob, const char *media_type, const char *repository, const char *tag)
{
	struct index *x = &f->index;

	x->entries = mem_realloc(x->entries, x->entry_count + 1, sizeof(*x->entries));
	x->entries[x->entry_count++] = (struct index_entry){
	    .descriptor = {.media_type = mem_strdup(media_type),
		.digest = f->blobs[blob].digest,
		.size_bytes = f->blobs[blob].size_bytes},
	    .repository = repository == NULL ? NULL : mem_strdup(repository),
	    .tag = tag == NULL ? NULL : mem_strdup(tag),
	};
}

static inline void fixture_write_seal(struct fixture *f, struct buf *seal)
{
	auto_buf struct buf index = BUF_INIT(1 << 20);
	struct digest digests[FIXTURE_BLOBS_MAX];
	struct seal s = {.blobs = digests, .blob_count = f->blob_count};

	index_write_delivery(&index, &f->index);
	fixture_write(f, LAYOUT_INDEX, index.data, index.len);
	fixture_write(
	    f, LAYOUT_OCI_LAYOUT, LAYOUT_OCI_LAYOUT_CONTENT, strlen(LAYOUT_OCI_LAYOUT_CONTENT));
	digest_of(&s.index, index.data, index.len);
	digest_of(&s.oci_layout, LAYOUT_OCI_LAYOUT_CONTENT, strlen(LAYOUT_OCI_LAYOUT_CONTENT));
	for (size_t i = 0; i < f->blob_count; i++)
		digests[i] = f->blobs[i].digest;
	qsort(digests, f->blob_count, sizeof(*digests), digest_compare);
	seal_write(seal, &s);
	fixture_write(f, LAYOUT_SEAL, seal->data, seal->len);
}

/** fixture_seal(f, err): seals the layout with a key of its own and opens it; f->layout, or NULL.
 */
static inline void fixture_seal(struct fixture *f, struct error *err)
{
	auto_buf struct buf seal = BUF_INIT(1 << 20);
	auto_buf struct buf data = BUF_INIT(1 << 20);
	auto_buf struct buf armored = BUF_INIT(1 << 20);
	struct ssh_public_key key = {.ed25519 = {0}};
	unsigned char seed[crypto_sign_SEEDBYTES] = {7};
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
	uint8_t signature[ED25519_SIGNATURE_BYTES];
	char kid[LAYOUT_KID_LEN + 1];
	char name[LAYOUT_SIGNATURE_NAME_LEN + 1];
	struct problems problems = PROBLEMS_INIT;

	assert_true(sodium_init() >= 0);
	fixture_write_seal(f, &seal);
	assert_int_equal(crypto_sign_seed_keypair(key.ed25519, secret, seed), 0);
	sshsig_signed_data(&data, SSHSIG_NAMESPACE_SEAL, seal.data, seal.len);
	assert_int_equal(crypto_sign_detached(
			     signature, NULL, (const unsigned char *)data.data, data.len, secret),
	    0);
	sshsig_encode(&armored, SSHSIG_NAMESPACE_SEAL, &key, signature);
	ssh_public_key_kid(kid, &key);
	layout_signature_name(name, kid);
	fixture_write(f, name, armored.data, armored.len);
	f->trust = trust_of_key(&key, "tester");
	const struct judgement judgement = {.trust = f->trust, .now = TIME_NOT_JUDGED};
	f->layout = verified_layout_open(f->root, &judgement, &problems, err);
	problems_release(&problems);
}

/** fixture_of_charts(f): "one:1.0" and "two:1.0", which share a config; sealed and opened. */
static inline void fixture_of_charts(struct fixture *f)
{
	struct error err = ERROR_INIT;

	fixture_init(f);
	size_t config = fixture_blob(f, "config");
	size_t one = fixture_manifest(f, config, fixture_blob(f, "layer of one"), "");
	size_t two = fixture_manifest(f, config, fixture_blob(f, "layer of two"), "");
	fixture_name(f, one, MEDIA_TYPE_OCI_MANIFEST, "one", "1.0");
	fixture_name(f, two, MEDIA_TYPE_OCI_MANIFEST, "two", "1.0");
	fixture_seal(f, &err);
	assert_string_equal(err.text, "");
	assert_non_null(f->layout);
}

#endif
