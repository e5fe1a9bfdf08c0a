#include "pusher/tags_together.h"

#include "pusher/manifest_lookup.h"
#include "pusher/tags_upload.h"

/* Names that one request puts. */
struct group {
	struct push_name *names[LIMIT_TAGS_AT_ONCE_MAX];
	const char *tags[LIMIT_TAGS_AT_ONCE_MAX];
	size_t count;
	struct tags_upload upload;
};

/* The names behind the one at first that belong to its request; those of a repository stand
 * together. */
static void fill(struct group *g, struct push *p, size_t first, bool *taken)
{
	struct push_name *leader = &p->names[first];

	g->count = 0;
	for (size_t i = first; i < p->name_count && p->names[i].at == leader->at; i++) {
		struct push_name *n = &p->names[i];
		if (taken[i] || !push_is_written(n) || n->name->manifest != leader->name->manifest)
			continue;
		taken[i] = true;
		g->tags[g->count] = n->name->tag;
		g->names[g->count++] = n;
		if (g->count == LIMIT_TAGS_AT_ONCE_MAX)
			return;
	}
}

static struct group *gather(struct push *p, size_t *out_count)
{
	auto_free bool *taken = mem_zalloc(p->name_count + 1, sizeof(*taken));
	struct group *groups = NULL;
	size_t capacity = 0;

	*out_count = 0;
	for (size_t i = 0; i < p->name_count; i++) {
		if (taken[i] || !push_is_written(&p->names[i]))
			continue;
		groups = mem_grow(groups, *out_count, &capacity, sizeof(*groups));
		fill(&groups[*out_count], p, i, taken);
		if (groups[*out_count].count > 1)
			(*out_count)++;
	}
	return groups;
}

static int put(struct registry *registry, struct group *groups, size_t count, struct error *err)
{
	auto_free struct job **jobs = mem_zalloc(count + 1, sizeof(struct job *));

	for (size_t i = 0; i < count; i++) {
		struct group *g = &groups[i];
		const struct plan_repository *plan = g->names[0]->repository;
		tags_upload_init(&g->upload, registry, plan->name,
		    &plan->manifests[g->names[0]->name->manifest], g->tags, g->count);
		jobs[i] = &g->upload.job;
	}
	int result = session_run(registry->session, jobs, count, err);
	for (size_t i = 0; i < count; i++)
		tags_upload_release(&groups[i].upload);
	return result;
}

/* A tag that the registry says it took, to be looked at: of a request that few know, its word is
 * not enough. */
struct check {
	struct push_name *name;
	struct manifest_lookup lookup;
};

static struct check *gather_checks(
    struct registry *registry, struct group *groups, size_t count, size_t *out_count)
{
	struct check *checks = mem_zalloc(count * LIMIT_TAGS_AT_ONCE_MAX + 1, sizeof(*checks));

	*out_count = 0;
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < groups[i].count; k++) {
			struct check *c = &checks[*out_count];
			if (!groups[i].upload.said[k])
				continue;
			c->name = groups[i].names[k];
			manifest_lookup_init(
			    &c->lookup, registry, c->name->repository->name, groups[i].tags[k]);
			(*out_count)++;
		}
	}
	return checks;
}

static int look(struct registry *registry, struct group *groups, size_t count, struct error *err)
{
	size_t job_count;
	auto_free struct check *checks = gather_checks(registry, groups, count, &job_count);
	auto_free struct job **jobs = mem_zalloc(job_count + 1, sizeof(struct job *));

	for (size_t i = 0; i < job_count; i++)
		jobs[i] = &checks[i].lookup.job;
	int result = session_run(registry->session, jobs, job_count, err);
	for (size_t i = 0; i < job_count; i++) {
		const struct manifest_lookup *l = &checks[i].lookup;
		struct push_name *n = checks[i].name;
		n->is_tagged =
		    result == 0 && l->exists && digest_equal(&l->digest, &n->name->digest);
		manifest_lookup_release(&checks[i].lookup);
	}
	return result;
}

int tags_together(struct push *p, struct registry *registry, struct error *err)
{
	size_t count;
	auto_free struct group *groups = gather(p, &count);

	if (count == 0)
		return 0;
	/* One shows whether the registry knows it. */
	if (put(registry, groups, 1, err) != 0 || look(registry, groups, 1, err) != 0)
		return -1;
	for (size_t i = 0; i < groups[0].count; i++) {
		if (!groups[0].names[i]->is_tagged)
			return 0;
	}
	if (put(registry, groups + 1, count - 1, err) != 0)
		return -1;
	return look(registry, groups + 1, count - 1, err);
}
