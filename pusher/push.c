#include "pusher/push.h"

#include "common/blob_hash.h"
#include "pusher/beside.h"
#include "pusher/blob_upload.h"
#include "pusher/manifest_upload.h"
#include "pusher/tags_together.h"

/* ---- blobs ---- */

/* A blob that a repository needs. */
struct need {
	struct push_repository *repository;
	size_t at;
	const struct plan_blob *blob;
	const char *mount_from; /* NULL: it is in no repository yet */
};

/* Long ones first, since they end last; the same digest side by side, in the plan's order. */
static int compare_needs(const void *a, const void *b)
{
	const struct need *x = a;
	const struct need *y = b;

	if (x->blob->size_bytes != y->blob->size_bytes)
		return x->blob->size_bytes > y->blob->size_bytes ? -1 : 1;
	int order = digest_compare(&x->blob->digest, &y->blob->digest);
	if (order != 0)
		return order;
	return (x->repository > y->repository) - (x->repository < y->repository);
}

static struct need *gather_needs(struct push *p, size_t *out_count)
{
	struct need *needs = NULL;
	size_t capacity = 0;

	*out_count = 0;
	for (size_t i = 0; i < p->repository_count; i++) {
		struct push_repository *r = &p->repositories[i];
		for (size_t k = 0; k < r->plan->blob_count; k++) {
			if (r->blobs[k] != PUSH_STATE_NEEDED)
				continue;
			needs = mem_grow(needs, *out_count, &capacity, sizeof(*needs));
			needs[(*out_count)++] =
			    (struct need){.repository = r, .at = k, .blob = &r->plan->blobs[k]};
		}
	}
	if (*out_count > 0)
		qsort(needs, *out_count, sizeof(*needs), compare_needs);
	return needs;
}

static uint64_t needs_bytes(const struct need *needs, size_t count)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += needs[i].mount_from == NULL ? needs[i].blob->size_bytes : 0;
	return bytes;
}

static void record_blob(const struct need *n, const struct blob_upload *u)
{
	static const enum push_state states[] = {
	    [BLOB_PUSHED] = PUSH_STATE_PUSHED,
	    [BLOB_MOUNTED] = PUSH_STATE_MOUNTED,
	    [BLOB_PRESENT] = PUSH_STATE_PRESENT,
	};

	n->repository->blobs[n->at] = states[u->result];
}

/* Those that must be sent, or (is_mounted) those that another repository has by now. */
static int send_blobs(struct registry *registry, const struct need *needs, size_t count,
    bool is_mounted, struct error *err)
{
	auto_free struct blob_upload *uploads = mem_zalloc(count, sizeof(*uploads));
	auto_free struct job **jobs = mem_zalloc(count, sizeof(struct job *));
	size_t job_count = 0;

	for (size_t i = 0; i < count; i++) {
		if ((needs[i].mount_from != NULL) != is_mounted)
			continue;
		blob_upload_init(&uploads[i], registry, needs[i].repository->plan->name,
		    needs[i].blob, needs[i].mount_from);
		jobs[job_count++] = &uploads[i].job;
	}
	int result = session_run(registry->session, jobs, job_count, err);
	for (size_t i = 0; i < count; i++) {
		if ((needs[i].mount_from != NULL) != is_mounted)
			continue;
		if (result == 0)
			record_blob(&needs[i], &uploads[i]);
		blob_upload_release(&uploads[i]);
	}
	return result;
}

/* Each name is credited with what was done for it first. */
static void count_blobs(struct push *p)
{
	for (size_t i = 0; i < p->repository_count; i++) {
		const struct push_repository *r = &p->repositories[i];
		auto_free bool *counted = mem_zalloc(r->plan->blob_count + 1, sizeof(*counted));
		for (size_t k = 0; k < p->name_count; k++) {
			struct push_name *n = &p->names[k];
			for (size_t b = 0;
			     n->at == i && push_is_written(n) && b < n->name->blob_count; b++) {
				size_t at = n->name->blobs[b];
				n->blobs_pushed +=
				    !counted[at] && r->blobs[at] == PUSH_STATE_PUSHED;
				n->blobs_mounted +=
				    !counted[at] && r->blobs[at] == PUSH_STATE_MOUNTED;
				counted[at] = true;
			}
		}
	}
}

int push_blobs(struct push *p, struct registry *registry, struct error *err)
{
	size_t count;
	auto_free struct need *needs = gather_needs(p, &count);

	if (count == 0)
		return 0;
	for (size_t i = 1; i < count; i++) {
		if (!digest_equal(&needs[i].blob->digest, &needs[i - 1].blob->digest))
			continue;
		needs[i].mount_from = needs[i - 1].mount_from != NULL
					  ? needs[i - 1].mount_from
					  : needs[i - 1].repository->plan->name;
	}
	progress_expect(registry->session->progress, needs_bytes(needs, count), count);
	if (send_blobs(registry, needs, count, false, err) != 0 ||
	    send_blobs(registry, needs, count, true, err) != 0)
		return -1;
	count_blobs(p);
	return 0;
}

static int compare_plan_blobs(const void *digest, const void *blob)
{
	return digest_compare(digest, &((const struct plan_blob *)blob)->digest);
}

/* A blob that was sent was hashed to its end; one that was there or mounted was not read. */
static bool was_sent(const struct push *p, const struct digest *digest)
{
	for (size_t i = 0; i < p->repository_count; i++) {
		const struct push_repository *r = &p->repositories[i];
		const struct plan_blob *found = bsearch(digest, r->plan->blobs, r->plan->blob_count,
		    sizeof(*found), compare_plan_blobs);
		if (found != NULL && r->blobs[found - r->plan->blobs] == PUSH_STATE_PUSHED)
			return true;
	}
	return false;
}

int push_settle(const struct push *p, const struct verified_layout *v, struct error *err)
{
	size_t count;
	const struct digest *owed = verified_layout_owed(v, &count);

	for (size_t i = 0; i < count; i++) {
		if (!was_sent(p, &owed[i]) &&
		    blob_hash_owed(verified_layout_files(v), &owed[i], err) != 0)
			return -1;
	}
	return 0;
}

/* ---- manifests ---- */

/* One manifest on its way, to its digest or to a tag. */
struct delivery_step {
	struct push_repository *repository;
	size_t at;
	const char *tag;        /* NULL: by digest */
	struct push_name *name; /* of the tag */
	bool keeps_others;
	int64_t seen_ms;
	struct manifest_upload upload;
	char reference[DIGEST_TEXT_LEN + 1];
};

static void step_init(struct delivery_step *s, struct registry *registry, bool may_miss)
{
	const struct plan_repository *plan = s->repository->plan;
	const struct plan_manifest *m = &plan->manifests[s->at];

	digest_text(s->reference, &m->digest);
	manifest_upload_init(
	    &s->upload, registry, plan->name, s->tag == NULL ? s->reference : s->tag, m);
	s->upload.may_miss = may_miss;
	s->upload.keeps_others = s->keeps_others;
	s->upload.seen_ms = s->seen_ms;
}

/* The registry said that it had what it lacks: the manifest's own blobs once more, unasked. */
static int bring_blobs_again(
    struct registry *registry, const struct delivery_step *s, struct error *err)
{
	const struct plan_repository *plan = s->repository->plan;
	const struct plan_manifest *m = &plan->manifests[s->at];
	auto_free struct blob_upload *uploads = mem_zalloc(m->blob_count + 1, sizeof(*uploads));
	auto_free struct job **jobs = mem_zalloc(m->blob_count + 1, sizeof(struct job *));

	for (size_t i = 0; i < m->blob_count; i++) {
		blob_upload_init(
		    &uploads[i], registry, plan->name, &plan->blobs[m->blobs[i]], NULL);
		blob_upload_force(&uploads[i]);
		jobs[i] = &uploads[i].job;
	}
	int result = session_run(registry->session, jobs, m->blob_count, err);
	for (size_t i = 0; i < m->blob_count; i++)
		blob_upload_release(&uploads[i]);
	return result;
}

static int run_steps(struct registry *registry, struct delivery_step *steps, size_t count,
    bool may_miss, struct error *err)
{
	auto_free struct job **jobs = mem_zalloc(count + 1, sizeof(struct job *));

	for (size_t i = 0; i < count; i++) {
		step_init(&steps[i], registry, may_miss);
		jobs[i] = &steps[i].upload.job;
	}
	int result = session_run(registry->session, jobs, count, err);
	for (size_t i = 0; i < count; i++)
		manifest_upload_release(&steps[i].upload);
	return result;
}

/* Children of an index, deepest first, with their blobs; then the manifest itself. */
static int repair(struct registry *registry, struct delivery_step *s, struct error *err)
{
	const struct plan_repository *plan = s->repository->plan;

	for (size_t i = 0; i < plan->name_count; i++) {
		const struct plan_name *n = &plan->names[i];
		for (size_t k = 0; n->tag != NULL && n->manifest == s->at && k < n->child_count;
		     k++) {
			struct delivery_step child = {
			    .repository = s->repository, .at = n->children[k]};
			if (bring_blobs_again(registry, &child, err) != 0 ||
			    run_steps(registry, &child, 1, false, err) != 0)
				return -1;
		}
	}
	if (bring_blobs_again(registry, s, err) != 0)
		return -1;
	return run_steps(registry, s, 1, false, err);
}

/* Side by side; what the registry turns out to lack is brought, once. */
static int push_steps(
    struct registry *registry, struct delivery_step *steps, size_t count, struct error *err)
{
	if (run_steps(registry, steps, count, true, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (steps[i].upload.is_blob_unknown && repair(registry, &steps[i], err) != 0)
			return -1;
	}
	return 0;
}

static unsigned highest(const struct push *p)
{
	unsigned height = 0;

	for (size_t i = 0; i < p->repository_count; i++) {
		const struct plan_repository *r = p->repositories[i].plan;
		for (size_t k = 0; k < r->manifest_count; k++)
			height = r->manifests[k].height > height ? r->manifests[k].height : height;
	}
	return height;
}

static struct delivery_step *gather_level(struct push *p, unsigned height, size_t *out_count)
{
	struct delivery_step *steps = NULL;
	size_t capacity = 0;

	*out_count = 0;
	for (size_t i = 0; i < p->repository_count; i++) {
		struct push_repository *r = &p->repositories[i];
		for (size_t k = 0; k < r->plan->manifest_count; k++) {
			if (r->manifests[k] != PUSH_STATE_NEEDED ||
			    r->plan->manifests[k].height != height)
				continue;
			steps = mem_grow(steps, *out_count, &capacity, sizeof(*steps));
			steps[(*out_count)++] = (struct delivery_step){.repository = r, .at = k};
		}
	}
	return steps;
}

/* Whether the registry said that it lists the referrer that it took; a list that was asked for and
 * is not there counts for more. */
static void note_unlisted(const struct registry *registry, const struct delivery_step *step)
{
	const struct plan_repository *plan = step->repository->plan;

	if (step->upload.is_subject_known && !registry->no_referrers)
		return;
	for (size_t i = 0; i < plan->subject_count; i++) {
		const struct plan_subject *s = &plan->subjects[i];
		for (size_t k = 0; k < s->referrer_count; k++) {
			if (s->referrers[k] == step->at)
				step->repository->subjects[i].is_unlisted = true;
		}
	}
}

static int push_manifests(struct push *p, struct registry *registry, struct error *err)
{
	unsigned top = highest(p);

	for (unsigned height = 0; height <= top; height++) {
		size_t count;
		auto_free struct delivery_step *steps = gather_level(p, height, &count);
		if (count > 0 && push_steps(registry, steps, count, err) != 0)
			return -1;
		for (size_t i = 0; i < count; i++) {
			steps[i].repository->manifests[steps[i].at] = PUSH_STATE_PUSHED;
			note_unlisted(registry, &steps[i]);
		}
	}
	return 0;
}

/* Signatures, and the lists that the registry does not keep. */
static int push_beside(struct push *p, struct registry *registry, struct error *err)
{
	auto_free struct beside *all = NULL;
	size_t count = 0;
	size_t capacity = 0;

	for (size_t i = 0; i < p->repository_count; i++) {
		struct push_repository *r = &p->repositories[i];
		for (size_t k = 0; k < r->plan->subject_count; k++) {
			struct push_subject *s = &r->subjects[k];
			if (s->signature == PUSH_STATE_NEEDED)
				all = beside_add(all, &count, &capacity, r, k, MERGE_SIGNATURES);
			if (s->referrers != PUSH_STATE_NEEDED)
				continue;
			s->referrers = PUSH_STATE_PUSHED;
			if (s->is_unlisted)
				all = beside_add(all, &count, &capacity, r, k, MERGE_REFERRERS);
		}
	}
	return beside_run(registry, all, count, MERGE_WRITE, err);
}

int push_keep(struct push *p, struct registry *registry, struct error *err)
{
	auto_free struct beside *all = NULL;
	size_t count = 0;
	size_t capacity = 0;

	for (size_t i = 0; i < p->repository_count; i++) {
		struct push_repository *r = &p->repositories[i];
		for (size_t k = 0; k < r->plan->subject_count; k++) {
			const struct push_subject *s = &r->subjects[k];
			if (s->signature >= PUSH_STATE_PUSHED)
				all = beside_add(all, &count, &capacity, r, k, MERGE_SIGNATURES);
			if (s->is_unlisted && s->referrers >= PUSH_STATE_PUSHED)
				all = beside_add(all, &count, &capacity, r, k, MERGE_REFERRERS);
		}
	}
	return beside_run(registry, all, count, MERGE_KEEP, err);
}

int push_prepare(struct push *p, struct registry *registry, struct error *err)
{
	return push_manifests(p, registry, err) != 0 ? -1 : push_beside(p, registry, err);
}

/* ---- tags ---- */

static bool is_left(const struct push_name *n)
{
	return push_is_written(n) && !n->is_tagged;
}

/* The next name of each repository that is to be written, behind those of earlier rounds. */
static size_t gather_round(struct push *p, size_t *next, struct delivery_step *out)
{
	size_t count = 0;

	for (size_t i = 0, begin = 0; i < p->repository_count; i++) {
		size_t end = begin + p->repositories[i].plan->name_count;
		while (next[i] < end - begin && !is_left(&p->names[begin + next[i]]))
			next[i]++;
		if (next[i] < end - begin) {
			struct push_name *n = &p->names[begin + next[i]++];
			out[count++] = (struct delivery_step){.repository = &p->repositories[i],
			    .at = n->name->manifest,
			    .tag = n->name->tag,
			    .name = n,
			    .keeps_others = p->existing != PUSH_EXISTING_OVERWRITE,
			    .seen_ms = p->seen_ms};
		}
		begin = end;
	}
	return count;
}

/* What others put under a tag since it was looked at stays. */
static int judge_taken(
    const struct push *p, const struct delivery_step *steps, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		if (!steps[i].upload.is_taken)
			continue;
		if (p->existing != PUSH_EXISTING_SKIP)
			return error_set(err, ERR_CONFLICT,
			    "meanwhile somebody put something else under %s:%s, and it stays; see "
			    "--on-existing",
			    steps[i].repository->plan->name, steps[i].tag);
		steps[i].name->action = PUSH_SKIP;
	}
	return 0;
}

static bool is_look_old(const struct push *p, const struct registry *registry)
{
	struct http_transport *t = registry->session->transport;

	return p->existing != PUSH_EXISTING_OVERWRITE &&
	       t->now_ms(t) - p->seen_ms > LIMIT_LOOK_AGE_MS_MAX;
}

int push_tags(struct push *p, struct registry *registry, struct error *err)
{
	auto_free size_t *next = mem_zalloc(p->repository_count + 1, sizeof(*next));
	auto_free struct delivery_step *steps = mem_zalloc(p->repository_count + 1, sizeof(*steps));
	size_t count;

	/* One request has no condition for each of its tags, and no look at each before it. */
	if (!is_look_old(p, registry) && tags_together(p, registry, err) != 0)
		return -1;
	while ((count = gather_round(p, next, steps)) > 0) {
		if (push_steps(registry, steps, count, err) != 0 ||
		    judge_taken(p, steps, count, err) != 0)
			return -1;
	}
	return 0;
}
