/*
 * Times: what is accepted lies between 1970 and 9999 and is written as the same second.
 */
#include <assert.h>
#include <string.h>

#include "common/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_seconds(int64_t seconds)
{
	struct error err = ERROR_INIT;
	char text[TIMESTAMP_TEXT_LEN + 1];
	int64_t again;

	assert(seconds >= 0 && seconds <= 253402300799);
	timestamp_text(text, seconds);
	assert(strlen(text) == TIMESTAMP_TEXT_LEN);
	assert(timestamp_parse_utc(&again, text, &err) == 0 && again == seconds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	auto_free char *text = mem_strndup((const char *)data, size);
	int64_t seconds;
	int64_t utc;

	if (timestamp_parse(&seconds, text, &err) == 0)
		check_seconds(seconds);
	if (timestamp_parse_utc(&utc, text, &err) == 0) {
		char again[TIMESTAMP_TEXT_LEN + 1];

		assert(utc == seconds);
		timestamp_text(again, utc);
		assert(strcmp(again, text) == 0); /* in UTC there is one spelling */
	}
	if (timestamp_parse_ssh(&seconds, (const char *)data, size, &err) == 0)
		check_seconds(seconds);
	assert(err.code == ERR_NONE || err.code == ERR_FORMAT);
	return 0;
}
