#include "pusher/push.h"

#include <string.h>

/* ---- deciding ---- */

static enum push_action action_for(
    const struct registry_manifest *found, const struct digest *ours, enum push_existing existing)
{
	if (!found->exists)
		return PUSH_NEW;
	if (digest_equal(&found->digest, ours))
		return PUSH_UNCHANGED;
	return existing == PUSH_EXISTING_SKIP ? PUSH_SKIP : PUSH_REPLACE;
}

static int ask(struct push_name *out, const struct registry *registry, enum push_existing existing,
    struct error *err)
{
	struct registry_manifest found = {.exists = false};

	if (registry_find_manifest(registry, out->repository->name, out->name->tag, &found, err) !=
	    0)
		return -1;
	out->action = action_for(&found, &out->name->manifest.digest, existing);
	return 0;
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

int push_decide(struct push *out, const struct plan *plan, const struct registry *registry,
    enum push_existing existing, struct error *err)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->repository_count; i++)
		count += plan->repositories[i].name_count;
	out->names = mem_zalloc(count + 1, sizeof(*out->names));
	for (size_t i = 0; i < plan->repository_count; i++) {
		const struct plan_repository *repository = &plan->repositories[i];
		for (size_t k = 0; k < repository->name_count; k++) {
			struct push_name *name = &out->names[out->name_count++];
			name->repository = repository;
			name->name = &repository->names[k];
			if (ask(name, registry, existing, err) != 0)
				return -1;
		}
	}
	return existing == PUSH_EXISTING_FAIL ? check_conflicts(out, err) : 0;
}

/* ---- writing ---- */

/* What a step of the work sends for one tag; done[] is the repository's, by position. */
struct step {
	const struct registry *registry;
	const struct layout *layout;
	bool *done;
};

typedef int write_step(const struct step *s, struct push_name *name, struct error *err);

static int write_blobs(const struct step *s, struct push_name *name, struct error *err)
{
	const struct plan_repository *repository = name->repository;

	for (size_t i = 0; i < name->name->blob_count; i++) {
		size_t at = name->name->blobs[i];
		if (s->done[at])
			continue;
		if (registry_push_blob(
			s->registry, repository->name, s->layout, &repository->blobs[at], err) != 0)
			return -1;
		s->done[at] = true;
		name->blobs_pushed++;
	}
	return 0;
}

static int write_children(const struct step *s, struct push_name *name, struct error *err)
{
	const struct plan_repository *repository = name->repository;
	char reference[DIGEST_TEXT_LEN + 1];

	for (size_t i = 0; i < name->name->child_count; i++) {
		size_t at = name->name->children[i];
		const struct plan_manifest *child = &repository->children[at];
		if (s->done[at])
			continue;
		digest_text(reference, &child->digest);
		if (registry_push_manifest(
			s->registry, repository->name, reference, s->layout, child, err) != 0)
			return -1;
		s->done[at] = true;
	}
	return 0;
}

static int write_tag(const struct step *s, struct push_name *name, struct error *err)
{
	return registry_push_manifest(s->registry, name->repository->name, name->name->tag,
	    s->layout, &name->name->manifest, err);
}

/* Takes one step for every tag that is to be written. Tags of a repository stand together. */
static int write_all(struct push *p, const struct registry *registry, const struct layout *layout,
    write_step *write, struct error *err)
{
	const struct plan_repository *repository = NULL;
	auto_free bool *done = NULL;

	for (size_t i = 0; i < p->name_count; i++) {
		struct push_name *name = &p->names[i];
		if (name->action != PUSH_NEW && name->action != PUSH_REPLACE)
			continue;
		if (done == NULL || name->repository != repository) {
			repository = name->repository;
			free(done);
			done = mem_zalloc(
			    repository->blob_count + repository->child_count + 1, sizeof(*done));
		}
		const struct step s = {.registry = registry, .layout = layout, .done = done};
		if (write(&s, name, err) != 0)
			return -1;
	}
	return 0;
}

int push_write(
    struct push *p, const struct registry *registry, const struct layout *layout, struct error *err)
{
	write_step *const steps[] = {write_blobs, write_children, write_tag};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (write_all(p, registry, layout, steps[i], err) != 0)
			return -1;
	}
	return 0;
}

void push_release(struct push *p)
{
	free(p->names);
	*p = (struct push)PUSH_INIT;
}
