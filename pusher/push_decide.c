#include <string.h>

#include "pusher/beside.h"
#include "pusher/manifest_lookup.h"

bool push_is_written(const struct push_name *n)
{
	return n->name->tag != NULL && (n->action == PUSH_NEW || n->action == PUSH_REPLACE);
}

/* ---- looking at the tags ---- */

static void push_init(struct push *out, const struct plan *plan)
{
	out->names = mem_zalloc(plan->name_count + 1, sizeof(*out->names));
	out->repositories = mem_zalloc(plan->repository_count + 1, sizeof(*out->repositories));
	for (size_t i = 0; i < plan->repository_count; i++) {
		const struct plan_repository *r = &plan->repositories[i];
		struct push_repository *mine = &out->repositories[out->repository_count++];
		mine->plan = r;
		mine->blobs = mem_zalloc(r->blob_count + 1, sizeof(*mine->blobs));
		mine->manifests = mem_zalloc(r->manifest_count + 1, sizeof(*mine->manifests));
		mine->subjects = mem_zalloc(r->subject_count + 1, sizeof(*mine->subjects));
		for (size_t k = 0; k < r->name_count; k++)
			out->names[out->name_count++] =
			    (struct push_name){.at = i, .repository = r, .name = &r->names[k]};
	}
}

static int judge(struct push_name *n, const struct manifest_lookup *found,
    enum push_existing existing, struct error *err)
{
	char text[DIGEST_TEXT_LEN + 1];

	if (n->name->tag == NULL && !found->exists) {
		digest_text(text, &n->name->digest);
		return error_set(err, ERR_REGISTRY,
		    "%s@%s: a signature or referrer belongs to it, but it is not there: push it "
		    "first",
		    n->repository->name, text);
	}
	if (!found->exists)
		n->action = PUSH_NEW;
	else if (digest_equal(&found->digest, &n->name->digest))
		n->action = PUSH_UNCHANGED;
	else
		n->action = existing == PUSH_EXISTING_SKIP ? PUSH_SKIP : PUSH_REPLACE;
	return 0;
}

static int look(
    struct push *p, struct registry *registry, enum push_existing existing, struct error *err)
{
	auto_free struct manifest_lookup *lookups = mem_zalloc(p->name_count, sizeof(*lookups));
	auto_free struct job **jobs = mem_zalloc(p->name_count, sizeof(struct job *));
	auto_free char(*digests)[DIGEST_TEXT_LEN + 1] = mem_zalloc(p->name_count, sizeof(*digests));

	for (size_t i = 0; i < p->name_count; i++) {
		const struct push_name *n = &p->names[i];
		digest_text(digests[i], &n->name->digest);
		manifest_lookup_init(&lookups[i], registry, n->repository->name,
		    n->name->tag == NULL ? digests[i] : n->name->tag);
		jobs[i] = &lookups[i].job;
	}
	int result = session_run(registry->session, jobs, p->name_count, err);
	for (size_t i = 0; i < p->name_count; i++) {
		if (result == 0)
			result = judge(&p->names[i], &lookups[i], existing, err);
		manifest_lookup_release(&lookups[i]);
	}
	return result;
}

/* Names as many tags as an error has room for, and says how many there are. */
static int check_conflicts(const struct push *p, struct error *err)
{
	auto_buf struct buf names = BUF_INIT(ERROR_TEXT_BYTES * 3 / 4);
	size_t found = 0;
	size_t unnamed = 0;

	for (size_t i = 0; i < p->name_count; i++) {
		const struct push_name *n = &p->names[i];
		if (n->action != PUSH_REPLACE)
			continue;
		found++;
		auto_free char *text = mem_printf(
		    "%s%s:%s", names.len == 0 ? "" : ", ", n->repository->name, n->name->tag);
		if (strlen(text) <= names.max - names.len)
			buf_puts(&names, text);
		else
			unnamed++;
	}
	if (found == 0)
		return 0;
	if (unnamed > 0)
		return error_set(err, ERR_CONFLICT,
		    "%zu tags hold something else, nothing was written: %s and %zu more; see "
		    "--on-existing",
		    found, buf_text(&names), unnamed);
	return error_set(err, ERR_CONFLICT,
	    "%s something else, nothing was written: %s; see --on-existing",
	    found == 1 ? "a tag holds" : "tags hold", buf_text(&names));
}

/* ---- what is needed ---- */

static void need_manifest(struct push_repository *r, size_t at, bool by_digest)
{
	const struct plan_manifest *m = &r->plan->manifests[at];

	if (by_digest && r->manifests[at] == PUSH_STATE_UNASKED)
		r->manifests[at] = PUSH_STATE_NEEDED;
	for (size_t i = 0; i < m->blob_count; i++) {
		if (r->blobs[m->blobs[i]] == PUSH_STATE_UNASKED)
			r->blobs[m->blobs[i]] = PUSH_STATE_NEEDED;
	}
}

/* By its digest, and so are the manifests of an index. */
static void need_referrer(struct push_repository *r, size_t at)
{
	need_manifest(r, at, true);
	for (size_t i = 0; i < r->plan->manifests[at].child_count; i++)
		need_referrer(r, r->plan->manifests[at].children[i]);
}

static void need_subject(struct push_repository *r, size_t at)
{
	const struct plan_subject *plan = &r->plan->subjects[at];
	struct push_subject *s = &r->subjects[at];

	if (plan->has_signature && s->signature == PUSH_STATE_UNASKED)
		s->signature = PUSH_STATE_NEEDED;
	if (plan->referrer_count > 0 && s->referrers == PUSH_STATE_UNASKED)
		s->referrers = PUSH_STATE_NEEDED;
	if (s->signature == PUSH_STATE_NEEDED)
		need_manifest(r, plan->signature, false);
	for (size_t i = 0; s->referrers == PUSH_STATE_NEEDED && i < plan->referrer_count; i++)
		need_referrer(r, plan->referrers[i]);
}

/* Of a name that is written all, of one that is there already what was found missing. */
static void need_name(struct push *p, const struct push_name *n)
{
	struct push_repository *r = &p->repositories[n->at];

	if (push_is_written(n)) {
		need_manifest(r, n->name->manifest, false);
		for (size_t i = 0; i < n->name->child_count; i++)
			need_manifest(r, n->name->children[i], true);
	}
	for (size_t i = 0; n->action != PUSH_SKIP && i < n->name->subject_count; i++)
		need_subject(r, n->name->subjects[i]);
}

/* ---- looking at what belongs beside ---- */

/* Only of names that are there already: what belongs to a new one is brought in any case. */
static int look_beside(struct push *p, struct registry *registry, struct error *err)
{
	auto_free struct beside *all = NULL;
	size_t count = 0;
	size_t capacity = 0;

	for (size_t i = 0; i < p->name_count; i++) {
		const struct push_name *n = &p->names[i];
		struct push_repository *r = &p->repositories[n->at];
		for (size_t k = 0; n->action == PUSH_UNCHANGED && k < n->name->subject_count; k++) {
			size_t at = n->name->subjects[k];
			struct push_subject *s = &r->subjects[at];
			if (s->is_looked_at)
				continue;
			s->is_looked_at = true;
			if (r->plan->subjects[at].has_signature)
				all = beside_add(all, &count, &capacity, r, at, MERGE_SIGNATURES);
			if (r->plan->subjects[at].referrer_count > 0)
				all = beside_add(all, &count, &capacity, r, at, MERGE_REFERRERS);
		}
	}
	return beside_run(registry, all, count, MERGE_LOOK, err);
}

int push_decide(struct push *out, const struct plan *plan, struct registry *registry,
    enum push_existing existing, struct error *err)
{
	push_init(out, plan);
	out->existing = existing;
	out->seen_ms = registry->session->transport->now_ms(registry->session->transport);
	if (look(out, registry, existing, err) != 0)
		return -1;
	if (existing == PUSH_EXISTING_FAIL && check_conflicts(out, err) != 0)
		return -1;
	if (look_beside(out, registry, err) != 0)
		return -1;
	for (size_t i = 0; i < out->name_count; i++)
		need_name(out, &out->names[i]);
	return 0;
}

bool push_is_done(const struct push *p)
{
	for (size_t i = 0; i < p->name_count; i++) {
		const struct push_name *n = &p->names[i];
		const struct push_repository *r = &p->repositories[n->at];
		if (push_is_written(n))
			return false;
		for (size_t k = 0; k < n->name->subject_count; k++) {
			const struct push_subject *s = &r->subjects[n->name->subjects[k]];
			if (s->signature == PUSH_STATE_NEEDED || s->referrers == PUSH_STATE_NEEDED)
				return false;
		}
	}
	return true;
}

void push_release(struct push *p)
{
	for (size_t i = 0; i < p->repository_count; i++) {
		free(p->repositories[i].blobs);
		free(p->repositories[i].manifests);
		free(p->repositories[i].subjects);
	}
	free(p->repositories);
	free(p->names);
	*p = (struct push)PUSH_INIT;
}
