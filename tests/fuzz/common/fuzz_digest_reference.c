/*
 * Digests, repositories, tags and destinations: what is accepted is within its grammar, and is
 * written again as something that means the same.
 */
#include <assert.h>
#include <string.h>

#include "common/digest.h"
#include "common/limits.h"
#include "common/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_digest(const char *text, size_t len)
{
	struct error err = ERROR_INIT;
	struct digest d;
	char again[DIGEST_TEXT_LEN + 1];

	if (digest_parse(&d, text, len, &err) != 0) {
		assert(err.code == ERR_FORMAT);
		return;
	}
	digest_text(again, &d);
	assert(len == DIGEST_TEXT_LEN && memcmp(again, text, len) == 0);
}

static void check_names(const char *text)
{
	struct error err = ERROR_INIT;

	if (repository_check(text, &err) == 0) {
		assert(strlen(text) <= LIMIT_REPOSITORY_BYTES_MAX);
		assert(text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-/")] == '\0');
		assert(strstr(text, "..") == NULL && strstr(text, "//") == NULL);
		assert(text[0] != '/' && text[strlen(text) - 1] != '/');
	}
	if (tag_check(text, &err) == 0) {
		assert(strlen(text) <= LIMIT_TAG_BYTES_MAX && strchr(text, '/') == NULL);
		auto_free char *tag = tag_of_version(text);
		assert(strcmp(tag, text) == 0);
	}
}

static void check_destination(const char *text)
{
	struct error err = ERROR_INIT;
	auto_destination struct destination d = {NULL, 0, NULL};
	auto_destination struct destination parsed = {NULL, 0, NULL};

	if (destination_parse(&d, text, &err) != 0) {
		assert(err.code == ERR_FORMAT);
		return;
	}
	auto_free char *first = destination_text(&d);
	assert(destination_parse(&parsed, first, &err) == 0);
	auto_free char *second = destination_text(&parsed);
	assert(strcmp(first, second) == 0);
	assert(destination_covers(&d, &parsed, 443) && destination_covers(&parsed, &d, 443));
	assert(strpbrk(d.host, "/@ \t\r\n?#%\\") == NULL && d.port <= 65535);
	assert(d.prefix[0] == '\0' || repository_check(d.prefix, &err) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = mem_strndup((const char *)data, size);

	check_digest((const char *)data, size);
	check_names(text);
	check_destination(text);
	return 0;
}
