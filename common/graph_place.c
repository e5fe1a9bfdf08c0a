#include "common/graph_place.h"

#include <string.h>

#include "common/media_type.h"
#include "common/reference.h"

const struct digest *graph_subject(const struct graph_node *n)
{
	if (n->is_signature)
		return &n->signature_of;
	if (n->is_referrers_index)
		return &n->referrers_of;
	return n->has_subject ? &n->subject : NULL;
}

static bool is_named(const struct graph *g, size_t node)
{
	for (size_t i = 0; i < g->name_count; i++) {
		if (g->names[i].node == node)
			return true;
	}
	return false;
}

/* By its ref.name it is a signature or a list of referrers; its content and every other entry for
 * it must say so too. */
static int take_role(
    const struct graph *g, size_t node, const struct index_entry *entry, struct error *err)
{
	struct graph_node *n = &g->nodes[node];
	struct digest subject;
	enum tag_role role = tag_role(entry->ref_name, &subject);
	const struct digest *known = graph_subject(n);

	if (n->is_index != (role == TAG_REFERRERS))
		return error_set(err, ERR_FORMAT, "'%s' is the name of %s", entry->ref_name,
		    n->is_index ? "a signature, which is no index" : "an index of referrers");
	if (known != NULL && !digest_equal(known, &subject))
		return error_set(err, ERR_FORMAT, "'%s', but it belongs to another digest as well",
		    entry->ref_name);
	if (is_named(g, node))
		return error_set(err, ERR_FORMAT,
		    "'%s' has a repository and a tag in another entry: it is one or the other",
		    entry->ref_name);
	if (n->is_index) {
		n->is_referrers_index = true;
		n->referrers_of = subject;
	} else {
		n->is_signature = true;
		n->signature_of = subject;
	}
	return 0;
}

static int take_repository(struct graph_node *n, const struct index_entry *entry, struct error *err)
{
	if (graph_subject(n) == NULL)
		return error_set(err, ERR_FORMAT,
		    "%s without %s, and it is neither a signature nor a referrer",
		    ANNOTATION_REPOSITORY, ANNOTATION_TAG);
	if (n->repository != NULL && strcmp(n->repository, entry->repository) != 0)
		return error_set(
		    err, ERR_FORMAT, "it goes to repository '%s' by another entry", n->repository);
	n->repository = entry->repository;
	return 0;
}

static int take_entry(
    const struct graph *g, size_t node, struct index_entry *entry, struct error *err)
{
	struct graph_node *n = &g->nodes[node];

	if (entry->tag != NULL)
		return 0;
	if (entry->has_subject && take_role(g, node, entry, err) != 0)
		return -1;
	if (entry->repository != NULL && take_repository(n, entry, err) != 0)
		return -1;
	const struct digest *subject = graph_subject(n);
	entry->has_subject = subject != NULL;
	if (subject != NULL)
		entry->subject = *subject;
	return 0;
}

static int compare_referrers(const void *a, const void *b)
{
	const struct graph_referrer *left = a;
	const struct graph_referrer *right = b;
	int order = digest_compare(&left->subject, &right->subject);

	return order != 0 ? order : (left->node > right->node) - (left->node < right->node);
}

static void relate(struct graph *g)
{
	g->referrers = mem_zalloc(g->node_count, sizeof(*g->referrers));
	for (size_t i = 0; i < g->node_count; i++) {
		const struct digest *subject = graph_subject(&g->nodes[i]);

		if (subject != NULL)
			g->referrers[g->referrer_count++] =
			    (struct graph_referrer){.subject = *subject, .node = i};
	}
	qsort(g->referrers, g->referrer_count, sizeof(*g->referrers), compare_referrers);
}

size_t graph_referrers(
    const struct graph *g, const struct digest *subject, const struct graph_referrer **out_first)
{
	size_t low = 0;
	size_t high = g->referrer_count;
	size_t count = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (digest_compare(&g->referrers[middle].subject, subject) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*out_first = g->referrers + low;
	while (low + count < g->referrer_count &&
	       digest_equal(&g->referrers[low + count].subject, subject))
		count++;
	return count;
}

/* Signatures, or lists of referrers, of one digest: the registry has one tag for each. */
static int refuse_second(const struct graph *g, struct error *err)
{
	for (size_t i = 0; i < g->referrer_count;) {
		const struct digest *subject = &g->referrers[i].subject;
		size_t signatures = 0;
		size_t lists = 0;

		for (; i < g->referrer_count && digest_equal(&g->referrers[i].subject, subject);
		     i++) {
			const struct graph_node *n = &g->nodes[g->referrers[i].node];
			signatures += n->is_signature ? 1 : 0;
			lists += n->is_referrers_index ? 1 : 0;
		}
		if (signatures > 1 || lists > 1) {
			char text[DIGEST_TEXT_LEN + 1];
			digest_text(text, subject);
			return error_set(err, ERR_FORMAT, "%s has two entries for its %s", text,
			    signatures > 1 ? "signatures" : "referrers");
		}
	}
	return 0;
}

/* Nodes that a name or a repository leads to, in the order in which they were found. */
struct placement {
	const struct graph *graph;
	bool *placed;  /* one for each node */
	size_t *queue; /* those that are, in order */
	size_t queued;
};

static void place(struct placement *p, size_t node)
{
	if (p->placed[node])
		return;
	p->placed[node] = true;
	p->queue[p->queued++] = node;
}

static void place_referrers(struct placement *p, const struct digest *subject)
{
	const struct graph_referrer *referrers;
	size_t count = graph_referrers(p->graph, subject, &referrers);

	for (size_t i = 0; i < count; i++)
		place(p, referrers[i].node);
}

/* From names and repositories by child, signature and subject. A signature says of itself, by a
 * ref.name, whose it is: so there may be circles, and nothing leads into them. */
static void place_all(struct placement *p)
{
	const struct graph *g = p->graph;

	for (size_t i = 0; i < g->name_count; i++)
		place(p, g->names[i].node);
	for (size_t i = 0; i < g->node_count; i++) {
		if (g->nodes[i].repository != NULL)
			place(p, i);
	}
	for (size_t i = 0; i < p->queued; i++) {
		const struct graph_node *n = &g->nodes[p->queue[i]];

		for (size_t k = 0; k < n->child_count; k++)
			place(p, n->children[k]);
		place_referrers(p, &n->descriptor.digest);
	}
}

static int refuse_unplaced(
    const struct graph *g, const size_t *entry_nodes, const bool *placed, struct error *err)
{
	for (size_t i = 0; i < g->index.entry_count; i++) {
		const struct graph_node *n = &g->nodes[entry_nodes[i]];
		const struct digest *subject = graph_subject(n);
		char text[DIGEST_TEXT_LEN + 1];
		char subject_text[DIGEST_TEXT_LEN + 1] = "";

		if (placed[entry_nodes[i]])
			continue;
		digest_text(text, &n->descriptor.digest);
		if (subject == NULL)
			return error_set(err, ERR_FORMAT,
			    "entry %zu (%s) has no %s, and nothing named contains it: builder seal "
			    "--name gives it one",
			    i, text, ANNOTATION_REPOSITORY);
		digest_text(subject_text, subject);
		return error_set(err, ERR_FORMAT,
		    "entry %zu (%s) belongs to %s, which has no name in this layout: then it needs "
		    "a %s",
		    i, text, subject_text, ANNOTATION_REPOSITORY);
	}
	return 0;
}

int graph_place(struct graph *g, const size_t *entry_nodes, struct error *err)
{
	auto_free bool *placed = mem_zalloc(g->node_count, sizeof(*placed));
	auto_free size_t *queue = mem_zalloc(g->node_count, sizeof(*queue));
	struct placement p = {.graph = g, .placed = placed, .queue = queue};

	for (size_t i = 0; i < g->index.entry_count; i++) {
		if (take_entry(g, entry_nodes[i], &g->index.entries[i], err) != 0)
			return error_prefix(err, "entry %zu", i);
	}
	relate(g);
	if (refuse_second(g, err) != 0)
		return -1;
	place_all(&p);
	return refuse_unplaced(g, entry_nodes, placed, err);
}
