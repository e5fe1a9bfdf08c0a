/*
 * key_minisign_parse() over any bytes, with an empty passphrase: scrypt is never reached.
 */
#include <assert.h>

#include <sodium.h>

#include "builder/key_minisign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	assert(sodium_init() >= 0); /* once; from then on it does nothing */
	struct error err = ERROR_INIT;
	auto_passphrase_source struct passphrase_source source =
	    PASSPHRASE_SOURCE_INIT("/dev/null");
	auto_secret_key struct secret_key *key =
	    key_minisign_parse((const char *)data, size, &source, &err);

	assert(key != NULL || (err.code == ERR_KEY && err.text[0] != '\0'));
	return 0;
}
