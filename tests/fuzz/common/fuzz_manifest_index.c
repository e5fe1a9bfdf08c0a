/*
 * Manifests and indexes, and the strict JSON below them. index.json that is accepted can be
 * written, and what is written is read as the same.
 */
#include <assert.h>
#include <string.h>

#include "common/index.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/manifest.h"
#include "common/media_type.h"
#include "common/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the strict reader accepts, jansson's own writer and the reader again agree on. */
static void check_json(const char *bytes, size_t len)
{
	struct error err = ERROR_INIT;
	json_auto_t *object = json_strict_load(bytes, len, &err);

	if (object == NULL) {
		assert(err.code == ERR_FORMAT || err.code == ERR_LIMIT);
		return;
	}
	auto_free char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17));
	assert(text != NULL);
	json_auto_t *again = json_strict_load(text, strlen(text), &err);
	assert(again != NULL);
}

static void check_descriptor(const struct descriptor *d)
{
	assert(strchr(d->media_type, '/') != NULL && d->size_bytes <= INT64_MAX);
}

static void check_manifest(const char *bytes, size_t len)
{
	struct error err = ERROR_INIT;
	auto_manifest struct manifest m = MANIFEST_INIT;

	if (manifest_parse(&m, bytes, len, MEDIA_TYPE_OCI_MANIFEST, &err) != 0)
		return;
	check_descriptor(&m.config);
	assert(m.layer_count <= LIMIT_MANIFEST_LAYERS_MAX);
	for (size_t i = 0; i < m.layer_count; i++)
		check_descriptor(&m.layers[i]);
	auto_index struct index x = INDEX_INIT;
	assert(index_parse(&x, bytes, len, MEDIA_TYPE_OCI_INDEX, &err) != 0);
}

static void check_delivery(const char *bytes, size_t len)
{
	struct error err = ERROR_INIT;
	auto_index struct index x = INDEX_INIT;
	auto_index struct index read_again = INDEX_INIT;
	auto_buf struct buf first = BUF_INIT(64 * MIB);
	auto_buf struct buf second = BUF_INIT(64 * MIB);

	if (index_parse_delivery(&x, bytes, len, &err) != 0) {
		/* ERR_POLICY: a condition of ours that this version does not know. */
		assert(err.code == ERR_FORMAT || err.code == ERR_LIMIT || err.code == ERR_POLICY);
		return;
	}
	for (size_t i = 0; i < x.entry_count; i++) {
		const struct index_entry *entry = &x.entries[i];

		check_descriptor(&entry->descriptor);
		assert(entry->tag == NULL || entry->repository != NULL);
		assert(entry->tag == NULL || (tag_check(entry->tag, &err) == 0 &&
						 repository_check(entry->repository, &err) == 0));
	}
	index_write_delivery(&first, &x);
	if (first.len > LIMIT_INDEX_BYTES_MAX)
		return; /* escapes made it longer */
	assert(index_parse_delivery(&read_again, first.data, first.len, &err) == 0);
	index_write_delivery(&second, &read_again);
	assert(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct error err = ERROR_INIT;
	auto_index struct index nested = INDEX_INIT;

	check_json(bytes, size);
	check_manifest(bytes, size);
	check_delivery(bytes, size);
	if (index_parse(&nested, bytes, size, MEDIA_TYPE_DOCKER_LIST, &err) == 0)
		assert(nested.entry_count <= LIMIT_INDEX_ENTRIES_MAX);
	return 0;
}
