#include "pusher/admission.h"

#include <time.h>

int admission_open(struct admission *out, const char *layout_path,
    const struct trust_options *trust, const struct target *target, struct problems *problems,
    struct error *err)
{
	out->trust = trust_options_load(trust, err);
	if (out->trust == NULL)
		return -1;
	const struct judgement judgement = {
	    .trust = out->trust,
	    .now = (int64_t)time(NULL),
	    .target = target == NULL ? NULL : &target->destination,
	    .default_port = target == NULL ? 443 : target->default_port,
	};
	out->layout = verified_layout_open(layout_path, &judgement, problems, err);
	return out->layout == NULL ? -1 : 0;
}

void admission_release(struct admission *a)
{
	verified_layout_free(a->layout);
	trust_free(a->trust);
	*a = (struct admission)ADMISSION_INIT;
}
