#include "pusher/credential_sources.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "common/limits.h"
#include "common/printable.h"
#include "pusher/credential_file.h"
#include "pusher/credential_helper.h"

#define DOCKER_HUB "docker.io"
#define DOCKER_HUB_SERVER "https://index.docker.io/v1/"

/* What all steps need. */
struct search {
	struct credentials *out;
	const struct credential_options *options;
	const struct environment *environment;
	const struct target *target;
	struct buf *notes;
	size_t rank; /* of the next source */
};

static const char *variable(const struct search *s, enum environment_variable v)
{
	return environment_get(s->environment, v);
}

/* One line; names of files and entries are anybody's. */
static void PRINTF_LIKE(2, 3) note(struct search *s, const char *format, ...)
{
	auto_free char *text = NULL;
	va_list args;

	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		mem_exhausted();
	printable_put(s->notes, text, (size_t)len);
	buf_putc(s->notes, '\n');
}

/* ---- given for this run ---- */

static int add_given(struct search *s, struct credential *c, const char *source, struct error *err)
{
	if (credentials_check_target(s->target, err) != 0)
		return -1;
	c->source = mem_strdup(source);
	note(s, "credentials: %s", source);
	credentials_add(s->out, c);
	return 0;
}

static int take_given(struct search *s, struct error *err)
{
	const struct credential_options *o = s->options;
	const char *username = variable(s, ENVIRONMENT_USERNAME);
	const char *password = variable(s, ENVIRONMENT_PASSWORD);
	auto_credential struct credential c = CREDENTIAL_INIT;

	if (o->username != NULL) {
		if (credentials_check_target(s->target, err) != 0 ||
		    credential_read_password(&c, o->username, STDIN_FILENO, err) != 0)
			return -1;
		return add_given(s, &c, "--username and --password-stdin", err);
	}
	if (username == NULL && password == NULL)
		return 0;
	if (username == NULL || password == NULL)
		return error_set(err, ERR_USAGE,
		    "SALLYPORT_USERNAME and SALLYPORT_PASSWORD go together, and only one is set");
	if (credential_set_password(&c, username, password, err) != 0)
		return error_prefix(err, "SALLYPORT_USERNAME, SALLYPORT_PASSWORD");
	return add_given(s, &c, "SALLYPORT_USERNAME and SALLYPORT_PASSWORD", err);
}

/* ---- files ---- */

static int ask_helper(struct search *s, const char *path, const char *name, struct error *err)
{
	const struct target *t = s->target;
	auto_credential struct credential c = CREDENTIAL_INIT;
	bool is_hub = strcmp(t->destination.host, DOCKER_HUB) == 0;
	bool is_found;

	if (!s->options->helpers) {
		note(s,
		    "credentials: '%s' names the credential helper '%s', which is asked only with "
		    "--credential-helpers",
		    path, name);
		return 0;
	}
	if (credential_helper_get(&c, name, is_hub ? DOCKER_HUB_SERVER : t->label, s->environment,
		&is_found, err) != 0)
		return error_prefix(err, "credentials '%s'", path);
	if (!is_found) {
		note(s, "credentials: the credential helper '%s' has none", name);
		return 0;
	}
	c.source = mem_printf("'%s', credential helper '%s'", path, name);
	c.rank = s->rank;
	credentials_add(s->out, &c);
	return 0;
}

static int take_document(struct search *s, const char *path, const char *bytes, size_t len,
    bool is_legacy, struct error *err)
{
	const struct credential_file file = {.path = path, .rank = s->rank, .is_legacy = is_legacy};
	auto_free char *helper = NULL;
	size_t before = s->out->count;

	if (credential_file_parse(s->out, &file, bytes, len, s->target, &helper, err) != 0)
		return -1;
	if (helper != NULL && ask_helper(s, path, helper, err) != 0)
		return -1;
	for (size_t i = before; i < s->out->count; i++)
		note(s, "credentials: %s", s->out->items[i].source);
	if (s->out->count == before)
		note(s, "credentials: '%s' has none for %s", path, s->target->label);
	s->rank++;
	return 0;
}

static bool is_passed_over(const struct error *err)
{
	return err->code == ERR_SYSTEM &&
	       (err->sys_errno == ENOENT || err->sys_errno == ENOTDIR || err->sys_errno == EACCES);
}

enum presence { PRESENCE_OPTIONAL, PRESENCE_REQUIRED };

static int take_file(
    struct search *s, const char *path, enum presence presence, bool is_legacy, struct error *err)
{
	auto_buf struct buf bytes = BUF_SECRET_INIT(LIMIT_CREDENTIALS_BYTES_MAX);
	struct error why = ERROR_INIT;
	bool is_open_to_all;

	if (credential_file_open(&bytes, path, &is_open_to_all, &why) != 0) {
		if (presence == PRESENCE_OPTIONAL && is_passed_over(&why)) {
			if (why.sys_errno == EACCES)
				note(s, "%s", why.text);
			return 0;
		}
		if (is_passed_over(&why))
			why.code = ERR_USAGE;
		*err = why;
		return -1;
	}
	if (is_open_to_all)
		note(s, "credentials '%s': others than its owner may use the file; chmod 600 it",
		    path);
	return take_document(s, path, buf_text(&bytes), bytes.len, is_legacy, err);
}

/* directory/name, as far as there is a directory. */
static int take_below(struct search *s, const char *directory, const char *name, struct error *err)
{
	if (directory == NULL)
		return 0;
	auto_free char *path = mem_printf("%s/%s", directory, name);
	return take_file(s, path, PRESENCE_OPTIONAL, strcmp(name, ".dockercfg") == 0, err);
}

/* $XDG_CONFIG_HOME, else ~/.config; owned by the caller, or NULL. */
static char *config_home(const struct search *s)
{
	const char *config = variable(s, ENVIRONMENT_XDG_CONFIG_HOME);
	const char *home = variable(s, ENVIRONMENT_HOME);

	if (config != NULL)
		return mem_strdup(config);
	return home == NULL ? NULL : mem_printf("%s/.config", home);
}

static int take_docker(struct search *s, struct error *err)
{
	const char *file = variable(s, ENVIRONMENT_REGISTRY_AUTH_FILE);
	const char *json = variable(s, ENVIRONMENT_DOCKER_AUTH_CONFIG);

	if (file != NULL && take_file(s, file, PRESENCE_OPTIONAL, false, err) != 0)
		return -1;
	if (json != NULL && take_document(s, environment_name(ENVIRONMENT_DOCKER_AUTH_CONFIG), json,
				strlen(json), false, err) != 0)
		return -1;
	return take_below(s, variable(s, ENVIRONMENT_DOCKER_CONFIG), "config.json", err);
}

static int take_podman(struct search *s, struct error *err)
{
	const char *runtime = variable(s, ENVIRONMENT_XDG_RUNTIME_DIR);
	auto_free char *config = config_home(s);
	auto_free char *directory = runtime != NULL
					? mem_printf("%s/containers", runtime)
					: mem_printf("/run/containers/%u", (unsigned)getuid());

	if (take_below(s, directory, "auth.json", err) != 0)
		return -1;
	return take_below(s, config, "containers/auth.json", err);
}

static int take_helm(struct search *s, struct error *err)
{
	const char *file = variable(s, ENVIRONMENT_HELM_REGISTRY_CONFIG);
	const char *home = variable(s, ENVIRONMENT_HELM_CONFIG_HOME);
	auto_free char *config = config_home(s);

	if (file != NULL)
		return take_file(s, file, PRESENCE_OPTIONAL, false, err);
	if (home != NULL)
		return take_below(s, home, "registry/config.json", err);
	return take_below(s, config, "helm/registry/config.json", err);
}

static int take_everywhere(struct search *s, struct error *err)
{
	const char *home = variable(s, ENVIRONMENT_HOME);

	if (take_docker(s, err) != 0 || take_podman(s, err) != 0 ||
	    take_below(s, home, ".docker/config.json", err) != 0 || take_helm(s, err) != 0)
		return -1;
	return take_below(s, home, ".dockercfg", err);
}

/* ---- all ---- */

int credential_sources_load(struct credentials *out, const struct credential_options *options,
    const struct environment *environment, const struct target *target, struct buf *notes,
    struct error *err)
{
	struct search s = {.out = out,
	    .options = options,
	    .environment = environment,
	    .target = target,
	    .notes = notes};

	if ((options->username != NULL) != options->password_stdin)
		return error_set(err, ERR_USAGE, "--username and --password-stdin go together");
	if (take_given(&s, err) != 0)
		return -1;
	if (out->count > 0)
		return 0;
	if (options->registry_config != NULL)
		return take_file(&s, options->registry_config, PRESENCE_REQUIRED, false, err);
	return take_everywhere(&s, err);
}

char *credential_sources_docker(const struct environment *environment)
{
	const char *config = environment_get(environment, ENVIRONMENT_DOCKER_CONFIG);
	const char *home = environment_get(environment, ENVIRONMENT_HOME);

	if (config != NULL)
		return mem_printf("%s/config.json", config);
	return home == NULL ? NULL : mem_printf("%s/.docker/config.json", home);
}
