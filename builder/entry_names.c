#include "builder/entry_names.h"

#include <string.h>

#include "common/limits.h"
#include "common/printable.h"
#include "common/reference.h"

/* "SOURCE=REPOSITORY:TAG", taken apart. */
struct wish {
	char *source; /* owned, all three */
	char *repository;
	char *tag;
};

static void wish_release(struct wish *w)
{
	free(w->source);
	free(w->repository);
	free(w->tag);
}
#define auto_wish __attribute__((cleanup(wish_release)))

/* "REPOSITORY:TAG", taken apart at its last colon; false where it is none by their grammars. */
static int parse_name(char **out_repository, char **out_tag, const char *text, struct error *err)
{
	const char *colon = strrchr(text, ':');
	struct digest ignored;

	if (colon == NULL)
		return error_set(err, ERR_FORMAT, "'%.300s' is not REPOSITORY:TAG", text);
	*out_repository = mem_strndup(text, (size_t)(colon - text));
	*out_tag = mem_strdup(colon + 1);
	if (repository_check(*out_repository, err) != 0 || tag_check(*out_tag, err) != 0)
		return -1;
	if (tag_role(*out_tag, &ignored) != TAG_NAME)
		return error_set(err, ERR_FORMAT,
		    "tag '%s' is one of signatures or referrers, not of an artifact", *out_tag);
	return 0;
}

static int parse_wish(struct wish *out, const char *text, struct error *err)
{
	const char *equals = strrchr(text, '=');

	if (equals == NULL || equals == text)
		return error_set(
		    err, ERR_USAGE, "'%.300s' is not DIGEST|REFNAME=REPOSITORY:TAG", text);
	out->source = mem_strndup(text, (size_t)(equals - text));
	return parse_name(&out->repository, &out->tag, equals + 1, err);
}

static bool is_meant(const struct index_entry *e, const char *source, const struct digest *digest)
{
	if (digest != NULL)
		return digest_equal(&e->descriptor.digest, digest);
	return e->ref_name != NULL && strcmp(e->ref_name, source) == 0;
}

static const struct digest *parse_source(struct digest *out, const char *source)
{
	struct error ignored = ERROR_INIT;

	return digest_parse(out, source, strlen(source), &ignored) == 0 ? out : NULL;
}

static int find_entry(const struct index *x, const char *source, size_t *out, struct error *err)
{
	struct digest parsed;
	const struct digest *digest = parse_source(&parsed, source);

	for (*out = 0; *out < x->entry_count; ++*out) {
		const struct index_entry *e = &x->entries[*out];

		if (!is_meant(e, source, digest))
			continue;
		if (e->has_subject)
			return error_set(err, ERR_USAGE,
			    "'%.300s' is a signature or a list of referrers, and named by what it "
			    "refers to",
			    source);
		return 0;
	}
	return error_set(err, ERR_USAGE,
	    "no entry of index.json has the digest or the ref.name '%.300s'", source);
}

static void set_name(struct index_entry *e, struct wish *w)
{
	free(e->repository);
	free(e->tag);
	e->repository = steal_ptr(&w->repository);
	e->tag = steal_ptr(&w->tag);
}

/* The same artifact under one more name. */
static int add_copy(struct index *x, size_t position, struct wish *w, struct error *err)
{
	if (x->entry_count >= LIMIT_INDEX_ENTRIES_MAX)
		return error_set(err, ERR_LIMIT, "more than %u entries", LIMIT_INDEX_ENTRIES_MAX);
	x->entries = mem_realloc(x->entries, x->entry_count + 1, sizeof(*x->entries));
	const struct descriptor *d = &x->entries[position].descriptor;
	struct index_entry *copy = &x->entries[x->entry_count++];
	*copy = (struct index_entry){.descriptor = {.digest = d->digest,
					 .size_bytes = d->size_bytes,
					 .media_type = mem_strdup(d->media_type)}};
	if (d->artifact_type != NULL)
		copy->descriptor.artifact_type = mem_strdup(d->artifact_type);
	set_name(copy, w);
	return 0;
}

/* renamed: of each entry that was there at first, whether an option has named it. */
static int apply_option(struct index *x, bool *renamed, const char *text, struct error *err)
{
	auto_wish struct wish w = {NULL, NULL, NULL};
	size_t position;

	if (parse_wish(&w, text, err) != 0 || find_entry(x, w.source, &position, err) != 0)
		return -1;
	if (renamed[position])
		return add_copy(x, position, &w, err);
	renamed[position] = true;
	set_name(&x->entries[position], &w);
	return 0;
}

/* A ref.name may be anything: what is no name is not one. */
static void take_ref_name(struct index_entry *e)
{
	auto_wish struct wish w = {NULL, NULL, NULL};
	struct error ignored = ERROR_INIT;

	if (e->tag == NULL && e->repository == NULL && !e->has_subject && e->ref_name != NULL &&
	    parse_name(&w.repository, &w.tag, e->ref_name, &ignored) == 0)
		set_name(e, &w);
}

static int compare_digests(const void *a, const void *b)
{
	return digest_compare(*(const struct digest *const *)a, *(const struct digest *const *)b);
}

static void release_entry(struct index_entry *e)
{
	descriptor_release(&e->descriptor);
	free(e->repository);
	free(e->tag);
	free(e->kind);
	free(e->ref_name);
}

static void note_left_out(struct buf *notes, const struct index_entry *e)
{
	char digest[DIGEST_TEXT_LEN + 1];

	digest_text(digest, &e->descriptor.digest);
	buf_puts(notes, "builder: left out, without a name of its own: ");
	if (e->ref_name != NULL) {
		printable_put(notes, e->ref_name, strlen(e->ref_name));
		buf_puts(notes, ", which is ");
	}
	buf_printf(notes, "%s\n", digest);
}

/* A second entry for what is named already would only be in the way. */
static void drop_repeated(struct index *x, struct buf *notes)
{
	auto_free const struct digest **named = mem_zalloc(x->entry_count, sizeof(*named));
	size_t named_count = 0;
	size_t kept = 0;

	for (size_t i = 0; i < x->entry_count; i++) {
		if (x->entries[i].tag != NULL)
			named[named_count++] = &x->entries[i].descriptor.digest;
	}
	qsort(named, named_count, sizeof(*named), compare_digests);
	/* Marked first: the digests are borrowed from the entries that are about to move. */
	auto_free bool *drop = mem_zalloc(x->entry_count, sizeof(*drop));
	for (size_t i = 0; i < x->entry_count && named_count > 0; i++) {
		const struct digest *d = &x->entries[i].descriptor.digest;

		drop[i] = x->entries[i].tag == NULL && !x->entries[i].has_subject &&
			  bsearch(&d, named, named_count, sizeof(*named), compare_digests) != NULL;
	}
	for (size_t i = 0; i < x->entry_count; i++) {
		if (!drop[i]) {
			x->entries[kept++] = x->entries[i];
			continue;
		}
		note_left_out(notes, &x->entries[i]);
		release_entry(&x->entries[i]);
	}
	x->entry_count = kept;
}

int entry_names_apply(
    struct index *x, const struct option_list *names, struct buf *notes, struct error *err)
{
	auto_free bool *renamed = mem_zalloc(x->entry_count, sizeof(*renamed));

	for (size_t i = 0; i < names->count; i++) {
		if (apply_option(x, renamed, names->items[i], err) != 0) {
			(void)error_recode(err, ERR_USAGE);
			return error_prefix(err, "--name");
		}
	}
	for (size_t i = 0; i < x->entry_count; i++)
		take_ref_name(&x->entries[i]);
	drop_repeated(x, notes);
	return 0;
}
