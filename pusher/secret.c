#include "pusher/secret.h"

#include <string.h>

void *secret_alloc(size_t size)
{
	/* Before it is initialised libsodium does not know the size of a page. */
	void *memory = sodium_init() < 0 ? NULL : sodium_malloc(size);

	if (memory == NULL)
		mem_exhausted();
	return memory;
}

char *secret_strndup(const char *bytes, size_t len)
{
	char *copy = secret_alloc(len + 1);

	if (len > 0)
		memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

char *secret_strdup(const char *text)
{
	return secret_strndup(text, strlen(text));
}
