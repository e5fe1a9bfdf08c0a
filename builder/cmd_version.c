#include <archive.h>
#include <jansson.h>
#include <libdeflate.h>
#include <nettle/version.h>
#include <sodium.h>
#include <yaml.h>
#include <zlib.h>

#include "builder/commands.h"

static const char help[] =
    "usage: builder version [--json]\n"
    "\n"
    "Prints the version of builder and of the libraries inside it. The archive of a\n"
    "chart directory depends on the release of libdeflate, and on nothing else here.\n";

static int run(const struct command *self, int argc, char **argv, struct command_result *out,
    struct error *err)
{
	struct common_options common = {0};
	const struct option_spec specs[] = {COMMON_OPTION_SPECS(&common)};
	auto_free char *nettle =
	    mem_printf("%d.%d", nettle_version_major(), nettle_version_minor());
	int first;

	if (options_parse(specs, sizeof(specs) / sizeof(specs[0]), argc, argv, "builder version",
		&first, err) != 0)
		return -1;
	if (first != argc)
		return command_usage(self, "builder", err, "no operand is wanted");
	const char *const parts[][2] = {{"builder", SALLYPORT_VERSION},
	    {"libdeflate", LIBDEFLATE_VERSION_STRING}, {"zlib", zlibVersion()},
	    {"libarchive", ARCHIVE_VERSION_ONLY_STRING}, {"libyaml", yaml_get_version_string()},
	    {"libsodium", sodium_version_string()}, {"jansson", jansson_version_str()},
	    {"nettle", nettle}};
	out->json = json_object();
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		buf_printf(&out->text, "%s %s\n", parts[i][0], parts[i][1]);
		(void)json_object_set_new(out->json, parts[i][0], json_string(parts[i][1]));
	}
	return 0;
}

const struct command command_version = {.name = "version", .help = help, .run = run};
