#include "common/trust_options.h"

#include <string.h>

int trust_options_check(
    struct trust_options *o, const struct command *self, const char *program, struct error *err)
{
	if (o->path == NULL)
		return command_usage(self, program, err, "--trust DIR is required");
	if (o->id != NULL && !digest_parse_hex(&o->expected_id, o->id, strlen(o->id)))
		return command_usage(
		    self, program, err, "--trust-id '%.100s': not 64 lower-case hex digits", o->id);
	return 0;
}

struct trust *trust_options_load(const struct trust_options *o, struct error *err)
{
	return trust_load(o->path, o->id != NULL ? &o->expected_id : NULL, err);
}
