/*
 * A state file: what is accepted is a mark, for this destination and origin, in the one spelling.
 */
#include <assert.h>
#include <string.h>

#include "common/limits.h"
#include "pusher/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char destination[] = "registry.example/charts";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct sequence_mark mark;
	struct sequence_mark other;
	const char *bytes = (const char *)data;

	if (state_parse(&mark, bytes, size, destination, "plant-a", &err) != 0) {
		assert(!mark.exists && (err.code == ERR_FORMAT || err.code == ERR_LIMIT));
		return 0;
	}
	assert(mark.exists && mark.sequence >= 1 && mark.sequence <= INT64_MAX);
	assert(size <= LIMIT_STATE_FILE_BYTES_MAX);
	assert(state_parse(&other, bytes, size, destination, "plant-b", &err) != 0);
	assert(state_parse(&other, bytes, size, "registry.example", "plant-a", &err) != 0);
	return 0;
}
