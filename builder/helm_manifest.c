#include "builder/helm_manifest.h"

#include "builder/helm_config.h"
#include "common/json.h"
#include "common/limits.h"
#include "common/media_type.h"
#include "common/reference.h"

#define OCI "org.opencontainers.image."

void helm_manifest_init(struct helm_manifest *m)
{
	*m = (struct helm_manifest){.config = BUF_INIT(LIMIT_CONFIG_BYTES_MAX),
	    .manifest = BUF_INIT(LIMIT_MANIFEST_BYTES_MAX)};
}

void helm_manifest_release(struct helm_manifest *m)
{
	buf_release(&m->config);
	buf_release(&m->manifest);
	free(m->repository);
	free(m->tag);
	helm_manifest_init(m);
}

static struct text borrow(const char *string)
{
	/* Never changed nor released: only looked at. */
	return (struct text){.bytes = (char *)(uintptr_t)string, .len = strlen(string)};
}

static void set(struct text_map *map, const char *key, const struct text *value)
{
	const struct text key_text = borrow(key);
	struct text *slot = text_map_slot(map, &key_text);

	text_set(slot, text_string(value), value->len);
}

/*
 * Helm's addToMap: what is only white space is left out, what is not is taken with its white space.
 */
static void set_unless_blank(struct text_map *map, const char *key, const struct text *value)
{
	if (!text_is_blank(value))
		set(map, key, value);
}

/* "name (email), name (email)"; a part that is empty is left out, its comma is not. */
static int set_authors(
    struct text_map *map, const struct record_list *maintainers, struct error *err)
{
	auto_buf struct buf authors = BUF_INIT(LIMIT_MANIFEST_BYTES_MAX);

	for (size_t i = 0; i < maintainers->count; i++) {
		const struct chart_maintainer *m = maintainers->items[i];
		if (i != 0)
			buf_puts(&authors, ", ");
		buf_puts(&authors, text_string(&m->name));
		if (m->email.len != 0)
			buf_printf(&authors, " (%s)", m->email.bytes);
	}
	if (buf_check(&authors, "maintainers", err) != 0)
		return -1;
	const struct text text = borrow(buf_text(&authors));
	set_unless_blank(map, OCI "authors", &text);
	return 0;
}

/* The chart's own annotations go over ours, but for the two that Helm keeps. */
static int make_annotations(
    struct text_map *map, const struct chart_metadata *m, const char *created, struct error *err)
{
	const struct text created_text = borrow(created != NULL ? created : "");

	set_unless_blank(map, OCI "description", &m->description);
	set_unless_blank(map, OCI "title", &m->name);
	set_unless_blank(map, OCI "version", &m->version);
	set_unless_blank(map, OCI "url", &m->home);
	set_unless_blank(map, ANNOTATION_CREATED, &created_text);
	if (m->sources.count != 0)
		set_unless_blank(map, OCI "source", &m->sources.items[0]);
	if (set_authors(map, &m->maintainers, err) != 0)
		return -1;
	for (size_t i = 0; i < m->annotations.count; i++) {
		const struct text_pair *pair = &m->annotations.pairs[i];
		if (text_is(&pair->key, OCI "version") || text_is(&pair->key, OCI "title"))
			continue;
		struct text *slot = text_map_slot(map, &pair->key);
		text_set(slot, text_string(&pair->value), pair->value.len);
	}
	return 0;
}

struct layer {
	const char *media_type;
	const struct digest *digest;
	size_t size_bytes;
};

static void put_descriptor(struct buf *out, const struct layer *layer)
{
	char digest[DIGEST_TEXT_LEN + 1];

	digest_text(digest, layer->digest);
	buf_printf(out, "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu}", layer->media_type,
	    digest, layer->size_bytes);
}

/* Helm sorts the layers by digest, so provenance may come before the chart. */
static void put_layers(struct buf *out, const struct helm_manifest *m, const struct chart *chart)
{
	const struct layer archive = {
	    MEDIA_TYPE_HELM_CHART, &m->archive_digest, chart->archive.len};
	const struct layer provenance = {
	    MEDIA_TYPE_HELM_PROVENANCE, &m->provenance_digest, chart->provenance.len};
	bool archive_first =
	    !chart->has_provenance || digest_compare(archive.digest, provenance.digest) < 0;

	put_descriptor(out, archive_first ? &archive : &provenance);
	if (chart->has_provenance) {
		buf_putc(out, ',');
		put_descriptor(out, archive_first ? &provenance : &archive);
	}
}

static void put_manifest(
    struct helm_manifest *m, const struct chart *chart, const struct text_map *annotations)
{
	struct buf *out = &m->manifest;
	const struct layer config = {MEDIA_TYPE_HELM_CONFIG, &m->config_digest, m->config.len};

	buf_puts(out, "{\"schemaVersion\":2,\"config\":");
	put_descriptor(out, &config);
	buf_puts(out, ",\"layers\":[");
	put_layers(out, m, chart);
	buf_puts(out, "],\"annotations\":{");
	for (size_t i = 0; i < annotations->count; i++) {
		const struct text_pair *pair = &annotations->pairs[i];
		if (i != 0)
			buf_putc(out, ',');
		json_put_string(out, text_string(&pair->key), pair->key.len);
		buf_putc(out, ':');
		json_put_string(out, text_string(&pair->value), pair->value.len);
	}
	buf_puts(out, "}}");
}

static int make_reference(
    struct helm_manifest *out, const struct chart_metadata *m, struct error *err)
{
	out->repository = mem_strdup(text_string(&m->name));
	out->tag = tag_of_version(text_string(&m->version));
	if (repository_check(out->repository, err) != 0) {
		(void)error_prefix(err, "name '%s' cannot be pushed", out->repository);
		return error_recode(err, ERR_CHART);
	}
	if (tag_check(out->tag, err) != 0) {
		(void)error_prefix(err, "version '%s' cannot be pushed", m->version.bytes);
		return error_recode(err, ERR_CHART);
	}
	return 0;
}

/* Helm writes what strict readers of JSON, ours among them, do not read: a NUL, too deep a list. */
static int check_readable(const struct buf *json, const char *what, struct error *err)
{
	json_auto_t *read = json_strict_load(json->data, json->len, err);

	if (read != NULL)
		return 0;
	(void)error_recode(err, err->code == ERR_LIMIT ? ERR_LIMIT : ERR_CHART);
	return error_prefix(err, "Chart.yaml: %s made of it", what);
}

int helm_manifest_make(
    struct helm_manifest *out, const struct chart *chart, const char *created, struct error *err)
{
	__attribute__((cleanup(text_map_clear))) struct text_map annotations = {.pairs = NULL};

	helm_manifest_init(out);
	if (make_reference(out, &chart->metadata, err) != 0)
		return -1;
	helm_config_write(&out->config, &chart->metadata);
	if (buf_check(&out->config, "config", err) != 0 ||
	    check_readable(&out->config, "the config", err) != 0)
		return -1;
	digest_of(&out->config_digest, out->config.data, out->config.len);
	digest_of(&out->archive_digest, buf_text(&chart->archive), chart->archive.len);
	digest_of(&out->provenance_digest, buf_text(&chart->provenance), chart->provenance.len);
	if (make_annotations(&annotations, &chart->metadata, created, err) != 0)
		return -1;
	put_manifest(out, chart, &annotations);
	if (buf_check(&out->manifest, "manifest", err) != 0 ||
	    check_readable(&out->manifest, "the manifest", err) != 0)
		return -1;
	digest_of(&out->manifest_digest, out->manifest.data, out->manifest.len);
	return 0;
}
