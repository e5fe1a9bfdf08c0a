#include "pusher/environment.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pusher/secret.h"

static const char *const names[ENVIRONMENT_COUNT] = {
    [ENVIRONMENT_TRUST] = "SALLYPORT_TRUST",
    [ENVIRONMENT_TRUST_ID] = "SALLYPORT_TRUST_ID",
    [ENVIRONMENT_USERNAME] = "SALLYPORT_USERNAME",
    [ENVIRONMENT_PASSWORD] = "SALLYPORT_PASSWORD",
    [ENVIRONMENT_HTTPS_PROXY_LOWER] = "https_proxy",
    [ENVIRONMENT_HTTPS_PROXY] = "HTTPS_PROXY",
    [ENVIRONMENT_HTTP_PROXY_LOWER] = "http_proxy",
    [ENVIRONMENT_NO_PROXY_LOWER] = "no_proxy",
    [ENVIRONMENT_NO_PROXY] = "NO_PROXY",
    [ENVIRONMENT_SSL_CERT_FILE] = "SSL_CERT_FILE",
    [ENVIRONMENT_REGISTRY_AUTH_FILE] = "REGISTRY_AUTH_FILE",
    [ENVIRONMENT_DOCKER_AUTH_CONFIG] = "DOCKER_AUTH_CONFIG",
    [ENVIRONMENT_DOCKER_CONFIG] = "DOCKER_CONFIG",
    [ENVIRONMENT_XDG_RUNTIME_DIR] = "XDG_RUNTIME_DIR",
    [ENVIRONMENT_XDG_CONFIG_HOME] = "XDG_CONFIG_HOME",
    [ENVIRONMENT_HELM_REGISTRY_CONFIG] = "HELM_REGISTRY_CONFIG",
    [ENVIRONMENT_HELM_CONFIG_HOME] = "HELM_CONFIG_HOME",
    [ENVIRONMENT_HOME] = "HOME",
    [ENVIRONMENT_PATH] = "PATH",
    [ENVIRONMENT_NO_COLOR] = "NO_COLOR",
    [ENVIRONMENT_TERM] = "TERM",
};

void environment_take(struct environment *out)
{
	for (size_t i = 0; i < ENVIRONMENT_COUNT; i++) {
		const char *value = getenv(names[i]);

		out->values[i] = value == NULL || value[0] == '\0' ? NULL : secret_strdup(value);
	}
	for (char **at = environ; at != NULL && *at != NULL; at++)
		explicit_bzero(*at, strlen(*at));
	(void)clearenv();
}

void environment_release(struct environment *e)
{
	for (size_t i = 0; i < ENVIRONMENT_COUNT; i++)
		sodium_free(e->values[i]);
	*e = (struct environment)ENVIRONMENT_INIT;
}

const char *environment_get(const struct environment *e, enum environment_variable v)
{
	return e == NULL ? NULL : e->values[v];
}

const char *environment_name(enum environment_variable v)
{
	return names[v];
}
