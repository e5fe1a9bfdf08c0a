/*
 * key_openssh_parse() over any bytes.
 */
#include <assert.h>

#include <sodium.h>

#include "builder/key_openssh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	assert(sodium_init() >= 0); /* once; from then on it does nothing */
	struct error err = ERROR_INIT;
	auto_secret_key struct secret_key *key = key_openssh_parse(data, size, &err);

	assert(key != NULL || (err.code == ERR_KEY && err.text[0] != '\0'));
	return 0;
}
