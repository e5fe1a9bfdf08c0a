#include "common/inspect.h"

#include <inttypes.h>
#include <string.h>

#include "common/printable.h"

struct inspect_seal inspect_seal_of(const struct verified_layout *v)
{
	struct inspect_seal seal = {.sealed = true,
	    .verified = true,
	    .id = *verified_layout_seal_id(v),
	    .trust_id = verified_layout_trust(v)->id,
	    .unknown_signatures = verified_layout_unknown_signatures(v)};

	seal.signers = verified_layout_signers(v, &seal.signer_count);
	seal.ignored = verified_layout_ignored(v, &seal.ignored_count);
	return seal;
}

int inspect_format_parse(enum inspect_format *out, const char *name, struct error *err)
{
	static const char *const names[] = {
	    [INSPECT_TEXT] = "text", [INSPECT_JSON] = "json", [INSPECT_HTML] = "html"};

	*out = INSPECT_TEXT;
	if (name == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		*out = (enum inspect_format)i;
		if (strcmp(name, names[i]) == 0)
			return 0;
	}
	return error_set(err, ERR_USAGE, "--format is text, json or html, not '%s'", name);
}

/* jansson refuses what is not UTF-8; every string here came out of it or was checked. */
static void set_string(json_t *object, const char *name, const char *value)
{
	if (value != NULL)
		(void)json_object_set_new(object, name, json_string(value));
}

static void set_digest(json_t *object, const char *name, const struct digest *d)
{
	char text[DIGEST_TEXT_LEN + 1];

	digest_text(text, d);
	set_string(object, name, text);
}

static uint64_t add_bytes(uint64_t sum, uint64_t more)
{
	return more < INT64_MAX - sum ? sum + more : INT64_MAX;
}

/* What each node and all below it take; children stand before their parents. Owned by the caller.
 */
static uint64_t *sum_bytes(const struct graph *g)
{
	uint64_t *sums = mem_zalloc(g->node_count, sizeof(*sums));

	for (size_t i = 0; i < g->node_count; i++) {
		const struct graph_node *n = &g->nodes[i];

		sums[i] = n->descriptor.size_bytes;
		if (!n->is_index)
			sums[i] = add_bytes(sums[i], n->manifest.config.size_bytes);
		for (size_t k = 0; k < n->manifest.layer_count; k++)
			sums[i] = add_bytes(sums[i], n->manifest.layers[k].size_bytes);
		for (size_t k = 0; k < n->child_count; k++)
			sums[i] = add_bytes(sums[i], sums[n->children[k]]);
	}
	return sums;
}

static json_t *layers_json(const struct manifest *m)
{
	json_t *layers = json_array();

	for (size_t i = 0; i < m->layer_count; i++) {
		json_t *layer = json_object();

		set_string(layer, "mediaType", m->layers[i].media_type);
		set_digest(layer, "digest", &m->layers[i].digest);
		(void)json_object_set_new(
		    layer, "sizeBytes", json_integer((json_int_t)m->layers[i].size_bytes));
		(void)json_array_append_new(layers, layer);
	}
	return layers;
}

/* What an artifact says it is: its own type, else that of its config. */
static const char *artifact_type(const struct graph_node *n)
{
	if (n->is_index)
		return n->descriptor.artifact_type;
	return n->manifest.artifact_type != NULL ? n->manifest.artifact_type
						 : n->manifest.config.media_type;
}

static json_t *artifact_json(
    const struct graph *g, const struct graph_name *name, uint64_t size_bytes)
{
	const struct graph_node *n = &g->nodes[name->node];
	json_t *artifact = json_object();

	set_string(artifact, "repository", name->repository);
	set_string(artifact, "tag", name->tag);
	set_digest(artifact, "digest", &n->descriptor.digest);
	set_string(artifact, "mediaType", n->descriptor.media_type);
	set_string(artifact, "artifactType", artifact_type(n));
	(void)json_object_set_new(artifact, "sizeBytes", json_integer((json_int_t)size_bytes));
	if (n->config_name != NULL) {
		json_t *chart = json_object();

		set_string(chart, "name", n->config_name);
		set_string(chart, "version", n->config_version);
		(void)json_object_set_new(artifact, "chart", chart);
	}
	if (!n->is_index)
		(void)json_object_set_new(artifact, "layers", layers_json(&n->manifest));
	return artifact;
}

/* What a manifest with a subject is to it; also a member of the JSON. */
static const char *referrer_kind(const struct graph_node *n)
{
	if (n->is_signature)
		return "signature";
	return n->is_referrers_index ? "referrers" : "referrer";
}

static json_t *referrer_json(const struct graph_node *n, uint64_t size_bytes)
{
	json_t *referrer = json_object();

	set_digest(referrer, "subject", graph_subject(n));
	set_string(referrer, "repository", n->repository);
	set_string(referrer, "kind", referrer_kind(n));
	set_digest(referrer, "digest", &n->descriptor.digest);
	set_string(referrer, "mediaType", n->descriptor.media_type);
	set_string(referrer, "artifactType", artifact_type(n));
	(void)json_object_set_new(referrer, "sizeBytes", json_integer((json_int_t)size_bytes));
	return referrer;
}

static json_t *referrers_json(const struct graph *g, const uint64_t *sums)
{
	json_t *referrers = json_array();

	for (size_t i = 0; i < g->node_count; i++) {
		if (graph_subject(&g->nodes[i]) != NULL)
			(void)json_array_append_new(
			    referrers, referrer_json(&g->nodes[i], sums[i]));
	}
	return referrers;
}

static json_t *signer_json(const struct trust_signer *s)
{
	json_t *signer = json_object();

	set_string(signer, "principal", s->principal);
	set_string(signer, "fingerprint", s->fingerprint);
	return signer;
}

static json_t *ignored_json(const struct inspect_seal *s)
{
	json_t *ignored = json_array();

	for (size_t i = 0; i < s->ignored_count; i++) {
		json_t *signer = signer_json(&s->ignored[i].signer);

		set_string(signer, "reason", ignored_reason_name(s->ignored[i].reason));
		(void)json_array_append_new(ignored, signer);
	}
	return ignored;
}

static json_t *seal_json(const struct inspect_seal *s)
{
	json_t *seal = json_object();
	json_t *signers = json_array();
	char hex[DIGEST_HEX_LEN + 1];

	digest_hex(hex, &s->id);
	set_string(seal, "id", hex);
	(void)json_object_set_new(seal, "verified", json_boolean(s->verified));
	for (size_t i = 0; i < s->signer_count; i++) {
		(void)json_array_append_new(signers, signer_json(&s->signers[i]));
	}
	if (s->verified) {
		digest_hex(hex, &s->trust_id);
		set_string(seal, "trustId", hex);
		(void)json_object_set(seal, "signers", signers);
		if (s->ignored_count > 0)
			(void)json_object_set_new(seal, "ignored", ignored_json(s));
	}
	json_decref(signers);
	return seal;
}

static json_t *delivery_json(const struct delivery *d)
{
	json_t *delivery = json_object();

	set_string(delivery, "created", d->created);
	set_string(delivery, "origin", d->origin);
	set_string(delivery, "destination", d->destination);
	set_string(delivery, "sequence", d->sequence);
	set_string(delivery, "previous", d->previous);
	set_string(delivery, "notAfter", d->not_after);
	return delivery;
}

json_t *inspect_json(const struct graph *graph, const struct inspect_seal *seal)
{
	json_t *root = json_object();
	json_t *artifacts = json_array();
	auto_free uint64_t *sums = sum_bytes(graph);

	if (seal->sealed)
		(void)json_object_set_new(root, "seal", seal_json(seal));
	(void)json_object_set_new(root, "delivery", delivery_json(&graph->index.delivery));
	for (size_t i = 0; i < graph->name_count; i++) {
		const struct graph_name *name = &graph->names[i];
		(void)json_array_append_new(
		    artifacts, artifact_json(graph, name, sums[name->node]));
	}
	(void)json_object_set_new(root, "artifacts", artifacts);
	(void)json_object_set_new(root, "referrers", referrers_json(graph, sums));
	return root;
}

/* "label   value" with the value escaped; nothing where there is no value. */
static void put_field(struct buf *b, const char *label, const char *value)
{
	if (value == NULL)
		return;
	buf_printf(b, "%-13s", label);
	printable_put(b, value, strlen(value));
	buf_putc(b, '\n');
}

static void put_seal(struct buf *b, const struct inspect_seal *s)
{
	char hex[DIGEST_HEX_LEN + 1];

	if (!s->sealed) {
		put_field(b, "seal", "none");
		return;
	}
	digest_hex(hex, &s->id);
	put_field(b, "seal", hex);
	if (!s->verified)
		put_field(b, "", "not verified here: this is what the layout says of itself");
	if (s->verified) {
		digest_hex(hex, &s->trust_id);
		put_field(b, "trust", hex);
	}
	for (size_t i = 0; i < s->signer_count; i++) {
		auto_free char *signer =
		    mem_printf("%s %s", s->signers[i].principal, s->signers[i].fingerprint);
		put_field(b, "signed by", signer);
	}
	for (size_t i = 0; i < s->ignored_count; i++) {
		buf_printf(b, "%-13s%s %s: ", "not counted", s->ignored[i].signer.principal,
		    s->ignored[i].signer.fingerprint);
		ignored_signer_text(b, &s->ignored[i]);
		buf_putc(b, '\n');
	}
	if (s->verified && s->unknown_signatures > 0)
		buf_printf(b, "%-13s%zu signature%s of keys that the trust does not name\n", "",
		    s->unknown_signatures, s->unknown_signatures == 1 ? "" : "s");
}

static void put_blob_line(struct buf *b, const char *what, const struct descriptor *d)
{
	char digest[DIGEST_TEXT_LEN + 1];

	digest_text(digest, &d->digest);
	buf_printf(b, "  %-9s%s %12" PRIu64 "  ", what, digest, d->size_bytes);
	printable_put(b, d->media_type, strlen(d->media_type));
	buf_putc(b, '\n');
}

static void put_artifact(struct buf *b, const struct graph *g, const struct graph_name *name)
{
	const struct graph_node *n = &g->nodes[name->node];

	buf_printf(b, "\n%s:%s", name->repository, name->tag);
	if (n->config_name != NULL) {
		buf_puts(b, "  (chart ");
		printable_put(b, n->config_name, strlen(n->config_name));
		buf_putc(b, ' ');
		printable_put(b, n->config_version, strlen(n->config_version));
		buf_putc(b, ')');
	}
	buf_putc(b, '\n');
	put_blob_line(b, n->is_index ? "index" : "manifest", &n->descriptor);
	if (!n->is_index)
		put_blob_line(b, "config", &n->manifest.config);
	for (size_t i = 0; i < n->manifest.layer_count; i++)
		put_blob_line(b, "layer", &n->manifest.layers[i]);
	for (size_t i = 0; i < n->child_count; i++)
		put_blob_line(b, "child", &g->nodes[n->children[i]].descriptor);
}

/* By subject, in the order of the graph: also those of what has no name of its own. */
static void put_referrer(struct buf *b, const struct graph_node *n)
{
	const char *type = artifact_type(n) != NULL ? artifact_type(n) : n->descriptor.media_type;
	char digest[DIGEST_TEXT_LEN + 1];
	char subject[DIGEST_TEXT_LEN + 1];

	digest_text(digest, &n->descriptor.digest);
	digest_text(subject, graph_subject(n));
	buf_printf(b, "  %-9s %s  ", referrer_kind(n), digest);
	printable_put(b, type, strlen(type));
	buf_printf(b, "\n    of      %s%s%s\n", subject,
	    n->repository != NULL ? " in the registry, " : "",
	    n->repository != NULL ? n->repository : "");
}

static void put_referrers(struct buf *b, const struct graph *g)
{
	bool any = false;

	for (size_t i = 0; i < g->node_count && !b->overflowed; i++) {
		if (graph_subject(&g->nodes[i]) == NULL)
			continue;
		buf_puts(b, any ? "" : "\nsignatures and referrers\n");
		any = true;
		put_referrer(b, &g->nodes[i]);
	}
}

void inspect_text(struct buf *b, const struct graph *graph, const struct inspect_seal *seal)
{
	const struct delivery *d = &graph->index.delivery;

	put_seal(b, seal);
	put_field(b, "created", d->created);
	put_field(b, "origin", d->origin);
	put_field(b, "destination", d->destination);
	put_field(b, "sequence", d->sequence);
	put_field(b, "previous", d->previous);
	put_field(b, "not after", d->not_after);
	buf_printf(b, "%-13s%zu\n", "artifacts", graph->name_count);
	for (size_t i = 0; i < graph->name_count && !b->overflowed; i++)
		put_artifact(b, graph, &graph->names[i]);
	put_referrers(b, graph);
}
