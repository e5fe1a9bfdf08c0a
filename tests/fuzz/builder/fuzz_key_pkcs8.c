/*
 * key_pkcs8_parse() over any bytes. What version 1 it takes is written again as it was.
 */
#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "builder/key_pkcs8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	assert(sodium_init() >= 0); /* once; from then on it does nothing */
	struct error err = ERROR_INIT;
	uint8_t again[KEY_PKCS8_BYTES];
	auto_secret_key struct secret_key *key = key_pkcs8_parse(data, size, &err);

	assert(key != NULL || (err.code == ERR_KEY && err.text[0] != '\0'));
	if (key != NULL && size == sizeof(again)) {
		key_pkcs8_put(again, key);
		assert(memcmp(again, data, sizeof(again)) == 0);
	}
	return 0;
}
