#include "common/inspect.h"
#include "pusher/admission.h"
#include "pusher/commands.h"
#include "pusher/trust_environment.h"

static const char help[] =
    "usage: pusher inspect LAYOUT --trust DIR [--format text|json|html]\n"
    "\n"
    "Show what a layout holds, once its seal and every file have been checked.\n"
    "\n"
    "      --trust DIR            whose seals count (required)\n"
    "      --trust-id HEX         its trust id must be this one\n"
    "      --format text|json|html  text unless told; html is one page, without\n"
    "                             scripts\n"
    "      --json                 the result, also of a failure, as one JSON object\n"
    "  -q, --quiet                nothing but errors\n"
    "  -v, --verbose              no effect here\n"
    "  -h, --help                 this text\n";

static int run(const struct command *self, int argc, char **argv, struct command_result *out,
    struct error *err)
{
	struct common_options common = {.json = false};
	struct trust_options trust = TRUST_OPTIONS_INIT;
	const char *format_name = NULL;
	enum inspect_format format;
	const struct option_spec specs[] = {
	    TRUST_OPTION_SPECS(&trust),
	    {.name = "format", .value = &format_name},
	    COMMON_OPTION_SPECS(&common),
	};
	auto_admission struct admission admission = ADMISSION_INIT;
	int at;

	if (options_parse(specs, sizeof(specs) / sizeof(specs[0]), argc, argv, "pusher inspect",
		&at, err) != 0)
		return -1;
	if (argc - at != 1)
		return command_usage(self, "pusher", err, "one layout is expected");
	if (trust_environment_check(&trust, self, err) != 0)
		return -1;
	if (inspect_format_parse(&format, format_name, err) != 0)
		return -1;
	const struct admission_request request = {.layout = argv[at], .trust = &trust};
	if (admission_open(&admission, &request, &out->problems, err) != 0)
		return -1;
	const struct graph *graph = verified_layout_graph(admission.layout);
	struct inspect_seal seal = inspect_seal_of(admission.layout);
	command_list(out, graph, &seal, format, &common);
	return 0;
}

const struct command command_inspect = {.name = "inspect", .help = help, .run = run};
