/*
 * A Retry-After header: whatever it says, the wait is bounded, and a second reading agrees.
 */
#include <assert.h>

#include "common/mem.h"
#include "pusher/blob_upload.h"
#include "pusher/retry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct retry_budget budget = {.retries = 1, .deadline_ms = INT64_MAX};
	auto_free char *text = mem_strndup((const char *)data, size);
	const struct retry_failure failure = {.tries = 1, .retry_after = text};
	int64_t seconds = retry_after_s(text, 1445412480);
	int64_t at_ms = 0;
	uint64_t bytes = 0;

	assert(seconds >= -1 && seconds <= INT32_MAX);
	if (retry_decide(&budget, &failure, &at_ms) == RETRY)
		assert(at_ms >= 0 && at_ms <= 600 * 1000);
	if (blob_upload_range(text, &bytes))
		assert(bytes <= 1000000000000000000U);
	return 0;
}
