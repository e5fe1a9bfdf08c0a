#include "builder/delivery_writer.h"

#include <string.h>

#include "builder/delivery_index.h"
#include "builder/release_writer.h"
#include "common/layout.h"
#include "common/limits.h"
#include "common/media_type.h"
#include "common/reference.h"

void delivery_writer_release(struct delivery_writer *d)
{
	index_release(&d->index);
	for (size_t i = 0; i < d->chart_count; i++)
		free(d->versions[i]);
	free(d->versions);
	d->versions = NULL;
	d->chart_count = 0;
	free(d->blobs);
	d->blobs = NULL;
	d->blob_count = 0;
}

static int put_blob(struct delivery_writer *d, struct layout_writer *w, const struct digest *digest,
    const void *bytes, size_t len, struct error *err)
{
	d->blobs = mem_grow(d->blobs, d->blob_count, &d->blob_capacity, sizeof(*d->blobs));
	d->blobs[d->blob_count++] = *digest;
	return layout_writer_blob(w, digest, bytes, len, err);
}

static int add_blob(struct delivery_writer *d, struct layout_writer *w, const struct digest *digest,
    const struct buf *content, struct error *err)
{
	return put_blob(d, w, digest, buf_text(content), content->len, err);
}

static int add_entry(struct delivery_writer *d, const struct helm_manifest *m, const char *version,
    struct error *err)
{
	struct index *x = &d->index;

	for (size_t i = 0; i < x->entry_count; i++) {
		if (strcmp(x->entries[i].repository, m->repository) == 0 &&
		    strcmp(x->entries[i].tag, m->tag) == 0)
			return error_set(err, ERR_USAGE, "'%s:%s' is in this delivery already",
			    m->repository, m->tag);
	}
	if (x->entry_count >= LIMIT_CHARTS_MAX)
		return error_set(
		    err, ERR_LIMIT, "more than %u charts in one delivery", LIMIT_CHARTS_MAX);
	x->entries = mem_grow(x->entries, x->entry_count, &d->entry_capacity, sizeof(*x->entries));
	struct index_entry *entry = &x->entries[x->entry_count++];
	*entry = (struct index_entry){
	    .repository = mem_strdup(m->repository), .tag = mem_strdup(m->tag), .ref_name = NULL};
	entry->descriptor.media_type = mem_strdup(MEDIA_TYPE_OCI_MANIFEST);
	entry->descriptor.digest = m->manifest_digest;
	entry->descriptor.size_bytes = m->manifest.len;
	d->versions =
	    mem_grow(d->versions, d->chart_count, &d->version_capacity, sizeof(*d->versions));
	d->versions[d->chart_count++] = mem_strdup(version);
	return 0;
}

int delivery_writer_chart(struct delivery_writer *d, struct layout_writer *w,
    const struct chart *chart, const struct helm_manifest *manifest, struct error *err)
{
	if (add_entry(d, manifest, text_string(&chart->metadata.version), err) != 0 ||
	    add_blob(d, w, &manifest->archive_digest, &chart->archive, err) != 0 ||
	    add_blob(d, w, &manifest->config_digest, &manifest->config, err) != 0 ||
	    add_blob(d, w, &manifest->manifest_digest, &manifest->manifest, err) != 0)
		return -1;
	if (!chart->has_provenance)
		return 0;
	return add_blob(d, w, &manifest->provenance_digest, &chart->provenance, err);
}

/* Where release signatures are stored: as every other blob. */
struct storing {
	struct delivery_writer *delivery;
	struct layout_writer *writer;
};

static int store_blob(
    void *context, const struct digest *digest, const void *bytes, size_t len, struct error *err)
{
	const struct storing *s = context;

	return put_blob(s->delivery, s->writer, digest, bytes, len, err);
}

int delivery_writer_sign(struct delivery_writer *d, struct layout_writer *w,
    const struct release_keys *keys, struct error *err)
{
	struct storing storing = {.delivery = d, .writer = w};
	const struct release_layout layout = {
	    .index = &d->index, .files = NULL, .store = store_blob, .context = &storing};
	auto_free struct release_subject *subjects = mem_zalloc(d->chart_count, sizeof(*subjects));

	for (size_t i = 0; i < d->chart_count; i++) {
		const struct index_entry *entry = &d->index.entries[i];

		subjects[i] = (struct release_subject){.manifest = entry->descriptor,
		    .repository = entry->repository,
		    .tag = entry->tag,
		    .name = entry->repository,
		    .version = d->versions[i]};
	}
	return release_writer_sign(&layout, subjects, d->chart_count, keys, err);
}

static int write_index(
    struct delivery_writer *d, struct layout_writer *w, struct digest *out, struct error *err)
{
	auto_buf struct buf bytes = BUF_INIT(LIMIT_INDEX_BYTES_MAX);

	if (delivery_index_settle(&d->index, err) != 0)
		return -1;
	index_write_delivery(&bytes, &d->index);
	if (buf_check(&bytes, LAYOUT_INDEX, err) != 0)
		return -1;
	digest_of(out, bytes.data, bytes.len);
	return layout_writer_file(w, LAYOUT_INDEX, bytes.data, bytes.len, err);
}

static void sort_blobs(struct delivery_writer *d)
{
	size_t unique = 0;

	qsort(d->blobs, d->blob_count, sizeof(*d->blobs), digest_compare);
	for (size_t i = 0; i < d->blob_count; i++) {
		if (unique == 0 || !digest_equal(&d->blobs[unique - 1], &d->blobs[i]))
			d->blobs[unique++] = d->blobs[i];
	}
	d->blob_count = unique;
}

int delivery_writer_seal(
    struct delivery_writer *d, struct layout_writer *w, struct buf *out_list, struct error *err)
{
	static const char oci_layout[] = LAYOUT_OCI_LAYOUT_CONTENT;
	struct seal seal = SEAL_INIT; /* borrows d->blobs */

	if (layout_writer_file(w, LAYOUT_OCI_LAYOUT, oci_layout, sizeof(oci_layout) - 1, err) !=
		0 ||
	    write_index(d, w, &seal.index, err) != 0)
		return -1;
	digest_of(&seal.oci_layout, oci_layout, sizeof(oci_layout) - 1);
	sort_blobs(d);
	seal.blobs = d->blobs;
	seal.blob_count = d->blob_count;
	seal_write(out_list, &seal);
	if (buf_check(out_list, LAYOUT_SEAL, err) != 0 ||
	    layout_writer_file(w, LAYOUT_SEAL, out_list->data, out_list->len, err) != 0)
		return -1;
	digest_of(&d->seal_id, out_list->data, out_list->len);
	return 0;
}
