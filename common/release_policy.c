#include "common/release_policy.h"

#include <string.h>

#include "common/blob.h"
#include "common/media_type.h"
#include "common/release_artifact.h"

/* How near a signature came that does not do; the nearest one is told of. */
enum nearness { FOUND_NONE, FOUND_UNREADABLE, FOUND_OTHER_KEY, FOUND_OTHER_CLAIM };

/* The search for one signature of one form for one name. */
struct search {
	const struct graph *graph;
	const struct layout *layout;
	const struct trust_release *release;
	size_t *checks; /* signatures tried so far, of all searches */
	enum release_form form;
	const struct graph_node *node; /* the artifact */
	const char *name;
	const char *version;
	bool holds;
	enum nearness nearest;
	struct error found; /* what the nearest one was; its code is not used */
};

static void note(struct search *s, enum nearness nearness, const char *text)
{
	if (nearness <= s->nearest)
		return;
	s->nearest = nearness;
	(void)error_set(&s->found, ERR_POLICY, "%s", text);
}

/* ---- one signature ---- */

static bool is_bound(const char *found, const char *expected)
{
	return found != NULL && strcmp(found, expected) == 0;
}

static void judge_claim(struct search *s, const struct buf *content)
{
	auto_release_claim struct release_claim claim = RELEASE_CLAIM_INIT;
	struct error why = ERROR_INIT;

	if (release_claim_parse(&claim, s->form, buf_text(content), content->len, &why) != 0) {
		note(s, FOUND_OTHER_CLAIM, why.text);
		return;
	}
	if (!digest_equal(&claim.digest, &s->node->descriptor.digest)) {
		note(s, FOUND_OTHER_CLAIM, "it signs another digest");
		return;
	}
	if (!is_bound(claim.name, s->name) || !is_bound(claim.version, s->version)) {
		auto_free char *text = mem_printf("it binds %s%.200s%s and %s%.200s%s",
		    claim.name != NULL ? "name '" : "no name", claim.name != NULL ? claim.name : "",
		    claim.name != NULL ? "'" : "",
		    claim.version != NULL ? "version '" : "no version",
		    claim.version != NULL ? claim.version : "", claim.version != NULL ? "'" : "");
		note(s, FOUND_OTHER_CLAIM, text);
		return;
	}
	s->holds = true;
}

/* The keys first: what none of them signed is not read. */
static int judge_signature(struct search *s, const struct buf *content,
    const uint8_t signature[ED25519_SIGNATURE_BYTES], struct error *err)
{
	for (size_t i = 0; i < s->release->key_count; i++) {
		if (++*s->checks > LIMIT_RELEASE_CHECKS_MAX)
			return error_set(err, ERR_LIMIT,
			    "more than %u release signatures to be checked",
			    LIMIT_RELEASE_CHECKS_MAX);
		if (release_verify(
			s->form, buf_text(content), content->len, signature, s->release->keys[i])) {
			judge_claim(s, content);
			return 0;
		}
	}
	note(s, FOUND_OTHER_KEY, "none of these keys made the one that is there");
	return 0;
}

/* ---- where they are ---- */

static int judge_bundle(struct search *s, const struct graph_node *n, struct error *err)
{
	auto_release_bundle struct release_bundle bundle = RELEASE_BUNDLE_INIT;
	auto_buf struct buf bytes = BUF_INIT(LIMIT_RELEASE_BUNDLE_BYTES_MAX);
	const struct manifest *m = &n->manifest;
	struct error why = ERROR_INIT;

	if (!n->has_subject || n->is_index || m->artifact_type == NULL ||
	    strcmp(m->artifact_type, MEDIA_TYPE_BUNDLE) != 0 || m->layer_count != 1 ||
	    strcmp(m->layers[0].media_type, MEDIA_TYPE_BUNDLE) != 0)
		return 0;
	if (m->layers[0].size_bytes > LIMIT_RELEASE_BUNDLE_BYTES_MAX) {
		note(s, FOUND_UNREADABLE, "the one that is there is too large");
		return 0;
	}
	if (blob_load(&bytes, s->layout, &m->layers[0].digest, m->layers[0].size_bytes, err) != 0)
		return -1;
	if (release_bundle_parse(&bundle, buf_text(&bytes), bytes.len, &why) != 0) {
		note(s, FOUND_UNREADABLE, why.text);
		return 0;
	}
	return judge_signature(s, &bundle.statement, bundle.signature, err);
}

static int judge_layer(struct search *s, const struct release_layer *layer, struct error *err)
{
	auto_buf struct buf payload = BUF_INIT(LIMIT_RELEASE_CONTENT_BYTES_MAX);

	if (layer->payload.size_bytes > LIMIT_RELEASE_CONTENT_BYTES_MAX) {
		note(s, FOUND_UNREADABLE, "the payload that is there is too large");
		return 0;
	}
	if (blob_load(
		&payload, s->layout, &layer->payload.digest, layer->payload.size_bytes, err) != 0)
		return -1;
	return judge_signature(s, &payload, layer->signature, err);
}

static int judge_legacy(struct search *s, const struct graph_node *n, struct error *err)
{
	auto_free struct release_layer *layers = NULL;
	auto_buf struct buf bytes = BUF_INIT(LIMIT_MANIFEST_BYTES_MAX);
	struct error why = ERROR_INIT;
	size_t count;

	if (!n->is_signature)
		return 0;
	if (blob_load(&bytes, s->layout, &n->descriptor.digest, n->descriptor.size_bytes, err) != 0)
		return -1;
	json_auto_t *opened = release_legacy_open(buf_text(&bytes), bytes.len, &why);
	if (opened == NULL) {
		note(s, FOUND_UNREADABLE, why.text);
		return 0;
	}
	release_legacy_layers(&layers, &count, opened);
	for (size_t i = 0; i < count && !s->holds; i++) {
		if (judge_layer(s, &layers[i], err) != 0)
			return -1;
	}
	return 0;
}

static int search(struct search *s, struct error *err)
{
	const struct graph_referrer *referrers;
	size_t count = graph_referrers(s->graph, &s->node->descriptor.digest, &referrers);

	for (size_t i = 0; i < count && !s->holds; i++) {
		const struct graph_node *n = &s->graph->nodes[referrers[i].node];
		int result =
		    s->form == RELEASE_BUNDLE ? judge_bundle(s, n, err) : judge_legacy(s, n, err);
		if (result != 0)
			return -1;
	}
	return 0;
}

/* ---- one name ---- */

static int refuse(const struct search *s, const struct graph_name *name, struct error *err)
{
	auto_buf struct buf keys = BUF_INIT(ERROR_TEXT_BYTES / 2);

	for (size_t i = 0; i < s->release->key_count; i++) {
		struct ssh_public_key key;
		char fingerprint[SSH_FINGERPRINT_LEN + 1];

		ssh_public_key_of_ed25519(&key, s->release->keys[i]);
		ssh_public_key_fingerprint(fingerprint, &key);
		buf_printf(&keys, "%s%s", i > 0 ? " or " : "", fingerprint);
	}
	return error_set(err, ERR_POLICY,
	    "release: '%s:%s' has no %s signature by %s that binds name '%s' and version '%s'%s%s",
	    name->repository, name->tag, release_form_name(s->form), buf_text(&keys), s->name,
	    s->version, s->nearest != FOUND_NONE ? ": " : "", s->found.text);
}

static int judge_name(const struct search *of_all, const struct graph_name *name,
    unsigned *out_forms, struct error *err)
{
	const bool required[RELEASE_FORM_COUNT] = {
	    [RELEASE_BUNDLE] = of_all->release->require_bundle,
	    [RELEASE_LEGACY] = of_all->release->require_legacy,
	};
	const struct graph_node *node = &of_all->graph->nodes[name->node];

	*out_forms = 0;
	for (int form = 0; form < RELEASE_FORM_COUNT; form++) {
		struct search s = *of_all;

		s.form = (enum release_form)form;
		s.node = node;
		s.name = node->config_name != NULL ? node->config_name : name->repository;
		s.version = node->config_name != NULL ? node->config_version : name->tag;
		if (search(&s, err) != 0)
			return error_prefix(err, "release: '%s:%s'", name->repository, name->tag);
		if (s.holds)
			*out_forms |= RELEASE_FORM_BIT(s.form);
		else if (required[form])
			return refuse(&s, name, err);
	}
	return 0;
}

int release_judge(const struct graph *graph, const struct layout *layout, const struct trust *trust,
    unsigned *out_forms, struct error *err)
{
	size_t checks = 0;
	const struct search s = {.graph = graph,
	    .layout = layout,
	    .release = &trust->release,
	    .checks = &checks,
	    .found = ERROR_INIT};
	unsigned forms = 0;

	for (size_t i = 0; i < graph->name_count; i++) {
		if (trust->release.key_count > 0 &&
		    judge_name(&s, &graph->names[i], &forms, err) != 0)
			return -1;
		if (out_forms != NULL)
			out_forms[i] = forms;
	}
	return 0;
}
