#include "pusher/trust_environment.h"

#include <stddef.h>

#include "pusher/environment.h"

int trust_environment_check(struct trust_options *o, const struct command *self, struct error *err)
{
	if (o->path == NULL)
		o->path = environment_get(self->environment, ENVIRONMENT_TRUST);
	if (o->id == NULL)
		o->id = environment_get(self->environment, ENVIRONMENT_TRUST_ID);
	return trust_options_check(o, self, "pusher", err);
}
