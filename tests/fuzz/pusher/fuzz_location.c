/*
 * Where a registry sends an upload. Whatever it says, the URL that we use begins with our own
 * origin, and the parser that will carry the request out sees that host in it.
 */
#include <assert.h>
#include <string.h>

#include "pusher/http.h"
#include "pusher/location.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *where, bool plain_http, const char *location)
{
	auto_target struct target target = TARGET_INIT;
	auto_http_url struct http_url joined = HTTP_URL_INIT;
	struct location resolved = LOCATION_INIT;
	struct error err = ERROR_INIT;
	struct digest digest;

	assert(target_parse(&target, where, plain_http, &err) == 0);
	digest_of(&digest, "", 0);
	auto_free char *request = mem_printf("%s/v2/a/blobs/uploads/", target.origin);
	if (location_resolve(&resolved, &target, NULL, request, location, &err) != 0) {
		assert(err.code == ERR_UNBELIEVED && resolved.url == NULL);
		return;
	}
	assert(!resolved.is_foreign);
	auto_free char *url = location_closing(resolved.url, &digest);
	location_release(&resolved);
	assert(strncmp(url, target.origin, strlen(target.origin)) == 0);
	assert(url[strlen(target.origin)] == '/');
	assert(http_url_resolve(&joined, target.origin, url, &err) == 0);
	assert(strcmp(joined.host, target.destination.host) == 0);
	assert(joined.port ==
	       (target.destination.port != 0 ? target.destination.port : target.default_port));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *location = mem_strndup((const char *)data, size);
	auto_free char *next = location_next(location);

	if (next != NULL) {
		assert(strstr(location, next) != NULL && strchr(next, '>') == NULL);
		check("oci://registry.example/a", false, next);
	}
	check("oci://registry.example/a", false, location);
	check("oci://registry.example:5000", false, location);
	check("oci://127.0.0.1:5000/a", true, location);
	check("oci://[::1]:5000/a", true, location);
	return 0;
}
