/*
 * A token server's answer: what is taken out of it can stand in a header, and has a life.
 */
#include <assert.h>
#include <string.h>

#include "pusher/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_token struct token token = TOKEN_INIT;
	auto_token_scopes struct token_scopes scopes = TOKEN_SCOPES_INIT;
	auto_free char *text = mem_strndup((const char *)data, size);
	struct error err = ERROR_INIT;

	token_scopes_add_all(&scopes, text);
	assert(scopes.count <= LIMIT_SCOPES_MAX);
	if (token_parse(&token, text, size, &err) != 0) {
		assert(err.code == ERR_AUTH);
		assert(token.authorization == NULL);
		return 0;
	}
	assert(token.life_s >= 60 && token.life_s <= LIMIT_TOKEN_LIFE_S);
	assert(strncmp(token.authorization, "Bearer ", 7) == 0 && token.authorization[7] != '\0');
	for (const char *c = token.authorization + 7; *c != '\0'; c++)
		assert(*c > 0x20 && *c < 0x7f);
	return 0;
}
