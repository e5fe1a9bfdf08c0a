#include "pusher/admission.h"
#include "pusher/commands.h"
#include "pusher/trust_environment.h"

static const char help[] =
    "usage: pusher verify LAYOUT [oci://REGISTRY/PREFIX] --trust DIR [--state DIR]\n"
    "\n"
    "Check a layout as push does, without a network: the seal against DIR, every file\n"
    "against the seal, what the manifests say against the files, and the delivery's\n"
    "own conditions. The destination is judged by the URL, if there is one, and the\n"
    "sequence by --state and the policy, if they know an earlier one.\n"
    "\n"
    "      --trust DIR    whose seals count, and what they may cover (required)\n"
    "      --trust-id HEX its trust id must be this one\n"
    "      --state DIR    what was pushed before; needs the URL, and is only read\n"
    "      --json         the result, also of a failure, as one JSON object\n"
    "  -q, --quiet        nothing but errors\n"
    "  -v, --verbose      no effect here\n"
    "  -h, --help         this text\n";

static int run(const struct command *self, int argc, char **argv, struct command_result *out,
    struct error *err)
{
	struct common_options common = {.json = false};
	struct trust_options trust = TRUST_OPTIONS_INIT;
	const char *state = NULL;
	const struct option_spec specs[] = {
	    TRUST_OPTION_SPECS(&trust),
	    {.name = "state", .value = &state},
	    COMMON_OPTION_SPECS(&common),
	};
	auto_target struct target target = TARGET_INIT;
	auto_admission struct admission admission = ADMISSION_INIT;
	int at;

	if (options_parse(specs, sizeof(specs) / sizeof(specs[0]), argc, argv, "pusher verify", &at,
		err) != 0)
		return -1;
	if (argc - at < 1 || argc - at > 2)
		return command_usage(
		    self, "pusher", err, "a layout, and at most one destination, is expected");
	if (trust_environment_check(&trust, self, err) != 0)
		return -1;
	const char *destination = argc - at == 2 ? argv[at + 1] : NULL;
	if (state != NULL && destination == NULL)
		return command_usage(
		    self, "pusher", err, "--state needs the destination: its marks are of one");
	if (destination != NULL && target_parse(&target, destination, false, err) != 0)
		return -1;
	const struct admission_request request = {.layout = argv[at],
	    .trust = &trust,
	    .target = destination == NULL ? NULL : &target,
	    .state = state};
	if (admission_open(&admission, &request, &out->problems, err) != 0)
		return -1;
	command_verified_text(&out->text, argv[at], admission.layout);
	out->json = command_verified_json(admission.layout);
	return 0;
}

const struct command command_verify = {.name = "verify", .help = help, .run = run};
