/*
 * What a layout holds: index.json, the manifests and indexes it leads to, and their blobs.
 *
 * Building it checks sizes, media types, reachability and depth, never signatures. A graph inside a
 * struct verified_layout is trusted; any other is for the enclave's own eyes.
 */
#ifndef COMMON_GRAPH_H
#define COMMON_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/index.h"
#include "common/layout.h"
#include "common/manifest.h"

/** One manifest or nested index. */
struct graph_node {
	struct descriptor descriptor; /* owned; media type, digest, size */
	bool is_index;
	struct manifest manifest; /* where !is_index */
	size_t *children;         /* where is_index: positions in graph.nodes, owned */
	size_t child_count;
	unsigned height; /* indexes one below the other, itself included; 0 for a manifest */
	bool has_subject;
	struct digest subject; /* where has_subject; need not be in the layout */
	/* Legacy cosign signatures: an entry of index.json with the ref.name "sha256-<hex>.sig". */
	bool is_signature;
	struct digest signature_of;
	/* A list of referrers that another tool keeps: an index with the ref.name "sha256-<hex>".
	 */
	bool is_referrers_index;
	struct digest referrers_of;
	/* Of a signature or referrer whose subject is in the registry only: the repository that it
	 * goes to; borrowed from graph.index, else NULL. */
	const char *repository;
	char *config_name; /* Helm charts: name and version of the config; owned, else NULL */
	char *config_version;
};

/** An artifact to be tagged. Strings borrowed from graph.index. */
struct graph_name {
	const char *repository;
	const char *tag;
	size_t node;
};

/** A node with a graph_subject(). */
struct graph_referrer {
	struct digest subject;
	size_t node;
};

struct graph {
	struct index index;       /* owned */
	struct graph_node *nodes; /* owned; each digest once, children before their parents */
	size_t node_count;
	struct graph_name *names; /* owned; in the order of index.json */
	size_t name_count;
	struct graph_referrer *referrers; /* owned; sorted by subject, then node */
	size_t referrer_count;
};

#define GRAPH_INIT                                                                                 \
	{                                                                                          \
		.index = INDEX_INIT, .nodes = NULL, .node_count = 0, .names = NULL,                \
		.name_count = 0, .referrers = NULL, .referrer_count = 0                            \
	}

/**
 * graph_load(out, layout, index_bytes, index_len, err): follows index.json down.
 *
 * Every manifest, index and Helm config is read with its digest and size checked; other blobs are
 * only looked up: present, regular, of the size that the descriptor gives. ERR_FORMAT, ERR_LIMIT
 * (entries, depth, manifests) or what reading gives. A Helm chart's config must say the name and
 * the version (with "+" as "_") under which the chart is named. An entry without a name passes when
 * it leads, by child, signature and subject, from something named, or from a signature or referrer
 * that says its repository because its subject is in the registry only. There is at most one
 * signature and one list of referrers for a digest. Release with graph_release(), also after a
 * failure.
 */
int graph_load(struct graph *out, const struct layout *layout, const char *index_bytes,
    size_t index_len, struct error *err) MUST_CHECK;
/** graph_subject(n): what a node is a signature, list of referrers or referrer of; NULL for none.
 */
const struct digest *graph_subject(const struct graph_node *n);

/** graph_referrers(g, subject, out_first): how many nodes have this subject; they stand from
 * *out_first on. */
size_t graph_referrers(
    const struct graph *g, const struct digest *subject, const struct graph_referrer **out_first);

void graph_release(struct graph *g);
#define auto_graph __attribute__((cleanup(graph_release)))

/**
 * graph_blobs(g, out_digests, out_count): every digest that the graph reaches, index.json's
 * manifests included, sorted, each once; owned by the caller.
 */
void graph_blobs(const struct graph *g, struct digest **out_digests, size_t *out_count);

#endif
