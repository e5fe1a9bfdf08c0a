#include "pusher/plan.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "common/reference.h"

/* ---- reading the graph ---- */

/* The graph, and which of its nodes the present name has reached: marks[n] == name. */
struct walk {
	const struct graph *graph;
	size_t *marks; /* owned */
	size_t mark;
	size_t *nodes; /* owned; the nodes that the name reaches, itself not among them */
	size_t node_count;
};

static int compare_positions(const void *a, const void *b)
{
	size_t x = *(const size_t *)a;
	size_t y = *(const size_t *)b;

	return (x > y) - (x < y);
}

static void walk_children(struct walk *w, size_t at)
{
	const struct graph_node *node = &w->graph->nodes[at];

	for (size_t i = 0; i < node->child_count; i++) {
		size_t child = node->children[i];
		if (w->marks[child] == w->mark)
			continue;
		w->marks[child] = w->mark;
		w->nodes[w->node_count++] = child;
		walk_children(w, child); /* to LIMIT_INDEX_DEPTH_MAX */
	}
}

/* The graph stands children first, so its own order is the order of the push. */
static void walk_name(struct walk *w, size_t node)
{
	w->mark++;
	w->node_count = 0;
	walk_children(w, node);
	qsort(w->nodes, w->node_count, sizeof(*w->nodes), compare_positions);
}

static struct plan_manifest manifest_of(const struct graph_node *node)
{
	return (struct plan_manifest){.digest = node->descriptor.digest,
	    .size_bytes = node->descriptor.size_bytes,
	    .media_type = node->descriptor.media_type};
}

/* ---- one repository ---- */

/* Blobs and children of a repository while they are gathered. */
struct gathering {
	struct plan_blob *blobs; /* owned */
	size_t blob_count;
	size_t blob_capacity;
	size_t *nodes; /* owned; the children, as positions in the graph */
	size_t node_count;
	size_t node_capacity;
};

static void gathering_release(struct gathering *g)
{
	free(g->blobs);
	free(g->nodes);
}

static void gather_blob(struct gathering *g, const struct descriptor *descriptor)
{
	g->blobs = mem_grow(g->blobs, g->blob_count, &g->blob_capacity, sizeof(*g->blobs));
	g->blobs[g->blob_count++] =
	    (struct plan_blob){.digest = descriptor->digest, .size_bytes = descriptor->size_bytes};
}

static void gather_node(struct gathering *g, size_t node)
{
	g->nodes = mem_grow(g->nodes, g->node_count, &g->node_capacity, sizeof(*g->nodes));
	g->nodes[g->node_count++] = node;
}

static void gather_manifest(struct gathering *g, const struct graph_node *node)
{
	if (node->is_index)
		return;
	gather_blob(g, &node->manifest.config);
	for (size_t i = 0; i < node->manifest.layer_count; i++)
		gather_blob(g, &node->manifest.layers[i]);
}

/* Adds what a name needs to what was gathered. */
static void gather_name(struct gathering *g, struct walk *w, const struct graph_name *name)
{
	walk_name(w, name->node);
	gather_manifest(g, &w->graph->nodes[name->node]);
	for (size_t i = 0; i < w->node_count; i++) {
		gather_manifest(g, &w->graph->nodes[w->nodes[i]]);
		gather_node(g, w->nodes[i]);
	}
}

static int compare_blobs(const void *a, const void *b)
{
	const struct plan_blob *x = a;
	const struct plan_blob *y = b;

	return digest_compare(&x->digest, &y->digest);
}

/* Sorts items and drops those that are there already; returns how many are left. */
static size_t sort_unique(
    void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	char *at = items;
	size_t kept = 0;

	if (count == 0)
		return 0;
	qsort(items, count, size, compare);
	for (size_t i = 1; i < count; i++) {
		if (compare(at + kept * size, at + i * size) != 0)
			memmove(at + ++kept * size, at + i * size, size);
	}
	return kept + 1;
}

/* ---- names of a repository ---- */

/* The position of key, which is there, among sorted items. */
static size_t position_of(const void *key, const void *items, size_t count, size_t size,
    int (*compare)(const void *, const void *))
{
	const char *found = bsearch(key, items, count, size, compare);

	assert(found != NULL);
	return (size_t)(found - (const char *)items) / size;
}

static void make_name(struct plan_name *out, const struct plan_repository *repository,
    const struct gathering *all, struct walk *w, const struct graph_name *name)
{
	struct gathering own = {.blobs = NULL, .nodes = NULL};

	gather_name(&own, w, name);
	own.blob_count = sort_unique(own.blobs, own.blob_count, sizeof(*own.blobs), compare_blobs);
	out->tag = name->tag;
	out->manifest = manifest_of(&w->graph->nodes[name->node]);
	out->total_bytes = out->manifest.size_bytes;
	out->blobs = mem_zalloc(own.blob_count + 1, sizeof(*out->blobs));
	out->children = mem_zalloc(own.node_count + 1, sizeof(*out->children));
	for (size_t i = 0; i < own.blob_count; i++) {
		out->blobs[out->blob_count++] = position_of(&own.blobs[i], repository->blobs,
		    repository->blob_count, sizeof(*own.blobs), compare_blobs);
		out->total_bytes += own.blobs[i].size_bytes;
	}
	for (size_t i = 0; i < own.node_count; i++) {
		out->children[out->child_count++] = position_of(&own.nodes[i], all->nodes,
		    all->node_count, sizeof(*own.nodes), compare_positions);
		out->total_bytes += w->graph->nodes[own.nodes[i]].descriptor.size_bytes;
	}
	gathering_release(&own);
}

/* names: those of one repository. */
static void make_repository(struct plan_repository *out, struct walk *w,
    const struct graph_name *const *names, size_t name_count)
{
	struct gathering all = {.blobs = NULL, .nodes = NULL};

	for (size_t i = 0; i < name_count; i++)
		gather_name(&all, w, names[i]);
	all.node_count =
	    sort_unique(all.nodes, all.node_count, sizeof(*all.nodes), compare_positions);
	out->blob_count = sort_unique(all.blobs, all.blob_count, sizeof(*all.blobs), compare_blobs);
	out->blobs = all.blobs;
	all.blobs = NULL;
	assert(all.nodes != NULL || all.node_count == 0);
	out->children = mem_zalloc(all.node_count + 1, sizeof(*out->children));
	for (size_t i = 0; i < all.node_count; i++)
		out->children[out->child_count++] = manifest_of(&w->graph->nodes[all.nodes[i]]);
	out->names = mem_zalloc(name_count, sizeof(*out->names));
	for (size_t i = 0; i < name_count; i++)
		make_name(&out->names[out->name_count++], out, &all, w, names[i]);
	gathering_release(&all);
}

/* ---- the whole ---- */

static int check_subjects(const struct graph *graph, struct error *err)
{
	char digest[DIGEST_TEXT_LEN + 1];

	for (size_t i = 0; i < graph->node_count; i++) {
		if (graph_subject(&graph->nodes[i]) == NULL)
			continue;
		digest_text(digest, &graph->nodes[i].descriptor.digest);
		return error_set(err, ERR_UNSUPPORTED,
		    "manifest '%s' is a signature or referrer, which this version cannot push",
		    digest);
	}
	if (graph->name_count == 0)
		return error_set(err, ERR_UNSUPPORTED,
		    "nothing in this delivery has a name under which to push it");
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const struct graph_name *const *x = a;
	const struct graph_name *const *y = b;
	int order = strcmp((*x)->repository, (*y)->repository);

	return order != 0 ? order : strcmp((*x)->tag, (*y)->tag);
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

static int make_repositories(struct plan *out, struct walk *w,
    const struct graph_name *const *names, const char *prefix, struct error *err)
{
	size_t count = w->graph->name_count;

	out->repositories = mem_zalloc(count, sizeof(*out->repositories));
	for (size_t from = 0, to; from < count; from = to) {
		struct plan_repository *repository = &out->repositories[out->repository_count++];
		const char *name = names[from]->repository;
		for (to = from + 1; to < count && strcmp(names[to]->repository, name) == 0;)
			to++;
		if (make_repository_name(&repository->name, prefix, name, err) != 0)
			return -1;
		make_repository(repository, w, names + from, to - from);
	}
	return 0;
}

static int plan_graph(
    struct plan *out, const struct graph *graph, const char *prefix, struct error *err)
{
	auto_free const struct graph_name **names = NULL;
	auto_free size_t *marks = NULL;
	auto_free size_t *nodes = NULL;

	if (check_subjects(graph, err) != 0)
		return -1;
	names = mem_zalloc(graph->name_count, sizeof(*names));
	for (size_t i = 0; i < graph->name_count; i++)
		names[i] = &graph->names[i];
	qsort(names, graph->name_count, sizeof(*names), compare_names);
	marks = mem_zalloc(graph->node_count, sizeof(*marks));
	nodes = mem_zalloc(graph->node_count, sizeof(*nodes));
	struct walk w = {.graph = graph, .marks = marks, .nodes = nodes};
	return make_repositories(out, &w, names, prefix, err);
}

int plan_make(
    struct plan *out, const struct verified_layout *v, const char *prefix, struct error *err)
{
	return plan_graph(out, verified_layout_graph(v), prefix, err);
}

static void name_release(struct plan_name *n)
{
	free(n->blobs);
	free(n->children);
}

static void repository_release(struct plan_repository *r)
{
	for (size_t i = 0; i < r->name_count; i++)
		name_release(&r->names[i]);
	free(r->name);
	free(r->blobs);
	free(r->children);
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

static void put_step(struct buf *b, const char *kind, const char *repository,
    const struct digest *digest, uint64_t size_bytes)
{
	char text[DIGEST_TEXT_LEN + 1];

	digest_text(text, digest);
	buf_printf(b, "%s %s %s %" PRIu64 " bytes\n", kind, repository, text, size_bytes);
}

void plan_text(struct buf *b, const struct plan *p)
{
	for (size_t i = 0; i < p->repository_count; i++) {
		const struct plan_repository *r = &p->repositories[i];
		for (size_t k = 0; k < r->blob_count; k++)
			put_step(b, "blob", r->name, &r->blobs[k].digest, r->blobs[k].size_bytes);
	}
	for (size_t i = 0; i < p->repository_count; i++) {
		const struct plan_repository *r = &p->repositories[i];
		for (size_t k = 0; k < r->child_count; k++)
			put_step(b, "manifest", r->name, &r->children[k].digest,
			    r->children[k].size_bytes);
	}
	for (size_t i = 0; i < p->repository_count; i++) {
		const struct plan_repository *r = &p->repositories[i];
		for (size_t k = 0; k < r->name_count; k++) {
			const struct plan_name *n = &r->names[k];
			auto_free char *name = mem_printf("%s:%s", r->name, n->tag);
			put_step(b, "tag", name, &n->manifest.digest, n->manifest.size_bytes);
		}
	}
}
