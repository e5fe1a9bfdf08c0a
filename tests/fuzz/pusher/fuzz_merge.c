/*
 * What a registry has under the tags that are merged. Nothing of it is lost, and what comes out can
 * be merged again without a change.
 */
#include <assert.h>
#include <string.h>

#include "common/limits.h"
#include "pusher/merge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DIGEST "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
#define OURS                                                                                       \
	"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST              \
	"\",\"size\":3},\"layers\":[{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST                   \
	"\",\"size\":3,\"annotations\":{\"dev.cosignproject.cosign/signature\":\"s\"}}]}"

static size_t members(const struct buf *b, const char *name)
{
	json_auto_t *root = json_loadb(buf_text(b), b->len, 0, NULL);

	return json_array_size(json_object_get(root, name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf struct buf found = BUF_INIT(LIMIT_MANIFEST_BYTES_MAX);
	auto_buf struct buf ours = BUF_INIT(LIMIT_MANIFEST_BYTES_MAX);
	auto_buf struct buf out = BUF_INIT(LIMIT_MANIFEST_BYTES_MAX);
	auto_buf struct buf list = BUF_INIT(LIMIT_MANIFEST_BYTES_MAX);
	auto_buf struct buf again = BUF_INIT(LIMIT_MANIFEST_BYTES_MAX);
	json_auto_t *entries = json_loads("[{\"digest\":\"" DIGEST "\"}]", 0, NULL);
	struct error err = ERROR_INIT;
	bool is_same = false;

	buf_put(&found, data, size);
	buf_puts(&ours, OURS);
	if (merge_signatures(&out, &is_same, &found, &ours, &err) == 0 && !is_same) {
		assert(members(&out, "layers") == members(&found, "layers") + 1);
		assert(merge_signatures(&again, &is_same, &out, &ours, &err) == 0 && is_same);
	}
	if (merge_referrers(&list, &is_same, &found, entries, &err) == 0 && !is_same) {
		assert(members(&list, "manifests") == members(&found, "manifests") + 1);
		assert(merge_unlisted(&list, entries) == 0);
	}
	return 0;
}
