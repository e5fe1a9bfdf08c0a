#include <jansson.h>
#include <sodium.h>

#include "common/options.h"
#include "pusher/commands.h"
#include "pusher/http.h"

static const char help[] =
    "usage: pusher version [--json]\n"
    "\n"
    "Prints the version of pusher and of the libraries that it found on this machine.\n";

static int run(const struct command *self, int argc, char **argv, struct command_result *out,
    struct error *err)
{
	struct common_options common = {.json = false};
	const struct option_spec specs[] = {COMMON_OPTION_SPECS(&common)};
	auto_buf struct buf libcurl = BUF_INIT(1024);
	int at;

	if (options_parse(specs, sizeof(specs) / sizeof(specs[0]), argc, argv, "pusher version",
		&at, err) != 0)
		return -1;
	if (at != argc)
		return command_usage(self, "pusher", err, "no operand is expected");
	http_curl_version(&libcurl);
	const char *const parts[][2] = {{"pusher", SALLYPORT_VERSION},
	    {"libcurl", buf_text(&libcurl)}, {"libsodium", sodium_version_string()},
	    {"jansson", jansson_version_str()}};
	out->json = json_object();
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		buf_printf(&out->text, "%s %s\n", parts[i][0], parts[i][1]);
		(void)json_object_set_new(out->json, parts[i][0], json_string(parts[i][1]));
	}
	return 0;
}

const struct command command_version = {.name = "version", .help = help, .run = run};
