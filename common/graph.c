#include "common/graph.h"

#include <inttypes.h>
#include <search.h>
#include <string.h>

#include "common/blob.h"
#include "common/graph_place.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/media_type.h"
#include "common/reference.h"

/* A node by its digest, in a tsearch() tree. digest comes first: digest_compare() looks at nothing
 * else. */
struct known {
	struct digest digest;
	size_t node;
};

struct loader {
	struct graph *graph;
	const struct layout *layout; /* borrowed */
	void *known;                 /* tsearch() root of struct known, owned */
	size_t node_capacity;
	size_t descriptor_count;
	/* Descriptors below each node, by every way that leads to them; owned. */
	size_t *weights;
	size_t weight_capacity;
};

static void release_node(struct graph_node *n)
{
	descriptor_release(&n->descriptor);
	manifest_release(&n->manifest);
	free(n->children);
	free(n->config_name);
	free(n->config_version);
}

static int count_descriptors(struct loader *l, size_t count, struct error *err)
{
	l->descriptor_count += count;
	if (l->descriptor_count > LIMIT_GRAPH_DESCRIPTORS_MAX)
		return error_set(err, ERR_LIMIT, "more than %u descriptors in one layout",
		    LIMIT_GRAPH_DESCRIPTORS_MAX);
	return 0;
}

/* Present, regular and of the right size; its content is hashed elsewhere. */
static int check_blob(const struct loader *l, const struct descriptor *d, struct error *err)
{
	uint64_t size_bytes;
	auto_fd int fd = layout_open_blob(l->layout, &d->digest, &size_bytes, err);

	if (fd < 0)
		return -1;
	if (size_bytes != d->size_bytes) {
		char text[DIGEST_TEXT_LEN + 1];

		digest_text(text, &d->digest);
		return error_set(err, ERR_FORMAT,
		    "blob %s has %" PRIu64 " bytes, its descriptor says %" PRIu64, text, size_bytes,
		    d->size_bytes);
	}
	return 0;
}

/* The name and version that Helm will read: they must be those under which the chart is tagged. */
static int load_helm_config(const struct loader *l, struct graph_node *n, struct error *err)
{
	const struct descriptor *config = &n->manifest.config;
	auto_buf struct buf bytes = BUF_INIT(LIMIT_CONFIG_BYTES_MAX);
	const char *name;
	const char *version;

	if (blob_load(&bytes, l->layout, &config->digest, config->size_bytes, err) != 0)
		return -1;
	json_auto_t *object = json_strict_load(buf_text(&bytes), bytes.len, err);
	static const char *const names[] = {"name", "version", NULL};
	if (object == NULL || json_strict_names(object, names, err) != 0 ||
	    json_strict_string(object, "name", JSON_REQUIRED, &name, err) != 0 ||
	    json_strict_string(object, "version", JSON_REQUIRED, &version, err) != 0)
		return -1;
	n->config_name = mem_strdup(name);
	n->config_version = mem_strdup(version);
	return 0;
}

static int load_manifest(
    struct loader *l, struct graph_node *n, const struct buf *bytes, struct error *err)
{
	struct manifest *m = &n->manifest;

	if (manifest_parse(m, buf_text(bytes), bytes->len, n->descriptor.media_type, err) != 0 ||
	    count_descriptors(l, m->layer_count + 1, err) != 0)
		return -1;
	if (check_blob(l, &m->config, err) != 0)
		return error_prefix(err, "config");
	for (size_t i = 0; i < m->layer_count; i++) {
		if (check_blob(l, &m->layers[i], err) != 0)
			return error_prefix(err, "layer %zu", i);
	}
	n->has_subject = m->has_subject;
	n->subject = m->subject.digest;
	if (strcmp(m->config.media_type, MEDIA_TYPE_HELM_CONFIG) == 0 &&
	    load_helm_config(l, n, err) != 0)
		return error_prefix(err, "config");
	return 0;
}

static int load_node(
    struct loader *l, const struct descriptor *d, unsigned depth, size_t *out, struct error *err);

static int load_index(struct loader *l, struct graph_node *n, const struct buf *bytes,
    unsigned depth, struct error *err)
{
	auto_index struct index x = INDEX_INIT;

	if (index_parse(&x, buf_text(bytes), bytes->len, n->descriptor.media_type, err) != 0 ||
	    count_descriptors(l, x.entry_count, err) != 0)
		return -1;
	n->has_subject = x.has_subject;
	n->subject = x.subject.digest;
	n->children = mem_zalloc(x.entry_count, sizeof(*n->children));
	n->height = 1;
	for (size_t i = 0; i < x.entry_count; i++) {
		if (load_node(l, &x.entries[i].descriptor, depth + 1, &n->children[i], err) != 0)
			return error_prefix(err, "entry %zu", i);
		n->child_count = i + 1;
		unsigned below = l->graph->nodes[n->children[i]].height;
		n->height = n->height > below + 1 ? n->height : below + 1;
	}
	return 0;
}

static int check_depth(unsigned depth, unsigned height, struct error *err)
{
	if (depth + height > LIMIT_INDEX_DEPTH_MAX)
		return error_set(
		    err, ERR_LIMIT, "indexes nested deeper than %u levels", LIMIT_INDEX_DEPTH_MAX);
	return 0;
}

static int load_content(struct loader *l, struct graph_node *n, unsigned depth, struct error *err)
{
	const struct descriptor *d = &n->descriptor;
	auto_buf struct buf bytes = BUF_INIT(LIMIT_MANIFEST_BYTES_MAX);

	/* What the index says wrongly of it is one thing; that it changed, below, is another. */
	if (check_depth(depth, n->is_index ? 1 : 0, err) != 0 || check_blob(l, d, err) != 0 ||
	    blob_load(&bytes, l->layout, &d->digest, d->size_bytes, err) != 0)
		return -1;
	if (n->is_index)
		return load_index(l, n, &bytes, depth, err);
	return load_manifest(l, n, &bytes, err);
}

/* A node that is there already must be described alike by everything that leads to it. */
static int check_same(
    const struct graph_node *n, const struct descriptor *d, unsigned depth, struct error *err)
{
	if (n->descriptor.size_bytes != d->size_bytes ||
	    strcmp(n->descriptor.media_type, d->media_type) != 0)
		return error_set(
		    err, ERR_FORMAT, "described before with another size or media type");
	return check_depth(depth, n->height, err);
}

/* Saturates: what is above the limit is refused once something is named by it. */
static size_t weigh(const struct loader *l, const struct graph_node *n)
{
	size_t weight = n->is_index ? n->child_count : n->manifest.layer_count + 1;

	for (size_t i = 0; i < n->child_count && weight <= LIMIT_GRAPH_DESCRIPTORS_MAX; i++)
		weight += l->weights[n->children[i]];
	return weight <= LIMIT_GRAPH_DESCRIPTORS_MAX ? weight : LIMIT_GRAPH_DESCRIPTORS_MAX + 1;
}

static size_t add_node(struct loader *l, struct graph_node *n)
{
	struct graph *g = l->graph;
	struct known *k = mem_zalloc(1, sizeof(*k));

	l->weights = mem_grow(l->weights, g->node_count, &l->weight_capacity, sizeof(*l->weights));
	l->weights[g->node_count] = weigh(l, n);
	g->nodes = mem_grow(g->nodes, g->node_count, &l->node_capacity, sizeof(*g->nodes));
	g->nodes[g->node_count] = *n;
	k->digest = n->descriptor.digest;
	k->node = g->node_count;
	if (tsearch(k, &l->known, digest_compare) == NULL)
		mem_exhausted();
	return g->node_count++;
}

static int load_node(
    struct loader *l, const struct descriptor *d, unsigned depth, size_t *out, struct error *err)
{
	char text[DIGEST_TEXT_LEN + 1];
	struct known *const *found = tfind(&d->digest, &l->known, digest_compare);
	struct graph_node n = {.is_index = media_type_is_index(d->media_type),
	    .descriptor = DESCRIPTOR_INIT,
	    .manifest = MANIFEST_INIT};

	digest_text(text, &d->digest);
	if (found != NULL) {
		*out = (*found)->node;
		if (check_same(&l->graph->nodes[*out], d, depth, err) != 0)
			return error_prefix(err, "manifest %s", text);
		return 0;
	}
	if (!n.is_index && !media_type_is_manifest(d->media_type))
		return error_set(err, ERR_UNSUPPORTED,
		    "'%s' has media type '%s': neither an image manifest nor an index", text,
		    d->media_type);
	if (l->graph->node_count >= LIMIT_GRAPH_MANIFESTS_MAX)
		return error_set(
		    err, ERR_LIMIT, "more than %u manifests", LIMIT_GRAPH_MANIFESTS_MAX);
	n.descriptor.media_type = mem_strdup(d->media_type);
	n.descriptor.digest = d->digest;
	n.descriptor.size_bytes = d->size_bytes;
	if (d->artifact_type != NULL)
		n.descriptor.artifact_type = mem_strdup(d->artifact_type);
	if (load_content(l, &n, depth, err) != 0) {
		release_node(&n);
		return error_prefix(err, "manifest %s", text);
	}
	*out = add_node(l, &n);
	return 0;
}

static int check_chart_name(
    const struct graph_node *n, const struct index_entry *entry, struct error *err)
{
	if (n->config_name == NULL)
		return 0;
	auto_free char *tag = tag_of_version(n->config_version);
	if (strcmp(n->config_name, entry->repository) != 0 || strcmp(tag, entry->tag) != 0)
		return error_set(err, ERR_FORMAT,
		    "'%s:%s' is the chart '%s' of version '%s': a chart is named by its own name "
		    "and "
		    "version",
		    entry->repository, entry->tag, n->config_name, n->config_version);
	return 0;
}

static int load_entries(struct loader *l, size_t *entry_nodes, struct error *err)
{
	struct graph *g = l->graph;

	g->names = mem_zalloc(g->index.entry_count, sizeof(*g->names));
	for (size_t i = 0; i < g->index.entry_count; i++) {
		const struct index_entry *entry = &g->index.entries[i];

		if (load_node(l, &entry->descriptor, 0, &entry_nodes[i], err) != 0)
			return -1;
		if (entry->tag == NULL)
			continue;
		/* Counted for every name, since each is shown and pushed with all below it. */
		if (check_chart_name(&g->nodes[entry_nodes[i]], entry, err) != 0 ||
		    count_descriptors(l, l->weights[entry_nodes[i]], err) != 0)
			return -1;
		g->names[g->name_count++] = (struct graph_name){
		    .repository = entry->repository, .tag = entry->tag, .node = entry_nodes[i]};
	}
	return graph_place(g, entry_nodes, err);
}

int graph_load(struct graph *out, const struct layout *layout, const char *index_bytes,
    size_t index_len, struct error *err)
{
	struct loader l = {.graph = out, .layout = layout};

	*out = (struct graph)GRAPH_INIT;
	if (index_parse_delivery(&out->index, index_bytes, index_len, err) != 0)
		return error_prefix(err, "%s", LAYOUT_INDEX);
	auto_free size_t *entry_nodes = mem_zalloc(out->index.entry_count, sizeof(*entry_nodes));
	int result = load_entries(&l, entry_nodes, err);
	tdestroy(l.known, free);
	free(l.weights);
	return result != 0 ? error_prefix(err, "%s", LAYOUT_INDEX) : 0;
}

void graph_release(struct graph *g)
{
	for (size_t i = 0; i < g->node_count; i++)
		release_node(&g->nodes[i]);
	free(g->nodes);
	free(g->names);
	free(g->referrers);
	index_release(&g->index);
	*g = (struct graph)GRAPH_INIT;
}

void graph_blobs(const struct graph *g, struct digest **out_digests, size_t *out_count)
{
	size_t total = 0;
	size_t count = 0;

	for (size_t i = 0; i < g->node_count; i++)
		total += g->nodes[i].manifest.layer_count + 2;
	struct digest *all = mem_zalloc(total, sizeof(*all));
	for (size_t i = 0; i < g->node_count; i++) {
		const struct graph_node *n = &g->nodes[i];

		all[count++] = n->descriptor.digest;
		if (n->is_index)
			continue;
		all[count++] = n->manifest.config.digest;
		for (size_t k = 0; k < n->manifest.layer_count; k++)
			all[count++] = n->manifest.layers[k].digest;
	}
	qsort(all, count, sizeof(*all), digest_compare);
	size_t unique = 0;
	for (size_t i = 0; i < count; i++) {
		if (unique == 0 || !digest_equal(&all[unique - 1], &all[i]))
			all[unique++] = all[i];
	}
	*out_digests = all;
	*out_count = unique;
}
