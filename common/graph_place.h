/*
 * Where each manifest of a layout belongs: below a name, or beside its subject. For graph.c.
 * Source: design formats.md 1.1, 1.4 and 9 (L10, L11).
 */
#ifndef COMMON_GRAPH_PLACE_H
#define COMMON_GRAPH_PLACE_H

#include "common/graph.h"

/**
 * graph_place(g, entry_nodes, err): gives the nodes what their entries in index.json say of them
 * (signature, list of referrers, repository), the entries their subjects, and refuses with
 * ERR_FORMAT every entry that no name and no repository leads to. entry_nodes: for each entry of
 * g->index its node.
 */
int graph_place(struct graph *g, const size_t *entry_nodes, struct error *err) MUST_CHECK;

#endif
