/*
 * The environment, as far as pusher takes anything from it: read once, before anything else, and
 * then gone. Libraries and children see none of it. Design cli.md, formats.md 9 (K8); reference
 * registry.md 3.3, security.md K2.
 */
#ifndef PUSHER_ENVIRONMENT_H
#define PUSHER_ENVIRONMENT_H

/* The order is that of the names in environment.c. */
enum environment_variable {
	ENVIRONMENT_TRUST,
	ENVIRONMENT_TRUST_ID,
	ENVIRONMENT_USERNAME,
	ENVIRONMENT_PASSWORD,
	ENVIRONMENT_HTTPS_PROXY_LOWER,
	ENVIRONMENT_HTTPS_PROXY,
	ENVIRONMENT_HTTP_PROXY_LOWER, /* HTTP_PROXY may be a header of somebody's request: CGI */
	ENVIRONMENT_NO_PROXY_LOWER,
	ENVIRONMENT_NO_PROXY,
	ENVIRONMENT_SSL_CERT_FILE,
	ENVIRONMENT_REGISTRY_AUTH_FILE,
	ENVIRONMENT_DOCKER_AUTH_CONFIG, /* JSON, with secrets */
	ENVIRONMENT_DOCKER_CONFIG,
	ENVIRONMENT_XDG_RUNTIME_DIR,
	ENVIRONMENT_XDG_CONFIG_HOME,
	ENVIRONMENT_HELM_REGISTRY_CONFIG,
	ENVIRONMENT_HELM_CONFIG_HOME,
	ENVIRONMENT_HOME,
	ENVIRONMENT_PATH, /* where credential helpers are looked for, and nothing else */
	ENVIRONMENT_NO_COLOR,
	ENVIRONMENT_TERM,
	ENVIRONMENT_COUNT,
};

/** What stood there. An empty variable is one that is not set. */
struct environment {
	char *values[ENVIRONMENT_COUNT]; /* owned, in locked memory; NULL where not set */
};

#define ENVIRONMENT_INIT                                                                           \
	{                                                                                          \
		.values = { NULL }                                                                 \
	}

/**
 * environment_take(out): copies what we take, then overwrites every string of the environment where
 * it stands (/proc/PID/environ shows that place) and empties it. Before any other thread begins.
 * Release with environment_release(), which wipes.
 */
void environment_take(struct environment *out);
void environment_release(struct environment *e);
#define auto_environment __attribute__((cleanup(environment_release)))

/** environment_get(e, v): the value, borrowed, or NULL; e may be NULL: nothing is set. */
const char *environment_get(const struct environment *e, enum environment_variable v);

/** environment_name(v): "SALLYPORT_TRUST", ... Static storage. */
const char *environment_name(enum environment_variable v);

#endif
