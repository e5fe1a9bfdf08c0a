#include "builder/delivery_index.h"

#include <string.h>

#include "common/limits.h"
#include "common/media_type.h"
#include "common/reference.h"

/* ---- what an entry is ---- */

static bool is_name(const struct index_entry *e)
{
	return e->tag != NULL;
}

/* The role that a ref.name gives an entry without a tag. */
static enum tag_role role_of(const struct index_entry *e)
{
	struct digest ignored;

	return is_name(e) || e->ref_name == NULL ? TAG_NAME : tag_role(e->ref_name, &ignored);
}

static bool is_bundle(const struct index_entry *e)
{
	return e->descriptor.artifact_type != NULL &&
	       strcmp(e->descriptor.artifact_type, MEDIA_TYPE_BUNDLE) == 0;
}

/* ---- order ---- */

/* Where an entry goes. */
struct place {
	size_t name; /* position of the name that it is, or belongs to, among all names */
	int rank;    /* within that: the name, its signatures, its other referrers */
	struct index_entry entry;
};

/* The names by their digest, for finding whose a referrer is. */
struct named_digest {
	struct digest digest; /* first: digest_compare() looks at nothing else */
	size_t name;
};

static int compare_names(const void *a, const void *b)
{
	const struct place *left = a;
	const struct place *right = b;
	int order = strcmp(left->entry.repository, right->entry.repository);

	return order != 0 ? order : strcmp(left->entry.tag, right->entry.tag);
}

static int compare_named_digests(const void *a, const void *b)
{
	const struct named_digest *left = a;
	const struct named_digest *right = b;
	int order = digest_compare(a, b);

	return order != 0 ? order : (left->name > right->name) - (left->name < right->name);
}

static int compare_places(const void *a, const void *b)
{
	const struct place *left = a;
	const struct place *right = b;

	if (left->name != right->name)
		return left->name < right->name ? -1 : 1;
	if (left->rank != right->rank)
		return left->rank < right->rank ? -1 : 1;
	return digest_compare(&left->entry.descriptor.digest, &right->entry.descriptor.digest);
}

/* The first name of this digest; SIZE_MAX for none. */
static size_t find_name(const struct named_digest *names, size_t count, const struct digest *digest)
{
	size_t low = 0;
	size_t high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (digest_compare(&names[middle].digest, digest) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && digest_equal(&names[low].digest, digest) ? names[low].name : SIZE_MAX;
}

static void sort_entries(struct index *x)
{
	auto_free struct place *places = mem_zalloc(x->entry_count, sizeof(*places));
	auto_free struct named_digest *names = mem_zalloc(x->entry_count, sizeof(*names));
	size_t name_count = 0;
	size_t count = 0;

	for (size_t i = 0; i < x->entry_count; i++) {
		if (is_name(&x->entries[i]))
			places[name_count++].entry = x->entries[i];
	}
	qsort(places, name_count, sizeof(*places), compare_names);
	for (count = 0; count < name_count; count++) {
		places[count].name = count;
		names[count] = (struct named_digest){
		    .digest = places[count].entry.descriptor.digest, .name = count};
	}
	qsort(names, name_count, sizeof(*names), compare_named_digests);
	for (size_t i = 0; i < x->entry_count; i++) {
		const struct index_entry *e = &x->entries[i];

		if (is_name(e))
			continue;
		places[count++] = (struct place){.entry = *e,
		    .name = e->has_subject ? find_name(names, name_count, &e->subject) : SIZE_MAX,
		    .rank = role_of(e) == TAG_SIGNATURE ? 1 : 2};
	}
	/* Without a name the digest alone decides. */
	for (size_t i = name_count; i < count; i++)
		places[i].rank = places[i].name == SIZE_MAX ? 0 : places[i].rank;
	qsort(places, count, sizeof(*places), compare_places);
	for (size_t i = 0; i < count; i++)
		x->entries[i] = places[i].entry;
}

/* ---- names for other tools ---- */

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The tags of all names, sorted; *out_count of them. Owned by the caller, borrowed from x. */
static const char **sorted_tags(const struct index *x, size_t *out_count)
{
	const char **tags = mem_zalloc(x->entry_count, sizeof(*tags));
	size_t count = 0;

	for (size_t i = 0; i < x->entry_count; i++) {
		if (is_name(&x->entries[i]))
			tags[count++] = x->entries[i].tag;
	}
	qsort(tags, count, sizeof(*tags), compare_strings);
	*out_count = count;
	return tags;
}

static bool is_unique(const char *const *tags, size_t count, const char *tag)
{
	const char *const *found = bsearch(&tag, tags, count, sizeof(*tags), compare_strings);

	return found != NULL && (found == tags || strcmp(found[-1], tag) != 0) &&
	       (found + 1 == tags + count || strcmp(found[1], tag) != 0);
}

static int name_entry(struct index_entry *e, bool tag_is_unique, struct error *err)
{
	free(e->ref_name);
	if (tag_is_unique) {
		e->ref_name = mem_strdup(e->tag);
		return 0;
	}
	e->ref_name = mem_printf("%s-%s", e->repository, e->tag);
	for (char *p = e->ref_name; *p != '\0'; p++) {
		if (*p == '/')
			*p = '-';
	}
	if (tag_check(e->ref_name, err) != 0)
		return error_prefix(
		    err, "the name of '%s:%s' for other tools", e->repository, e->tag);
	return 0;
}

static int name_entries(struct index *x, struct error *err)
{
	size_t count;
	auto_free const char **tags = sorted_tags(x, &count);

	for (size_t i = 0; i < x->entry_count; i++) {
		struct index_entry *e = &x->entries[i];

		if (is_name(e)) {
			if (name_entry(e, is_unique(tags, count, e->tag), err) != 0)
				return -1;
		} else if (role_of(e) == TAG_NAME) {
			free(e->ref_name);
			e->ref_name = NULL;
		}
	}
	return 0;
}

static int refuse_same_ref_names(const struct index *x, struct error *err)
{
	auto_free const char **names = mem_zalloc(x->entry_count, sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; i < x->entry_count; i++) {
		if (x->entries[i].ref_name != NULL)
			names[count++] = x->entries[i].ref_name;
	}
	qsort(names, count, sizeof(*names), compare_strings);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(names[i - 1], names[i]) == 0)
			return error_set(err, ERR_CHART,
			    "two artifacts would be '%s' to tools that address a layout by tag: "
			    "put them into two deliveries",
			    names[i]);
	}
	return 0;
}

/* ---- kinds ---- */

static void set_kind(struct index_entry *e, const char *kind)
{
	free(e->kind);
	e->kind = kind != NULL ? mem_strdup(kind) : NULL;
}

/* The entries are sorted: where one has a name, that is the first, and its signatures follow. */
static void set_kinds(struct index *x)
{
	size_t name_count = 0;
	bool is_signed = false;

	for (size_t i = 0; i < x->entry_count; i++) {
		const struct index_entry *e = &x->entries[i];

		set_kind(&x->entries[i], NULL);
		name_count += is_name(e) ? 1 : 0;
		is_signed |= e->has_subject &&
			     digest_equal(&e->subject, &x->entries[0].descriptor.digest) &&
			     (role_of(e) == TAG_SIGNATURE || is_bundle(e));
	}
	if (name_count != 1 || !is_signed)
		return;
	set_kind(&x->entries[0], COSIGN_KIND_IMAGE);
	if (role_of(&x->entries[1]) == TAG_SIGNATURE)
		set_kind(&x->entries[1], COSIGN_KIND_SIGNATURES);
}

int delivery_index_settle(struct index *x, struct error *err)
{
	if (x->entry_count > LIMIT_INDEX_ENTRIES_MAX)
		return error_set(err, ERR_LIMIT, "%zu entries in index.json; the limit is %u",
		    x->entry_count, LIMIT_INDEX_ENTRIES_MAX);
	sort_entries(x);
	if (name_entries(x, err) != 0 || refuse_same_ref_names(x, err) != 0)
		return -1;
	set_kinds(x);
	return 0;
}
