#include "builder/yaml_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "builder/go_float.h"
#include "builder/yaml_node.h"
#include "builder/yaml_scalar.h"
#include "common/limits.h"

/* One run through the tree with every alias followed; the counts are go-yaml's. */
struct expansion {
	size_t decoded;
	size_t decoded_in_alias;
	size_t alias_depth;
	size_t text_bytes;
	struct error *err;
};

struct members {
	struct yaml_member *items; /* owned */
	size_t count;
	size_t capacity;
	size_t bad_key_line;
};

void yaml_value_release(struct yaml_value *v)
{
	if (v->type == YAML_TYPE_TEXT) {
		text_release(&v->text);
	} else if (v->type == YAML_TYPE_LIST) {
		for (size_t i = 0; i < v->list.count; i++)
			yaml_value_release(&v->list.items[i]);
		free(v->list.items);
	} else if (v->type == YAML_TYPE_MAP) {
		for (size_t i = 0; i < v->map.count; i++) {
			text_release(&v->map.members[i].key);
			yaml_value_release(&v->map.members[i].value);
		}
		free(v->map.members);
	}
	v->type = YAML_TYPE_NULL;
}

static void release_members(struct members *m)
{
	struct yaml_value map = {
	    .type = YAML_TYPE_MAP, .map = {.members = m->items, .count = m->count}};

	yaml_value_release(&map);
}
#define auto_members __attribute__((cleanup(release_members)))

const char *yaml_type_name(enum yaml_type type)
{
	static const char *const names[] = {
	    "null", "true or false", "a number", "a number", "a number", "text", "a list", "a map"};

	return names[type];
}

static int expand(
    struct expansion *x, struct yaml_node *node, size_t depth, struct yaml_value *out);

/* Each step that go-yaml's decoder takes, and where it would give up: at 99 % by aliases. */
static int count_step(struct expansion *x, const struct yaml_node *node, size_t depth)
{
	x->decoded++;
	if (x->alias_depth > 0)
		x->decoded_in_alias++;
	if (x->decoded_in_alias > 100 && x->decoded > 1000 &&
	    (double)x->decoded_in_alias / (double)x->decoded > 0.99)
		return error_set(x->err, ERR_CHART, "line %zu: excessive aliasing", node->line);
	if (x->decoded > LIMIT_YAML_NODES_MAX)
		return error_set(x->err, ERR_LIMIT,
		    "line %zu: more than %u nodes, aliases followed", node->line,
		    LIMIT_YAML_NODES_MAX);
	if (depth > LIMIT_YAML_DEPTH_MAX)
		return error_set(x->err, ERR_LIMIT,
		    "line %zu: nested deeper than %u levels, aliases followed", node->line,
		    LIMIT_YAML_DEPTH_MAX);
	return 0;
}

static int enter_alias(struct expansion *x, struct yaml_node *alias)
{
	if (alias->expanding)
		return error_set(
		    x->err, ERR_CHART, "line %zu: an alias inside its own target", alias->line);
	alias->expanding = true;
	x->alias_depth++;
	return 0;
}

static void leave_alias(struct expansion *x, struct yaml_node *alias)
{
	alias->expanding = false;
	x->alias_depth--;
}

static int count_text(struct expansion *x, size_t len, size_t line)
{
	x->text_bytes += len;
	if (x->text_bytes > LIMIT_CONFIG_BYTES_MAX)
		return error_set(x->err, ERR_LIMIT,
		    "line %zu: more than %u bytes of text, aliases followed", line,
		    LIMIT_CONFIG_BYTES_MAX);
	return 0;
}

static int expand_list(
    struct expansion *x, const struct yaml_node *node, size_t depth, struct yaml_value *out)
{
	out->type = YAML_TYPE_LIST;
	out->list.items = mem_zalloc(node->count, sizeof(struct yaml_value));
	for (out->list.count = 0; out->list.count < node->count;) {
		size_t i = out->list.count++;
		if (expand(x, node->children[i], depth + 1, &out->list.items[i]) != 0)
			return -1;
	}
	return 0;
}

/*
 * sigs.k8s.io/yaml's way to make a key of any type text; infinity is spelt as in YAML here, not as
 * in Go.
 */
static void put_key(struct buf *b, const struct yaml_value *key)
{
	if (key->type == YAML_TYPE_TEXT)
		buf_put(b, text_string(&key->text), key->text.len);
	else if (key->type == YAML_TYPE_BOOL)
		buf_puts(b, key->boolean ? "true" : "false");
	else if (key->type == YAML_TYPE_INT)
		buf_printf(b, "%lld", (long long)key->integer);
	else if (isnan(key->real))
		buf_puts(b, ".nan");
	else if (isinf((float)key->real))
		buf_puts(b, key->real > 0 ? ".inf" : "-.inf");
	else
		go_float_put_text(b, key->real);
}

static struct yaml_member *add_member(struct members *m)
{
	m->items = mem_grow(m->items, m->count, &m->capacity, sizeof(*m->items));
	struct yaml_member *member = &m->items[m->count];
	*member = (struct yaml_member){.order = m->count, .value = {.type = YAML_TYPE_NULL}};
	m->count++;
	return member;
}

static int expand_member(
    struct expansion *x, struct yaml_node *const *pair, size_t depth, struct members *m)
{
	auto_yaml_value struct yaml_value key = {.type = YAML_TYPE_NULL};
	auto_buf struct buf key_text = BUF_INIT(LIMIT_CONFIG_BYTES_MAX);
	struct yaml_member *member = add_member(m);

	if (expand(x, pair[0], depth + 1, &key) != 0)
		return -1;
	if (key.type == YAML_TYPE_LIST || key.type == YAML_TYPE_MAP)
		return error_set(
		    x->err, ERR_CHART, "line %zu: %s as a key", key.line, yaml_type_name(key.type));
	if (key.type == YAML_TYPE_NULL || key.type == YAML_TYPE_UINT)
		m->bad_key_line = key.line;
	else
		put_key(&key_text, &key);
	text_set(&member->key, buf_text(&key_text), key_text.len);
	member->key.line = key.line;
	return expand(x, pair[1], depth + 1, &member->value);
}

static int merge(struct expansion *x, struct yaml_node *node, size_t depth, struct members *m);

/* In the order of the file: what comes later wins, so a merge overrides what stands before it. */
static int expand_members(
    struct expansion *x, const struct yaml_node *node, size_t depth, struct members *m)
{
	for (size_t i = 0; i + 1 < node->count; i += 2) {
		const struct yaml_node *key = node->children[i];
		bool is_merge =
		    key->kind == YAML_KIND_SCALAR && strcmp(key->bytes, "<<") == 0 &&
		    key->len == 2 &&
		    (key->implicit ||
			(key->tag != NULL && strcmp(key->tag, "tag:yaml.org,2002:merge") == 0));
		int status = is_merge ? merge(x, node->children[i + 1], depth, m)
				      : expand_member(x, &node->children[i], depth, m);
		if (status != 0)
			return -1;
	}
	return 0;
}

static int refuse_merge(struct expansion *x, const struct yaml_node *node)
{
	return error_set(
	    x->err, ERR_CHART, "line %zu: a merge (<<) needs a map or a list of maps", node->line);
}

static int merge_map(struct expansion *x, struct yaml_node *node, size_t depth, struct members *m)
{
	if (count_step(x, node, depth) != 0)
		return -1;
	if (node->kind == YAML_KIND_MAP)
		return expand_members(x, node, depth, m);
	if (node->kind != YAML_KIND_ALIAS || node->target->kind != YAML_KIND_MAP)
		return refuse_merge(x, node);
	if (enter_alias(x, node) != 0)
		return -1;
	int status = merge_map(x, node->target, depth + 1, m);
	leave_alias(x, node);
	return status;
}

/* Of a list of maps the first wins, so they are taken backwards. */
static int merge(struct expansion *x, struct yaml_node *node, size_t depth, struct members *m)
{
	if (node->kind == YAML_KIND_MAP || node->kind == YAML_KIND_ALIAS)
		return merge_map(x, node, depth, m);
	if (node->kind != YAML_KIND_LIST)
		return refuse_merge(x, node);
	for (size_t i = node->count; i > 0; i--) {
		if (merge_map(x, node->children[i - 1], depth + 1, m) != 0)
			return -1;
	}
	return 0;
}

static int compare_members(const void *left, const void *right)
{
	const struct yaml_member *a = left;
	const struct yaml_member *b = right;
	int order = text_compare(&a->key, &b->key);

	return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

/* Sorts by key and keeps the last of each. */
static void settle_members(struct members *m, struct yaml_value *out)
{
	size_t kept = 0;

	if (m->count != 0)
		qsort(m->items, m->count, sizeof(*m->items), compare_members);
	for (size_t i = 0; i < m->count; i++) {
		struct yaml_member *member = &m->items[i];
		if (i + 1 < m->count && text_compare(&member->key, &member[1].key) == 0) {
			text_release(&member->key);
			yaml_value_release(&member->value);
		} else {
			m->items[kept++] = *member;
		}
	}
	out->type = YAML_TYPE_MAP;
	out->map.members = steal_ptr(&m->items);
	out->map.count = kept;
	out->map.bad_key_line = m->bad_key_line;
	m->count = 0;
}

static int expand_map(
    struct expansion *x, const struct yaml_node *node, size_t depth, struct yaml_value *out)
{
	auto_members struct members m = {.items = NULL};

	if (expand_members(x, node, depth, &m) != 0)
		return -1;
	settle_members(&m, out);
	return 0;
}

static int expand_scalar(struct expansion *x, const struct yaml_node *node, struct yaml_value *out)
{
	if (count_text(x, node->len, node->line) != 0)
		return -1;
	return yaml_scalar_resolve(out, node, x->err);
}

/* Fills out, which the caller releases after a failure too. */
static int expand(struct expansion *x, struct yaml_node *node, size_t depth, struct yaml_value *out)
{
	*out = (struct yaml_value){.type = YAML_TYPE_NULL, .line = node->line};
	if (count_step(x, node, depth) != 0)
		return -1;
	if (node->kind == YAML_KIND_LIST)
		return expand_list(x, node, depth, out);
	if (node->kind == YAML_KIND_MAP)
		return expand_map(x, node, depth, out);
	if (node->kind == YAML_KIND_SCALAR)
		return expand_scalar(x, node, out);
	if (enter_alias(x, node) != 0)
		return -1;
	int status = expand(x, node->target, depth, out);
	leave_alias(x, node);
	return status;
}

int yaml_value_parse(struct yaml_value *out, const char *bytes, size_t len, struct error *err)
{
	auto_yaml_node struct yaml_node *root = NULL;

	*out = (struct yaml_value){.type = YAML_TYPE_NULL, .line = 1};
	if (yaml_node_parse(&root, bytes, len, err) != 0)
		return -1;
	return yaml_value_expand(out, root, err);
}

int yaml_value_expand(struct yaml_value *out, struct yaml_node *root, struct error *err)
{
	struct expansion x = {.decoded = 1, .err = err}; /* 1: go-yaml counts the document too */
	auto_yaml_value struct yaml_value value = {.type = YAML_TYPE_NULL};

	*out = (struct yaml_value){.type = YAML_TYPE_NULL, .line = 1};
	if (root == NULL)
		return 0;
	if (expand(&x, root, 1, &value) != 0)
		return -1;
	*out = value;
	value.type = YAML_TYPE_NULL;
	return 0;
}

int yaml_value_check(const struct yaml_value *v, struct error *err)
{
	if (v->type == YAML_TYPE_FLOAT && !isfinite(v->real))
		return error_set(
		    err, ERR_CHART, "line %zu: infinity or NaN where Helm wants JSON", v->line);
	if (v->type == YAML_TYPE_LIST) {
		for (size_t i = 0; i < v->list.count; i++) {
			if (yaml_value_check(&v->list.items[i], err) != 0)
				return -1;
		}
	}
	if (v->type != YAML_TYPE_MAP)
		return 0;
	if (v->map.bad_key_line != 0)
		return error_set(err, ERR_CHART,
		    "line %zu: a key that is null or too large a number", v->map.bad_key_line);
	for (size_t i = 0; i < v->map.count; i++) {
		if (yaml_value_check(&v->map.members[i].value, err) != 0)
			return -1;
	}
	return 0;
}
