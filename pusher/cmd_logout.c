#include <string.h>

#include "common/limits.h"
#include "common/printable.h"
#include "pusher/commands.h"
#include "pusher/credential_edit.h"
#include "pusher/credential_file.h"
#include "pusher/login_options.h"

static const char help[] =
    "usage: pusher logout REGISTRY [--registry-config F] [OPTION]...\n"
    "\n"
    "Take what docker's config.json, or F, keeps for a registry out of it.\n"
    "\n"
    "      --registry-config F  the file instead of docker's config.json\n"
    "      --json               the result, also of a failure, as one JSON object\n"
    "  -q, --quiet              nothing but errors\n"
    "  -v, --verbose            no more than without it\n"
    "  -h, --help               this text\n";

/* Nothing to take out is no failure: it is not there afterwards. */
static int remove_from(
    const char *path, const struct target *target, bool *out_found, struct error *err)
{
	auto_buf struct buf before = BUF_SECRET_INIT(LIMIT_CREDENTIALS_BYTES_MAX);
	auto_buf struct buf after = BUF_SECRET_INIT(LIMIT_CREDENTIALS_BYTES_MAX);
	bool is_open_to_all;

	if (credential_file_open(&before, path, &is_open_to_all, err) != 0)
		return -1;
	if (credential_edit_remove(&after, buf_text(&before), before.len, target, out_found, err) !=
	    0)
		return error_prefix(err, "credentials '%s'", path);
	return *out_found ? credential_edit_write(path, &after, err) : 0;
}

static void report(
    struct command_result *out, const struct target *target, const char *path, bool was_found)
{
	buf_printf(
	    &out->text, was_found ? "logged out of %s, in " : "nothing for %s in ", target->label);
	printable_put(&out->text, path, strlen(path));
	buf_putc(&out->text, '\n');
	out->json = json_object();
	(void)json_object_set_new(out->json, "registry", json_string(target->label));
	(void)json_object_set_new(out->json, "file", json_string(path));
	(void)json_object_set_new(out->json, "removed", json_boolean(was_found));
}

static int run(const struct command *self, int argc, char **argv, struct command_result *out,
    struct error *err)
{
	struct common_options common = {.json = false};
	const char *registry_config = NULL;
	const struct option_spec specs[] = {
	    {.name = "registry-config", .value = &registry_config},
	    COMMON_OPTION_SPECS(&common),
	};
	auto_target struct target target = TARGET_INIT;
	auto_free char *path = NULL;
	bool was_found = false;
	int at;

	if (options_parse(specs, sizeof(specs) / sizeof(specs[0]), argc, argv, "pusher logout", &at,
		err) != 0)
		return -1;
	if (argc - at != 1)
		return command_usage(self, "pusher", err, "one registry is expected");
	if (login_target(&target, argv[at], false, err) != 0 ||
	    login_file_path(&path, registry_config, self->environment, err) != 0 ||
	    remove_from(path, &target, &was_found, err) != 0)
		return -1;
	report(out, &target, path, was_found);
	return 0;
}

const struct command command_logout = {.name = "logout", .help = help, .run = run};
