#include "pusher/plan.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "common/reference.h"

/* ---- reading the graph ---- */

/* A signature or referrer, by what it belongs to. */
struct beside {
	struct digest subject;
	size_t node;
};

/* A name while it is planned: with a tag, or (tag NULL) something in the registry only. */
struct wanted {
	const char *repository;
	const char *tag;
	size_t node;
	struct digest digest;
};

/* The graph, and what was reached for the present name or repository. */
struct walk {
	const struct graph *graph;
	struct beside *beside; /* owned; sorted by subject, then by node */
	size_t beside_count;
	unsigned char *reached; /* owned; by node */
	size_t *nodes;          /* owned; those reached */
	size_t node_count;
};

static int compare_positions(const void *a, const void *b)
{
	size_t x = *(const size_t *)a;
	size_t y = *(const size_t *)b;

	return (x > y) - (x < y);
}

static int compare_beside(const void *a, const void *b)
{
	const struct beside *x = a;
	const struct beside *y = b;
	int order = digest_compare(&x->subject, &y->subject);

	return order != 0 ? order : compare_positions(&x->node, &y->node);
}

/* A list of referrers that another tool kept is made anew where the registry needs one. */
static void find_beside(struct walk *w)
{
	for (size_t i = 0; i < w->graph->node_count; i++) {
		const struct graph_node *node = &w->graph->nodes[i];
		const struct digest *subject = graph_subject(node);
		if (subject == NULL || node->is_referrers_index)
			continue;
		w->beside[w->beside_count].subject = *subject;
		w->beside[w->beside_count++].node = i;
	}
	qsort(w->beside, w->beside_count, sizeof(*w->beside), compare_beside);
}

/* The first of those beside subject, up to the first of another one. */
static const struct beside *beside_of(
    const struct walk *w, const struct digest *subject, const struct beside **out_end)
{
	size_t low = 0;
	size_t high = w->beside_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (digest_compare(&w->beside[middle].subject, subject) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	size_t end = low;
	while (end < w->beside_count && digest_equal(&w->beside[end].subject, subject))
		end++;
	*out_end = w->beside + end;
	return w->beside + low;
}

static void reach(struct walk *w, size_t node)
{
	if (w->reached[node])
		return;
	w->reached[node] = 1;
	w->nodes[w->node_count++] = node;
}

/* To LIMIT_INDEX_DEPTH_MAX. */
static void reach_children(struct walk *w, size_t at)
{
	const struct graph_node *node = &w->graph->nodes[at];

	for (size_t i = 0; i < node->child_count; i++) {
		if (w->reached[node->children[i]])
			continue;
		reach(w, node->children[i]);
		reach_children(w, node->children[i]);
	}
}

static void reach_beside(struct walk *w, const struct digest *subject)
{
	const struct beside *end;

	for (const struct beside *b = beside_of(w, subject, &end); b < end; b++) {
		reach(w, b->node);
		reach_children(w, b->node);
	}
}

static void walk_reset(struct walk *w)
{
	for (size_t i = 0; i < w->node_count; i++)
		w->reached[w->nodes[i]] = 0;
	w->node_count = 0;
}

/* Whatever must come with a name: what is beside something that is beside something, too. */
static void reach_name(struct walk *w, const struct wanted *name)
{
	size_t from = w->node_count;

	if (name->tag == NULL) {
		reach_beside(w, &name->digest);
	} else {
		reach(w, name->node);
		reach_children(w, name->node);
	}
	for (size_t i = from; i < w->node_count; i++)
		reach_beside(w, &w->graph->nodes[w->nodes[i]].descriptor.digest);
}

/* ---- one repository ---- */

static int compare_blobs(const void *a, const void *b)
{
	const struct plan_blob *x = a;
	const struct plan_blob *y = b;

	return digest_compare(&x->digest, &y->digest);
}

/* The position of key, which is there, among sorted items. */
static size_t position_of(const void *key, const void *items, size_t count, size_t size,
    int (*compare)(const void *, const void *))
{
	const char *found = bsearch(key, items, count, size, compare);

	assert(found != NULL);
	return (size_t)(found - (const char *)items) / size;
}

static size_t blob_position(const struct plan_repository *r, const struct descriptor *d)
{
	const struct plan_blob key = {.digest = d->digest};

	return position_of(&key, r->blobs, r->blob_count, sizeof(key), compare_blobs);
}

static void add_blob(
    struct plan_repository *r, size_t *capacity, const struct descriptor *descriptor)
{
	r->blobs = mem_grow(r->blobs, r->blob_count, capacity, sizeof(*r->blobs));
	r->blobs[r->blob_count++] =
	    (struct plan_blob){.digest = descriptor->digest, .size_bytes = descriptor->size_bytes};
}

/* All blobs of the nodes that were reached, sorted, each once. */
static void make_blobs(struct plan_repository *r, const struct walk *w)
{
	size_t capacity = 0;
	size_t kept = 0;

	for (size_t i = 0; i < w->node_count; i++) {
		const struct graph_node *node = &w->graph->nodes[w->nodes[i]];
		if (node->is_index)
			continue;
		add_blob(r, &capacity, &node->manifest.config);
		for (size_t k = 0; k < node->manifest.layer_count; k++)
			add_blob(r, &capacity, &node->manifest.layers[k]);
	}
	if (r->blob_count == 0)
		return;
	qsort(r->blobs, r->blob_count, sizeof(*r->blobs), compare_blobs);
	for (size_t i = 1; i < r->blob_count; i++) {
		if (compare_blobs(&r->blobs[kept], &r->blobs[i]) != 0)
			r->blobs[++kept] = r->blobs[i];
	}
	r->blob_count = kept + 1;
}

static void make_manifest(struct plan_manifest *out, const struct plan_repository *r,
    const struct graph *graph, size_t at)
{
	const struct graph_node *node = &graph->nodes[at];

	*out = (struct plan_manifest){.digest = node->descriptor.digest,
	    .size_bytes = node->descriptor.size_bytes,
	    .media_type = node->descriptor.media_type,
	    .node = at,
	    .height = node->height};
	if (node->is_index)
		return;
	out->blobs = mem_zalloc(node->manifest.layer_count + 1, sizeof(*out->blobs));
	out->blobs[out->blob_count++] = blob_position(r, &node->manifest.config);
	for (size_t i = 0; i < node->manifest.layer_count; i++)
		out->blobs[out->blob_count++] = blob_position(r, &node->manifest.layers[i]);
}

/* nodes: those of the repository, in the order of manifests. */
static size_t manifest_position(const size_t *nodes, size_t count, size_t node)
{
	return position_of(&node, nodes, count, sizeof(*nodes), compare_positions);
}

static void make_children(struct plan_manifest *out, const struct graph_node *node,
    const size_t *nodes, size_t node_count)
{
	if (!node->is_index)
		return;
	out->children = mem_zalloc(node->child_count + 1, sizeof(*out->children));
	for (size_t i = 0; i < node->child_count; i++)
		out->children[out->child_count++] =
		    manifest_position(nodes, node_count, node->children[i]);
}

static void make_subject(struct plan_subject *out, const struct walk *w, const size_t *nodes,
    size_t node_count, const struct digest *subject)
{
	const struct beside *end;
	const struct beside *begin = beside_of(w, subject, &end);

	*out = (struct plan_subject){.subject = *subject};
	out->referrers = mem_zalloc((size_t)(end - begin) + 1, sizeof(*out->referrers));
	for (const struct beside *b = begin; b < end; b++) {
		size_t at = manifest_position(nodes, node_count, b->node);
		if (w->graph->nodes[b->node].is_signature) {
			out->has_signature = true;
			out->signature = at;
		} else {
			out->referrers[out->referrer_count++] = at;
		}
	}
}

static void make_subjects(
    struct plan_repository *r, const struct walk *w, const size_t *nodes, size_t node_count)
{
	const struct digest *last = NULL;

	r->subjects = mem_zalloc(w->beside_count + 1, sizeof(*r->subjects));
	for (size_t i = 0; i < w->beside_count; i++) {
		const struct beside *b = &w->beside[i];
		if (!w->reached[b->node] || (last != NULL && digest_equal(last, &b->subject)))
			continue;
		last = &b->subject;
		make_subject(&r->subjects[r->subject_count++], w, nodes, node_count, &b->subject);
	}
}

/* ---- names of a repository ---- */

static int compare_subject(const void *key, const void *item)
{
	return digest_compare(key, &((const struct plan_subject *)item)->subject);
}

static void add_name_subject(
    struct plan_name *out, const struct plan_repository *r, const struct digest *subject)
{
	const struct plan_subject *found = r->subject_count == 0
					       ? NULL
					       : bsearch(subject, r->subjects, r->subject_count,
						     sizeof(*r->subjects), compare_subject);

	if (found == NULL)
		return;
	for (size_t i = 0; i < out->subject_count; i++) {
		if (out->subjects[i] == (size_t)(found - r->subjects))
			return;
	}
	out->subjects[out->subject_count++] = (size_t)(found - r->subjects);
}

/* Subjects of a name: its manifests, and what is beside them in turn. */
static void make_name_subjects(struct plan_name *out, const struct plan_repository *r,
    struct walk *w, const struct wanted *name)
{
	walk_reset(w);
	reach_name(w, name);
	out->subjects = mem_zalloc(w->node_count + 1, sizeof(*out->subjects));
	if (name->tag == NULL)
		add_name_subject(out, r, &name->digest);
	for (size_t i = 0; i < w->node_count; i++)
		add_name_subject(out, r, &w->graph->nodes[w->nodes[i]].descriptor.digest);
}

static void add_name_blobs(struct plan_name *out, const struct plan_manifest *m)
{
	out->blobs =
	    mem_realloc(out->blobs, out->blob_count + m->blob_count + 1, sizeof(*out->blobs));
	for (size_t i = 0; i < m->blob_count; i++)
		out->blobs[out->blob_count++] = m->blobs[i];
	out->total_bytes += m->size_bytes;
}

/* Each blob once; counts their bytes. */
static void settle_name_blobs(struct plan_name *out, const struct plan_repository *r)
{
	size_t kept = 0;

	if (out->blob_count == 0)
		return;
	qsort(out->blobs, out->blob_count, sizeof(*out->blobs), compare_positions);
	for (size_t i = 1; i < out->blob_count; i++) {
		if (out->blobs[i] != out->blobs[kept])
			out->blobs[++kept] = out->blobs[i];
	}
	out->blob_count = kept + 1;
	for (size_t i = 0; i < out->blob_count; i++)
		out->total_bytes += r->blobs[out->blobs[i]].size_bytes;
}

static void make_name(struct plan_name *out, const struct plan_repository *r, struct walk *w,
    const size_t *nodes, size_t node_count, const struct wanted *name)
{
	*out = (struct plan_name){.tag = name->tag, .digest = name->digest};
	if (name->tag != NULL) {
		out->manifest = manifest_position(nodes, node_count, name->node);
		walk_reset(w);
		reach_children(w, name->node);
		qsort(w->nodes, w->node_count, sizeof(*w->nodes), compare_positions);
		out->children = mem_zalloc(w->node_count + 1, sizeof(*out->children));
		for (size_t i = 0; i < w->node_count; i++) {
			size_t at = manifest_position(nodes, node_count, w->nodes[i]);
			out->children[out->child_count++] = at;
			add_name_blobs(out, &r->manifests[at]);
		}
		add_name_blobs(out, &r->manifests[out->manifest]);
		settle_name_blobs(out, r);
	}
	make_name_subjects(out, r, w, name);
}

/* names: those of one repository. */
static void make_repository(
    struct plan_repository *out, struct walk *w, const struct wanted *names, size_t name_count)
{
	walk_reset(w);
	for (size_t i = 0; i < name_count; i++)
		reach_name(w, &names[i]);
	size_t node_count = w->node_count;
	if (node_count > 0)
		qsort(w->nodes, node_count, sizeof(*w->nodes), compare_positions);
	auto_free size_t *nodes = mem_zalloc(node_count + 1, sizeof(*nodes));
	memcpy(nodes, w->nodes, node_count * sizeof(*nodes));
	make_blobs(out, w);
	/* The graph stands children first, so its own order is the order of the push. */
	out->manifests = mem_zalloc(node_count + 1, sizeof(*out->manifests));
	for (size_t i = 0; i < node_count; i++)
		make_manifest(&out->manifests[out->manifest_count++], out, w->graph, nodes[i]);
	for (size_t i = 0; i < node_count; i++)
		make_children(&out->manifests[i], &w->graph->nodes[nodes[i]], nodes, node_count);
	make_subjects(out, w, nodes, node_count);
	out->names = mem_zalloc(name_count, sizeof(*out->names));
	for (size_t i = 0; i < name_count; i++)
		make_name(&out->names[out->name_count++], out, w, nodes, node_count, &names[i]);
}

/* ---- the whole ---- */

static int compare_names(const void *a, const void *b)
{
	const struct wanted *x = a;
	const struct wanted *y = b;
	int order = strcmp(x->repository, y->repository);

	if (order == 0 && (x->tag == NULL) != (y->tag == NULL))
		return x->tag == NULL ? 1 : -1;
	if (order == 0 && x->tag != NULL)
		order = strcmp(x->tag, y->tag);
	return order != 0 ? order : digest_compare(&x->digest, &y->digest);
}

/* Two things under one name, which only a map can bring about. */
static int check_names(const struct wanted *names, size_t count, struct error *err)
{
	for (size_t i = 1; i < count; i++) {
		const struct wanted *a = &names[i - 1];
		const struct wanted *b = &names[i];
		if (a->tag != NULL && b->tag != NULL && strcmp(a->repository, b->repository) == 0 &&
		    strcmp(a->tag, b->tag) == 0)
			return error_set(err, ERR_USAGE,
			    "--map: two artifacts of this delivery would be '%s:%s'", a->repository,
			    a->tag);
	}
	return 0;
}

/* Names of the delivery, and each thing in the registry that something of ours belongs to. */
static size_t find_wanted(struct wanted *out, const struct walk *w, struct name_map *map)
{
	const struct graph *graph = w->graph;
	size_t count = 0;
	size_t kept = 0;

	for (size_t i = 0; i < graph->name_count; i++) {
		const struct graph_name *n = &graph->names[i];
		out[count++] = (struct wanted){.repository = n->repository,
		    .tag = n->tag,
		    .node = n->node,
		    .digest = graph->nodes[n->node].descriptor.digest};
	}
	for (size_t i = 0; i < w->beside_count; i++) {
		const struct beside *b = &w->beside[i];
		if (graph->nodes[b->node].repository != NULL)
			out[count++] = (struct wanted){
			    .repository = graph->nodes[b->node].repository, .digest = b->subject};
	}
	for (size_t i = 0; map != NULL && i < count; i++)
		name_map_apply(map, &out[i].repository, &out[i].tag);
	qsort(out, count, sizeof(*out), compare_names);
	for (size_t i = 1; i < count; i++) {
		if (compare_names(&out[kept], &out[i]) != 0)
			out[++kept] = out[i];
	}
	return count == 0 ? 0 : kept + 1;
}

static int make_repository_name(
    char **out, const char *prefix, const char *repository, struct error *err)
{
	*out = mem_printf("%s%s%s", prefix, prefix[0] == '\0' ? "" : "/", repository);
	if (repository_check(*out, err) == 0)
		return 0;
	(void)error_recode(err, ERR_USAGE);
	return error_prefix(err, "repository '%s' below prefix '%s'", repository, prefix);
}

static int make_repositories(struct plan *out, struct walk *w, const struct wanted *names,
    size_t count, const char *prefix, struct error *err)
{
	out->repositories = mem_zalloc(count, sizeof(*out->repositories));
	out->name_count = count;
	for (size_t from = 0, to; from < count; from = to) {
		struct plan_repository *repository = &out->repositories[out->repository_count++];
		const char *name = names[from].repository;
		for (to = from + 1; to < count && strcmp(names[to].repository, name) == 0;)
			to++;
		if (make_repository_name(&repository->name, prefix, name, err) != 0)
			return -1;
		make_repository(repository, w, names + from, to - from);
	}
	return 0;
}

int plan_make(struct plan *out, const struct verified_layout *v, const char *prefix,
    struct name_map *map, struct error *err)
{
	const struct graph *graph = verified_layout_graph(v);
	size_t room = graph->node_count + graph->name_count + 1;
	auto_free struct wanted *names = mem_zalloc(room, sizeof(*names));
	auto_free struct beside *beside = mem_zalloc(room, sizeof(*beside));
	auto_free unsigned char *reached = mem_zalloc(room, 1);
	auto_free size_t *nodes = mem_zalloc(room, sizeof(*nodes));
	struct walk w = {.graph = graph, .beside = beside, .reached = reached, .nodes = nodes};

	find_beside(&w);
	size_t count = find_wanted(names, &w, map);
	if (count == 0)
		return error_set(err, ERR_UNSUPPORTED,
		    "nothing in this delivery has a name under which to push it");
	if (check_names(names, count, err) != 0)
		return -1;
	if (map != NULL && name_map_check_used(map, err) != 0)
		return -1;
	return make_repositories(out, &w, names, count, prefix, err);
}

static void repository_release(struct plan_repository *r)
{
	for (size_t i = 0; i < r->name_count; i++) {
		free(r->names[i].children);
		free(r->names[i].blobs);
		free(r->names[i].subjects);
	}
	for (size_t i = 0; i < r->manifest_count; i++) {
		free(r->manifests[i].blobs);
		free(r->manifests[i].children);
	}
	for (size_t i = 0; i < r->subject_count; i++)
		free(r->subjects[i].referrers);
	free(r->name);
	free(r->blobs);
	free(r->manifests);
	free(r->subjects);
	free(r->names);
}

void plan_release(struct plan *p)
{
	for (size_t i = 0; i < p->repository_count; i++)
		repository_release(&p->repositories[i]);
	free(p->repositories);
	*p = (struct plan)PLAN_INIT;
}

/* ---- for people ---- */

static void put_step(struct buf *b, const char *kind, const char *name, const struct digest *digest,
    uint64_t size_bytes)
{
	char text[DIGEST_TEXT_LEN + 1];

	digest_text(text, digest);
	buf_printf(b, "%s %s %s %" PRIu64 " bytes\n", kind, name, text, size_bytes);
}

static void put_blobs(struct buf *b, const struct plan_repository *r)
{
	for (size_t i = 0; i < r->blob_count; i++)
		put_step(b, "blob", r->name, &r->blobs[i].digest, r->blobs[i].size_bytes);
}

static void put_manifests(struct buf *b, const struct plan_repository *r)
{
	auto_free bool *others = mem_zalloc(r->manifest_count + 1, sizeof(*others));

	for (size_t i = 0; i < r->name_count; i++) {
		if (r->names[i].tag != NULL)
			others[r->names[i].manifest] = true;
	}
	for (size_t i = 0; i < r->subject_count; i++) {
		if (r->subjects[i].has_signature)
			others[r->subjects[i].signature] = true;
	}
	for (size_t i = 0; i < r->manifest_count; i++) {
		if (!others[i])
			put_step(b, "manifest", r->name, &r->manifests[i].digest,
			    r->manifests[i].size_bytes);
	}
}

static void put_signatures(struct buf *b, const struct plan_repository *r)
{
	for (size_t i = 0; i < r->subject_count; i++) {
		const struct plan_subject *s = &r->subjects[i];
		if (!s->has_signature)
			continue;
		auto_free char *tag = signature_tag(&s->subject);
		auto_free char *name = mem_printf("%s:%s", r->name, tag);
		put_step(b, "signature", name, &r->manifests[s->signature].digest,
		    r->manifests[s->signature].size_bytes);
	}
}

static void put_tags(struct buf *b, const struct plan_repository *r)
{
	for (size_t i = 0; i < r->name_count; i++) {
		const struct plan_name *n = &r->names[i];
		if (n->tag == NULL)
			continue;
		auto_free char *name = mem_printf("%s:%s", r->name, n->tag);
		put_step(b, "tag", name, &n->digest, r->manifests[n->manifest].size_bytes);
	}
}

void plan_text(struct buf *b, const struct plan *p)
{
	void (*const steps[])(struct buf *, const struct plan_repository *) = {
	    put_blobs, put_manifests, put_signatures, put_tags};

	for (size_t step = 0; step < sizeof(steps) / sizeof(steps[0]); step++) {
		for (size_t i = 0; i < p->repository_count; i++)
			steps[step](b, &p->repositories[i]);
	}
}
