/*
 * Layouts that a test makes for itself, file by file, so that it can make them wrong.
 */
#ifndef TESTS_UNIT_LAYOUT_FIXTURE_H
#define TESTS_UNIT_LAYOUT_FIXTURE_H

#include <sodium.h>

#include "common/digest.h"
#include "common/layout.h"
#include "common/media_type.h"
#include "common/seal.h"
#include "common/sshsig.h"
#include "common/trust.h"
#include "tests/unit/temp_dir.h"

struct layout_fixture {
	struct temp_dir dir;
	char *path;   /* of the layout, owned */
	int root_fd;  /* of the layout */
	int blobs_fd; /* of its blobs/sha256 */
	struct digest *blobs;
	size_t blob_count;
	size_t blob_capacity;
};

static inline void fixture_open(struct layout_fixture *f)
{
	static const char content[] = LAYOUT_OCI_LAYOUT_CONTENT;

	temp_dir_open(&f->dir);
	f->path = temp_path(&f->dir, "layout");
	temp_mkdir(f->dir.fd, "layout");
	temp_mkdir(f->dir.fd, "layout/blobs");
	temp_mkdir(f->dir.fd, "layout/blobs/sha256");
	f->root_fd = openat(f->dir.fd, "layout", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->blobs_fd = openat(f->root_fd, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->blobs = NULL;
	f->blob_count = f->blob_capacity = 0;
	temp_puts(f->root_fd, LAYOUT_OCI_LAYOUT, content);
}

static inline void fixture_close(struct layout_fixture *f)
{
	(void)close(f->root_fd);
	(void)close(f->blobs_fd);
	free(f->path);
	free(f->blobs);
	temp_dir_close(&f->dir);
}

/** fixture_blob(f, bytes, len): writes a blob and remembers it for the seal. */
static inline struct digest fixture_blob(struct layout_fixture *f, const void *bytes, size_t len)
{
	struct digest d;
	char hex[DIGEST_HEX_LEN + 1];

	digest_of(&d, bytes, len);
	digest_hex(hex, &d);
	temp_write(f->blobs_fd, hex, bytes, len);
	for (size_t i = 0; i < f->blob_count; i++) {
		if (digest_equal(&f->blobs[i], &d))
			return d;
	}
	f->blobs = mem_grow(f->blobs, f->blob_count, &f->blob_capacity, sizeof(*f->blobs));
	f->blobs[f->blob_count++] = d;
	return d;
}

/** fixture_descriptor(media_type, d, size, more): one descriptor; more is put behind its members.
 */
static inline char *fixture_descriptor(
    const char *media_type, const struct digest *d, size_t size, const char *more)
{
	char text[DIGEST_TEXT_LEN + 1];

	digest_text(text, d);
	return mem_printf("{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu%s}", media_type,
	    text, size, more);
}

/** fixture_blob_of(f, media_type, text, more): a blob, and the descriptor that leads to it. */
static inline char *fixture_blob_of(
    struct layout_fixture *f, const char *media_type, const char *text, const char *more)
{
	struct digest d = fixture_blob(f, text, strlen(text));

	return fixture_descriptor(media_type, &d, strlen(text), more);
}

/** fixture_names(repository, tag): the annotations of a named entry, for fixture_descriptor(). */
static inline char *fixture_names(const char *repository, const char *tag)
{
	return mem_printf(",\"annotations\":{\"" ANNOTATION_REPOSITORY "\":\"%s\","
			  "\"" ANNOTATION_TAG "\":\"%s\"}",
	    repository, tag);
}

/**
 * fixture_artifact(f, content, more): a manifest with an empty config and one layer of this
 * content; the descriptor that leads to it, owned by the caller.
 */
static inline char *fixture_artifact(
    struct layout_fixture *f, const char *content, const char *more)
{
	auto_free char *config = fixture_blob_of(f, "application/vnd.oci.empty.v1+json", "{}", "");
	auto_free char *layer = fixture_blob_of(f, "text/plain", content, "");
	auto_free char *manifest =
	    mem_printf("{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", config, layer);

	return fixture_blob_of(f, MEDIA_TYPE_OCI_MANIFEST, manifest, more);
}

/** fixture_chart(f, name, version, more): the same with a Helm config. */
static inline char *fixture_chart(
    struct layout_fixture *f, const char *name, const char *version, const char *more)
{
	auto_free char *text =
	    mem_printf("{\"name\":\"%s\",\"version\":\"%s\",\"apiVersion\":\"v2\"}", name, version);
	auto_free char *config = fixture_blob_of(f, MEDIA_TYPE_HELM_CONFIG, text, "");
	auto_free char *layer = fixture_blob_of(f, MEDIA_TYPE_HELM_CHART, "an archive", "");
	auto_free char *manifest =
	    mem_printf("{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", config, layer);

	return fixture_blob_of(f, MEDIA_TYPE_OCI_MANIFEST, manifest, more);
}

/** fixture_index(f, entries, more): index.json with these entries; more comes behind them. */
static inline void fixture_index(struct layout_fixture *f, const char *entries, const char *more)
{
	auto_free char *text = mem_printf(
	    "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_INDEX "\",\"manifests\":[%s]%s}",
	    entries, more);

	temp_puts(f->root_fd, LAYOUT_INDEX, text);
}

/** fixture_key(out, seed): the public key of the seed that is this byte 32 times. */
static inline void fixture_key(struct ssh_public_key *out, unsigned char seed)
{
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
	unsigned char bytes[crypto_sign_SEEDBYTES];

	memset(bytes, seed, sizeof(bytes));
	*out = (struct ssh_public_key){.ed25519 = {0}};
	assert_int_equal(crypto_sign_seed_keypair(out->ed25519, secret, bytes), 0);
}

/** fixture_sshsig(out, seed, name_space, message, len): a signature file by that key. */
static inline void fixture_sshsig(
    struct buf *out, unsigned char seed, const char *name_space, const void *message, size_t len)
{
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
	unsigned char bytes[crypto_sign_SEEDBYTES];
	uint8_t signature[ED25519_SIGNATURE_BYTES];
	struct ssh_public_key key = {.ed25519 = {0}};
	auto_buf struct buf data = BUF_INIT(4096);

	memset(bytes, seed, sizeof(bytes));
	assert_int_equal(crypto_sign_seed_keypair(key.ed25519, secret, bytes), 0);
	sshsig_signed_data(&data, name_space, message, len);
	assert_int_equal(
	    crypto_sign_detached(signature, NULL, (unsigned char *)data.data, data.len, secret), 0);
	sshsig_encode(out, name_space, &key, signature);
}

/** fixture_sign(f, seed, name_space): SEAL.<kid>.sig over the SEAL that is there. */
static inline void fixture_sign(
    struct layout_fixture *f, unsigned char seed, const char *name_space)
{
	auto_buf struct buf seal = BUF_INIT((size_t)8 << 20);
	auto_buf struct buf armored = BUF_INIT(8192);
	struct ssh_public_key key;
	char kid[LAYOUT_KID_LEN + 1];
	char name[LAYOUT_SIGNATURE_NAME_LEN + 1];

	temp_read(f->root_fd, LAYOUT_SEAL, &seal);
	fixture_sshsig(&armored, seed, name_space, buf_text(&seal), seal.len);
	fixture_key(&key, seed);
	ssh_public_key_kid(kid, &key);
	layout_signature_name(name, kid);
	temp_write(f->root_fd, name, armored.data, armored.len);
}

/** fixture_seal(f, seed): SEAL over what was written, signed by the key of seed. */
static inline void fixture_seal(struct layout_fixture *f, unsigned char seed)
{
	auto_buf struct buf index = BUF_INIT((size_t)8 << 20);
	auto_buf struct buf oci_layout = BUF_INIT((size_t)1 << 20);
	auto_buf struct buf list = BUF_INIT((size_t)8 << 20);
	struct seal seal = {.blobs = f->blobs, .blob_count = f->blob_count};

	temp_read(f->root_fd, LAYOUT_INDEX, &index);
	temp_read(f->root_fd, LAYOUT_OCI_LAYOUT, &oci_layout);
	digest_of(&seal.index, buf_text(&index), index.len);
	digest_of(&seal.oci_layout, buf_text(&oci_layout), oci_layout.len);
	qsort(f->blobs, f->blob_count, sizeof(*f->blobs), digest_compare);
	seal_write(&list, &seal);
	temp_write(f->root_fd, LAYOUT_SEAL, list.data, list.len);
	fixture_sign(f, seed, SSHSIG_NAMESPACE_SEAL);
}

/** fixture_trust(seed): trust in that key alone, under the name "enclave". */
static inline struct trust *fixture_trust(unsigned char seed)
{
	struct ssh_public_key key;

	fixture_key(&key, seed);
	return trust_of_key(&key, "enclave");
}

#endif
