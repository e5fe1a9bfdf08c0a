#include <time.h>

#include "builder/commands.h"
#include "common/trust_options.h"
#include "common/verified_layout.h"

static const char help[] =
    "usage: builder verify LAYOUT --trust DIR [OPTION]...\n"
    "\n"
    "Checks a layout exactly as pusher will, before it leaves the enclave.\n"
    "\n"
    "      --trust DIR          the trust directory of the pusher's side\n"
    "      --trust-id HEX       its trust id must be this one\n"
    "      --json               the result, or the error, as JSON on stdout\n"
    "  -q, --quiet              print errors only\n"
    "  -v, --verbose            accepted; verify has nothing more to say\n";

static int run(const struct command *self, int argc, char **argv, struct command_result *out,
    struct error *err)
{
	struct common_options common = {0};
	struct trust_options options = TRUST_OPTIONS_INIT;
	const struct option_spec specs[] = {
	    TRUST_OPTION_SPECS(&options),
	    COMMON_OPTION_SPECS(&common),
	};
	int first;

	if (options_parse(specs, sizeof(specs) / sizeof(specs[0]), argc, argv, "builder verify",
		&first, err) != 0)
		return -1;
	if (trust_options_check(&options, self, "builder", err) != 0)
		return -1;
	if (argc - first != 1)
		return command_usage(self, "builder", err, "exactly one LAYOUT is wanted");
	auto_trust struct trust *trust = trust_options_load(&options, err);
	if (trust == NULL)
		return -1;
	const struct judgement judgement = {
	    .trust = trust, .now = time(NULL), .target = NULL, .default_port = 443};
	auto_verified_layout struct verified_layout *v =
	    verified_layout_open(argv[first], &judgement, &out->problems, err);
	if (v == NULL)
		return -1;
	out->json = command_verified_json(v);
	command_verified_text(&out->text, argv[first], v);
	return 0;
}

const struct command command_verify = {.name = "verify", .help = help, .run = run};
