#include "builder/pem.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "common/mem.h"

#define PEM_COLUMNS 64

bool pem_find(const char *text, size_t len, const char *label, const char **body, size_t *body_len)
{
	auto_free char *begin = mem_printf("-----BEGIN %s-----", label);
	auto_free char *end = mem_printf("\n-----END %s-----", label);
	size_t begin_len = strlen(begin);
	size_t end_len = strlen(end);

	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	if (len < begin_len + end_len || memcmp(text, begin, begin_len) != 0 ||
	    memcmp(text + len - end_len, end, end_len) != 0)
		return false;
	*body = text + begin_len;
	*body_len = len - begin_len - end_len;
	return true;
}

size_t pem_put(char *out, const char *label, const void *bytes, size_t len)
{
	size_t room = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	char *base64 = sodium_malloc(room);
	char *at = out;

	if (base64 == NULL)
		mem_exhausted();
	sodium_bin2base64(base64, room, bytes, len, sodium_base64_VARIANT_ORIGINAL);
	at += snprintf(at, 64, "-----BEGIN %s-----\n", label);
	for (size_t i = 0; i + 1 < room; i += PEM_COLUMNS) {
		size_t line = room - 1 - i < PEM_COLUMNS ? room - 1 - i : PEM_COLUMNS;
		memcpy(at, base64 + i, line);
		at += line;
		*at++ = '\n';
	}
	sodium_free(base64);
	at += snprintf(at, 64, "-----END %s-----\n", label);
	return (size_t)(at - out);
}
