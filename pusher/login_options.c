#include "pusher/login_options.h"

#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

#include "pusher/credential_file.h"
#include "pusher/credential_sources.h"

#define SCHEME "oci://"

int login_target(struct target *out, const char *registry, bool plain_http, struct error *err)
{
	bool has_scheme = strncmp(registry, SCHEME, strlen(SCHEME)) == 0;
	const char *other_scheme = has_scheme ? NULL : strstr(registry, "://");
	auto_free char *text = mem_printf("%s%s", has_scheme ? "" : SCHEME, registry);

	if (other_scheme != NULL)
		return error_set(err, ERR_USAGE,
		    "registry '%s': HOST[:PORT] is expected: give it without the scheme '%.*s'",
		    registry, (int)(other_scheme + strlen("://") - registry), registry);
	if (target_parse(out, text, plain_http, err) != 0)
		return -1;
	if (out->destination.prefix[0] == '\0')
		return 0;
	return error_set(err, ERR_USAGE,
	    "registry '%s': HOST[:PORT] is expected; credentials are kept for whole registries",
	    registry);
}

int login_file_path(char **out, const char *registry_config, const struct environment *environment,
    struct error *err)
{
	*out = registry_config != NULL ? mem_strdup(registry_config)
				       : credential_sources_docker(environment);
	if (*out != NULL)
		return 0;
	return error_set(err, ERR_USAGE,
	    "neither DOCKER_CONFIG nor HOME is set: give a file with --registry-config");
}

int login_file_read(struct buf *out, const char *path, struct error *err)
{
	struct error why = ERROR_INIT;
	bool is_open_to_all;

	if (credential_file_open(out, path, &is_open_to_all, &why) == 0)
		return 0;
	if (why.code != ERR_SYSTEM || why.sys_errno != ENOENT) {
		*err = why;
		return -1;
	}
	auto_free char *for_directory = mem_strdup(path);
	if (mkdir(dirname(for_directory), 0700) != 0 && errno != EEXIST)
		return error_sys(err, "credentials '%s': making its directory", path);
	return 0;
}
