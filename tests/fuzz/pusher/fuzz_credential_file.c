/*
 * A file of credentials, and the answer of a credential helper: what comes out can be sent, and is
 * for the registry that was asked for.
 */
#include <assert.h>
#include <string.h>

#include "pusher/credential_file.h"
#include "pusher/credential_helper.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_token(const char *token)
{
	for (const char *c = token; c != NULL && *c != '\0'; c++)
		assert(*c > 0x20 && *c < 0x7f);
}

static void check(const struct credential *c)
{
	check_token(c->identity_token);
	check_token(c->registry_token);
	assert(c->password != NULL || c->identity_token != NULL || c->registry_token != NULL);
	assert(c->password == NULL || c->username != NULL);
	assert(c->username == NULL || c->username[0] != '\0');
}

static void check_file(const char *bytes, size_t len, const char *where, bool is_legacy)
{
	auto_target struct target target = TARGET_INIT;
	auto_credentials struct credentials found = CREDENTIALS_INIT;
	const struct credential_file file = {.path = "f", .is_legacy = is_legacy};
	auto_free char *helper = NULL;
	struct error err = ERROR_INIT;

	assert(target_parse(&target, where, false, &err) == 0);
	if (credential_file_parse(&found, &file, bytes, len, &target, &helper, &err) != 0)
		assert(err.code == ERR_AUTH);
	for (size_t i = 0; i < found.count; i++)
		check(&found.items[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_credential struct credential helped = CREDENTIAL_INIT;
	const char *bytes = (const char *)data;
	struct error err = ERROR_INIT;

	check_file(bytes, size, "oci://reg.example", false);
	check_file(bytes, size, "oci://docker.io", true);
	if (credential_helper_parse(&helped, bytes, size, &err) == 0)
		check(&helped);
	else
		assert(err.code == ERR_AUTH);
	return 0;
}
