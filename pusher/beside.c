#include "pusher/beside.h"

static enum push_state *state_of(const struct beside *b)
{
	struct push_subject *s = &b->repository->subjects[b->at];

	return b->kind == MERGE_SIGNATURES ? &s->signature : &s->referrers;
}

struct beside *beside_add(struct beside *all, size_t *count, size_t *capacity,
    struct push_repository *r, size_t at, enum tag_merge_kind kind)
{
	all = mem_grow(all, *count, capacity, sizeof(*all));
	all[(*count)++] = (struct beside){.repository = r, .at = at, .kind = kind};
	return all;
}

int beside_run(struct registry *registry, struct beside *all, size_t count, enum tag_merge_use use,
    struct error *err)
{
	static const enum push_state states[] = {
	    [MERGE_IS_THERE] = PUSH_STATE_PRESENT,
	    [MERGE_MISSING] = PUSH_STATE_NEEDED,
	    [MERGE_NEW] = PUSH_STATE_PUSHED,
	    [MERGE_MERGED] = PUSH_STATE_MERGED,
	    [MERGE_UNLISTED] = PUSH_STATE_UNLISTED,
	};
	auto_free struct job **jobs = mem_zalloc(count + 1, sizeof(struct job *));

	for (size_t i = 0; i < count; i++) {
		const struct plan_repository *plan = all[i].repository->plan;
		tag_merge_init(
		    &all[i].merge, registry, plan, &plan->subjects[all[i].at], all[i].kind, use);
		jobs[i] = &all[i].merge.job;
	}
	int result = session_run(registry->session, jobs, count, err);
	for (size_t i = 0; i < count; i++) {
		if (result == 0 && (use != MERGE_KEEP || all[i].merge.result != MERGE_IS_THERE))
			*state_of(&all[i]) = states[all[i].merge.result];
		tag_merge_release(&all[i].merge);
	}
	return result;
}
