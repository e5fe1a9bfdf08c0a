/*
 * What a registry says when it refuses. Input: a status byte, a line that stands for every header,
 * a body.
 */
#include <assert.h>
#include <string.h>

#include "pusher/refusal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int statuses[] = {200, 204, 301, 307, 400, 401, 403, 404, 412, 429, 500, 503};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_http_response struct http_response response = HTTP_RESPONSE_INIT;
	struct error err = ERROR_INIT;

	if (size == 0)
		return 0;
	const struct refusal_context context = {.begins_upload = (data[0] & 0x40) != 0,
	    .credentials = (data[0] & 0x80) != 0 ? "auth.json" : NULL};
	response.status = statuses[(data[0] & 0x3f) % (sizeof(statuses) / sizeof(statuses[0]))];
	const char *line = (const char *)data + 1;
	size_t rest = size - 1;
	const char *end = memchr(line, '\n', rest);
	size_t len = end == NULL ? rest : (size_t)(end - line);
	if (len > 0) {
		response.headers[HTTP_WWW_AUTHENTICATE] = mem_strndup(line, len);
		response.headers[HTTP_LOCATION] = mem_strndup(line, len);
		response.headers[HTTP_RETRY_AFTER] = mem_strndup(line, len);
	}
	if (end != NULL)
		buf_put(&response.body, end + 1, rest - len - 1);
	assert(refusal_set(&err, &context, &response) == -1);
	assert(err.code != ERR_NONE && strncmp(err.text, "status ", 7) == 0);
	return 0;
}
