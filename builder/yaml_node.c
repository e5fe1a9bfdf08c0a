#include "builder/yaml_node.h"

#include <search.h>
#include <string.h>

#include <yaml.h>

#include "builder/yaml_source.h"
#include "common/limits.h"

#define auto_event __attribute__((cleanup(yaml_event_delete)))

struct anchor {
	char *name;               /* owned, except in a key for a search */
	struct yaml_node *target; /* borrowed */
};

struct reader {
	yaml_parser_t yaml;
	struct yaml_source *source;
	void *anchors; /* tsearch() tree of struct anchor */
	size_t node_count;
	struct error *err;
};

static int compare_anchors(const void *a, const void *b)
{
	return strcmp(((const struct anchor *)a)->name, ((const struct anchor *)b)->name);
}

static void free_anchor(void *pointer)
{
	struct anchor *anchor = pointer;

	free(anchor->name);
	free(anchor);
}

void yaml_node_free(struct yaml_node *node)
{
	if (node == NULL)
		return;
	for (size_t i = 0; i < node->count; i++)
		yaml_node_free(node->children[i]);
	free(node->children);
	free(node->bytes);
	free(node->tag);
	free(node);
}

/* The line of a fault; the reader of bytes, below the scanner, knows its offset only. */
static size_t fault_line(const struct reader *r)
{
	size_t line = 1;

	if (r->yaml.error != YAML_READER_ERROR)
		return r->yaml.problem_mark.line + 1;
	for (size_t i = 0; i < r->yaml.problem_offset && i < r->source->text.len; i++)
		line += r->source->text.data[i] == '\n';
	return line;
}

static int next_event(struct reader *r, yaml_event_t *event)
{
	if (yaml_parser_parse(&r->yaml, event) == 1)
		return yaml_source_check(r->source, event, r->err);
	memset(event, 0, sizeof(*event));
	if (r->yaml.error == YAML_MEMORY_ERROR)
		return error_set(r->err, ERR_SYSTEM, "out of memory");
	return error_set(r->err, ERR_CHART, "line %zu: %s", fault_line(r),
	    r->yaml.problem != NULL ? r->yaml.problem : "not YAML");
}

static void set_anchor(struct reader *r, const yaml_char_t *name, struct yaml_node *node)
{
	if (name == NULL)
		return;
	struct anchor *anchor = mem_zalloc(1, sizeof(*anchor));
	anchor->name = mem_strdup((const char *)name);
	struct anchor **slot = tsearch(anchor, &r->anchors, compare_anchors);
	if (slot == NULL)
		abort(); /* no memory; mem_* would have ended the process the same */
	if (*slot != anchor)
		free_anchor(anchor);
	(*slot)->target = node; /* a later anchor of the same name counts from here on */
}

static int read_alias(struct reader *r, const yaml_event_t *event, struct yaml_node *node)
{
	const struct anchor key = {.name = (char *)event->data.alias.anchor, .target = NULL};
	struct anchor *const *found = tfind(&key, &r->anchors, compare_anchors);

	if (found == NULL)
		return error_set(
		    r->err, ERR_CHART, "line %zu: unknown anchor '%s'", node->line, key.name);
	node->kind = YAML_KIND_ALIAS;
	node->target = (*found)->target;
	return 0;
}

static void read_scalar(struct reader *r, const yaml_event_t *event, struct yaml_node *node)
{
	node->kind = YAML_KIND_SCALAR;
	node->len = event->data.scalar.length;
	node->bytes = mem_strndup((const char *)event->data.scalar.value, node->len);
	node->len = yaml_source_restore(r->source, node->bytes, node->len);
	if (event->data.scalar.tag != NULL)
		node->tag = mem_strdup((const char *)event->data.scalar.tag);
	node->implicit = event->data.scalar.plain_implicit != 0;
	set_anchor(r, event->data.scalar.anchor, node);
}

static int read_node(
    struct reader *r, const yaml_event_t *event, size_t depth, struct yaml_node **slot);

static int read_children(struct reader *r, struct yaml_node *node, size_t depth)
{
	for (;;) {
		auto_event yaml_event_t event = {.type = YAML_NO_EVENT};

		if (next_event(r, &event) != 0)
			return -1;
		if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT)
			return 0;
		node->children = mem_grow(
		    node->children, node->count, &node->capacity, sizeof(struct yaml_node *));
		node->children[node->count] = NULL;
		if (read_node(r, &event, depth + 1, &node->children[node->count++]) != 0)
			return -1;
	}
}

/* Fills *slot, whose tree the caller releases after a failure too. */
static int read_node(
    struct reader *r, const yaml_event_t *event, size_t depth, struct yaml_node **slot)
{
	size_t line = event->start_mark.line + 1;

	if (depth > LIMIT_YAML_DEPTH_MAX)
		return error_set(r->err, ERR_LIMIT, "line %zu: nested deeper than %u levels", line,
		    LIMIT_YAML_DEPTH_MAX);
	if (++r->node_count > LIMIT_YAML_NODES_MAX)
		return error_set(
		    r->err, ERR_LIMIT, "line %zu: more than %u nodes", line, LIMIT_YAML_NODES_MAX);
	struct yaml_node *node = *slot = mem_zalloc(1, sizeof(*node));
	node->line = line;
	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return read_alias(r, event, node);
	case YAML_SCALAR_EVENT:
		read_scalar(r, event, node);
		return 0;
	case YAML_SEQUENCE_START_EVENT:
		node->kind = YAML_KIND_LIST;
		set_anchor(r, event->data.sequence_start.anchor, node);
		return read_children(r, node, depth);
	case YAML_MAPPING_START_EVENT:
		node->kind = YAML_KIND_MAP;
		set_anchor(r, event->data.mapping_start.anchor, node);
		return read_children(r, node, depth);
	default:
		return error_set(r->err, ERR_CHART, "line %zu: not YAML", line);
	}
}

/* go-yaml takes 1.1 alone; libyaml 0.2.5 would take 1.2 too, and read it by the rules of 1.1. */
static int check_version(struct reader *r, const yaml_event_t *start)
{
	const yaml_version_directive_t *version = start->data.document_start.version_directive;

	if (version != NULL && (version->major != 1 || version->minor != 1))
		return error_set(r->err, ERR_CHART,
		    "line %zu: YAML %d.%d, only 1.1 is known to Helm", start->start_mark.line + 1,
		    version->major, version->minor);
	return 0;
}

static int read_document(struct reader *r, struct yaml_node **root)
{
	auto_event yaml_event_t stream = {.type = YAML_NO_EVENT};
	auto_event yaml_event_t start = {.type = YAML_NO_EVENT};
	auto_event yaml_event_t first = {.type = YAML_NO_EVENT};
	auto_event yaml_event_t end = {.type = YAML_NO_EVENT};

	if (next_event(r, &stream) != 0 || next_event(r, &start) != 0)
		return -1;
	if (start.type == YAML_STREAM_END_EVENT)
		return 0;
	if (check_version(r, &start) != 0 || next_event(r, &first) != 0)
		return -1;
	if (read_node(r, &first, 1, root) != 0)
		return -1;
	return next_event(r, &end);
}

/* One attempt. *out_retry: it failed, but the source is better now. */
static int parse(
    struct yaml_node **out, struct yaml_source *source, bool *out_retry, struct error *err)
{
	struct reader r = {.source = source, .anchors = NULL, .node_count = 0, .err = err};
	auto_yaml_node struct yaml_node *root = NULL;

	*out_retry = false;
	if (yaml_parser_initialize(&r.yaml) == 0)
		return error_set(err, ERR_SYSTEM, "out of memory");
	yaml_source_begin(source, &r.yaml);
	int status = read_document(&r, &root);
	tdestroy(r.anchors, free_anchor);
	if (status != 0)
		*out_retry = yaml_source_repair(source, &r.yaml);
	yaml_parser_delete(&r.yaml);
	if (status != 0)
		return -1;
	*out = steal_ptr(&root);
	return 0;
}

int yaml_node_parse(struct yaml_node **out, const char *bytes, size_t len, struct error *err)
{
	struct yaml_source source = {.fed = 0};
	struct error fault = ERROR_INIT; /* of the last attempt; those before it were repaired */
	bool retry = true;
	int status = -1;

	*out = NULL;
	if (len > LIMIT_YAML_BYTES_MAX)
		return error_set(err, ERR_LIMIT, "larger than %u bytes", LIMIT_YAML_BYTES_MAX);
	if (yaml_source_init(&source, bytes, len, &fault) == 0) {
		while (status != 0 && retry)
			status = parse(out, &source, &retry, &fault);
	}
	yaml_source_release(&source);
	if (status != 0)
		*err = fault;
	return status;
}
