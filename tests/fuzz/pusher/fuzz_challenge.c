/*
 * WWW-Authenticate, and what an auth makes of it: whatever it says, nothing secret is to be sent
 * but to the registry's own host or a domain next to it, and never without TLS.
 */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "pusher/auth.h"
#include "pusher/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_ask(const struct auth_exchange *x)
{
	auto_http_url struct http_url url = HTTP_URL_INIT;
	struct error err = ERROR_INIT;

	assert(http_url_resolve(&url, "https://r.example/", x->ask.url, &err) == 0);
	assert(strcmp(url.scheme, "https") == 0);
	size_t len = strlen(url.host);
	assert(len >= strlen("r.example"));
	assert(strcasecmp(url.host + len - strlen("r.example"), "r.example") == 0);
	for (const char *c = x->ask.url; *c != '\0'; c++)
		assert(*c > 0x20 && *c < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *header = mem_strndup((const char *)data, size);
	auto_target struct target target = TARGET_INIT;
	auto_credentials struct credentials credentials = CREDENTIALS_INIT;
	auto_credential struct credential credential = CREDENTIAL_INIT;
	struct http_response response = {
	    .status = 401, .headers = {[HTTP_WWW_AUTHENTICATE] = header}};
	struct auth_exchange x = {.repository = "a"};
	struct error err = ERROR_INIT;
	enum auth_step step;
	bool again;

	assert(target_parse(&target, "oci://r.example", false, &err) == 0);
	assert(credential_set_password(&credential, "a", "p", &err) == 0);
	credentials_add(&credentials, &credential);
	const struct auth_options options = {.target = &target, .credentials = &credentials};
	auto_auth struct auth *auth = auth_new(&options, &err);
	if (auth_challenged(auth, &x, &response, &again, &err) != 0 || !again)
		return 0;
	assert(auth_prepare(auth, &x, 0, &step, &err) == 0);
	if (step == AUTH_ASK)
		check_ask(&x);
	else
		assert(strcmp(x.authorization, "Basic YTpw") == 0);
	auth_abandon(auth, &x);
	return 0;
}
