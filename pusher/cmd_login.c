#include <string.h>

#include "common/limits.h"
#include "common/printable.h"
#include "pusher/auth.h"
#include "pusher/commands.h"
#include "pusher/conceal.h"
#include "pusher/connection_environment.h"
#include "pusher/credential_edit.h"
#include "pusher/credential_file.h"
#include "pusher/credential_sources.h"
#include "pusher/login_options.h"
#include "pusher/refusal.h"

static const char help[] =
    "usage: pusher login REGISTRY --username NAME --password-stdin [OPTION]...\n"
    "\n"
    "Try a user name and a password on a registry, and keep them where docker does.\n"
    "\n"
    "  -u, --username NAME      the user (required)\n"
    "      --password-stdin     read the password from standard input (required)\n"
    "      --registry-config F  keep them in F instead of docker's config.json\n"
    "      --auth-host HOST     the token server may be at HOST[:PORT], which then\n"
    "                           sees the password; may be repeated\n" CONNECTION_OPTION_HELP
    "      --json               the result, also of a failure, as one JSON object\n"
    "  -q, --quiet              nothing but errors\n"
    "  -v, --verbose            say what was taken from the environment\n"
    "  -h, --help               this text\n";

struct login_command {
	struct common_options common;
	struct credential_options credential;
	struct option_list auth_hosts;
	struct connection_options connection;
	const char *registry;
};

static int parse_options(
    struct login_command *o, const struct command *self, int argc, char **argv, struct error *err)
{
	const struct option_spec specs[] = {
	    {.name = "username", .short_name = 'u', .value = &o->credential.username},
	    {.name = "password-stdin", .flag = &o->credential.password_stdin},
	    {.name = "registry-config", .value = &o->credential.registry_config},
	    {.name = "auth-host", .list = &o->auth_hosts},
	    CONNECTION_OPTION_SPECS(&o->connection),
	    COMMON_OPTION_SPECS(&o->common),
	};
	int at;

	if (options_parse(
		specs, sizeof(specs) / sizeof(specs[0]), argc, argv, "pusher login", &at, err) != 0)
		return -1;
	if (argc - at != 1)
		return command_usage(self, "pusher", err, "one registry is expected");
	if (o->credential.username == NULL || !o->credential.password_stdin)
		return command_usage(
		    self, "pusher", err, "--username and --password-stdin are required");
	o->registry = argv[at];
	return connection_options_check(&o->connection, self, err);
}

/* ---- trying them ---- */

/* url: of the registry, whatever is asked. */
static int send_one(struct http_transport *transport, const struct auth *auth, const char *url,
    const struct http_request *request, struct http_response *out, struct error *err)
{
	struct http_exchange x = HTTP_EXCHANGE_INIT;

	x.request = *request;
	int result = http_perform(transport, &x, err);
	*out = x.response;
	conceal_answer(auth, url, out);
	return result != 0 && request->is_foreign ? conceal_error(auth, url, NULL, err) : result;
}

static int ask_first(struct http_transport *transport, struct auth *auth, struct auth_exchange *x,
    const char *url, struct error *err)
{
	auto_http_response struct http_response response = HTTP_RESPONSE_INIT;

	if (send_one(transport, auth, url, &x->ask, &response, err) != 0) {
		auth_abandon(auth, x);
		return -1;
	}
	return auth_answer(auth, x, &response, transport->now_ms(transport), err);
}

/* One try. *out_tried: whether anything was sent that says who we are. */
static int try_once(struct http_transport *transport, struct auth *auth, struct auth_exchange *x,
    const char *url, struct http_response *response, bool *out_tried, struct error *err)
{
	enum auth_step step;

	for (;;) {
		if (auth_prepare(auth, x, transport->now_ms(transport), &step, err) != 0)
			return -1;
		if (step == AUTH_SEND)
			break;
		if (ask_first(transport, auth, x, url, err) != 0)
			return -1;
	}
	const struct http_request request = {
	    .method = HTTP_GET, .url = url, .authorization = x->authorization};
	*out_tried = x->authorization != NULL;
	return send_one(transport, auth, url, &request, response, err);
}

static int try_all(struct http_transport *transport, struct auth *auth, const char *url,
    bool *out_tried, struct error *err)
{
	const struct refusal_context context = {.credentials = "--username and --password-stdin"};
	struct auth_exchange x = {.repository = NULL};
	bool again = true;

	while (again) {
		auto_http_response struct http_response response = HTTP_RESPONSE_INIT;

		if (try_once(transport, auth, &x, url, &response, out_tried, err) != 0)
			return -1;
		if (response.status == 200)
			return 0;
		again = false;
		if (response.status == 401 &&
		    auth_challenged(auth, &x, &response, &again, err) != 0)
			return -1;
		if (!again)
			return refusal_set(err, &context, &response);
	}
	return 0;
}

static int try_credentials(const struct login_command *o, const struct http_curl_options *http,
    const struct target *target, const struct credentials *credentials, bool *out_tried,
    struct error *err)
{
	const struct auth_options options = {
	    .target = target, .credentials = credentials, .auth_hosts = &o->auth_hosts};
	auto_free char *url = mem_printf("%s/v2/", target->origin);
	auto_auth struct auth *auth = auth_new(&options, err);

	if (auth == NULL)
		return -1;
	auto_http_transport struct http_transport *transport = http_curl_new(http, err);
	if (transport == NULL)
		return -1;
	if (try_all(transport, auth, url, out_tried, err) == 0)
		return 0;
	return error_prefix(err, "GET %s/v2/", target->label);
}

/* ---- keeping them ---- */

static int keep(const char *path, const struct target *target, const struct credential *credential,
    struct error *err)
{
	auto_buf struct buf before = BUF_SECRET_INIT(LIMIT_CREDENTIALS_BYTES_MAX);
	auto_buf struct buf after = BUF_SECRET_INIT(LIMIT_CREDENTIALS_BYTES_MAX);

	if (login_file_read(&before, path, err) != 0)
		return -1;
	if (credential_edit_put(&after, buf_text(&before), before.len, target, credential, err) !=
	    0)
		return error_prefix(err, "credentials '%s'", path);
	return credential_edit_write(path, &after, err);
}

static void report(
    struct command_result *out, const struct target *target, const char *path, bool was_tried)
{
	buf_printf(&out->text, "logged in to %s, kept in ", target->label);
	printable_put(&out->text, path, strlen(path));
	buf_putc(&out->text, '\n');
	if (!was_tried)
		buf_printf(&out->notes,
		    "pusher: %s asks nobody who they are at /v2/, so the password could not be "
		    "tried\n",
		    target->label);
	out->json = json_object();
	(void)json_object_set_new(out->json, "registry", json_string(target->label));
	(void)json_object_set_new(out->json, "file", json_string(path));
	(void)json_object_set_new(out->json, "tried", json_boolean(was_tried));
}

static int run(const struct command *self, int argc, char **argv, struct command_result *out,
    struct error *err)
{
	struct login_command o = {.registry = NULL};
	auto_target struct target target = TARGET_INIT;
	auto_credentials struct credentials credentials = CREDENTIALS_INIT;
	auto_connection struct connection connection = CONNECTION_INIT;
	auto_buf struct buf notes = BUF_INIT(1 * MIB);
	auto_free char *path = NULL;
	bool was_tried = false;

	if (parse_options(&o, self, argc, argv, err) != 0 ||
	    login_target(&target, o.registry, o.connection.plain_http, err) != 0 ||
	    login_file_path(&path, o.credential.registry_config, self->environment, err) != 0 ||
	    credential_sources_load(
		&credentials, &o.credential, self->environment, &target, &notes, err) != 0)
		return -1;
	int opened =
	    connection_open(&connection, &o.connection, self->environment, &target, &notes, err);
	if (o.common.verbose)
		buf_put(&out->notes, buf_text(&notes), notes.len);
	if (opened != 0 ||
	    try_credentials(&o, &connection.http, &target, &credentials, &was_tried, err) != 0 ||
	    keep(path, &target, &credentials.items[0], err) != 0)
		return -1;
	report(out, &target, path, was_tried);
	return 0;
}

const struct command command_login = {.name = "login", .help = help, .run = run};
