#include "pusher/admission.h"

#include <time.h>

#include "common/delivery_policy.h"

static int find_mark(
    void *context, const char *origin, struct sequence_mark *out, struct error *err)
{
	const struct admission *a = context;
	struct sequence_mark recorded = {.exists = false};

	*out = (struct sequence_mark){.exists = false};
	if (a->has_state && state_find(&a->state, origin, out, err) != 0)
		return -1;
	if (a->record != NULL && a->record->find(a->record->context, origin, &recorded, err) != 0)
		return -1;
	return sequence_mark_raise(out, &recorded, err);
}

int admission_open(struct admission *out, const struct admission_request *request,
    struct problems *problems, struct error *err)
{
	const struct target *target = request->target;
	const struct mark_source marks = {.find = find_mark, .context = out};

	out->record = request->record;
	out->trust = trust_options_load(request->trust, err);
	if (out->trust == NULL)
		return -1;
	if (request->state != NULL) {
		out->has_state = true;
		if (state_open(&out->state, request->state, &target->destination,
			target->default_port, request->is_push ? STATE_PUSH : STATE_READ,
			request->first_use, err) != 0)
			return -1;
	}
	const struct judgement judgement = {
	    .trust = out->trust,
	    .now = (int64_t)time(NULL),
	    .target = target == NULL ? NULL : &target->destination,
	    .default_port = target == NULL ? 443 : target->default_port,
	    .marks = out->has_state || out->record != NULL ? &marks : NULL,
	    .needs_mark = request->needs_mark && !request->first_use,
	    .owe_large = request->owe_large,
	};
	out->layout = verified_layout_open(request->layout, &judgement, problems, err);
	return out->layout == NULL ? -1 : 0;
}

int admission_judge_repository(
    const struct admission *a, const struct target *target, const char *path, struct error *err)
{
	const struct judgement judgement = {.trust = a->trust,
	    .target = &target->destination,
	    .default_port = target->default_port};

	return delivery_judge_landing(
	    &verified_layout_graph(a->layout)->index.delivery, path, &judgement, err);
}

int admission_advance(const struct admission *a, struct error *err)
{
	const struct delivery *d = &verified_layout_graph(a->layout)->index.delivery;
	int64_t sequence = 0;

	if (!a->has_state || d->sequence == NULL)
		return 0;
	if (sequence_parse(&sequence, d->sequence, err) != 0)
		return -1;
	const struct sequence_mark mark = {.exists = true,
	    .sequence = (uint64_t)sequence,
	    .seal_id = *verified_layout_seal_id(a->layout)};
	return state_advance(&a->state, d->origin, &mark, err);
}

void admission_release(struct admission *a)
{
	verified_layout_free(a->layout);
	trust_free(a->trust);
	state_close(&a->state);
	*a = (struct admission)ADMISSION_INIT;
}
