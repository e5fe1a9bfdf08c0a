/*
 * Image indexes: index.json of a layout, and indexes (or Docker lists) below it.
 * Source: OCI image-spec, image-index.md; design formats.md 1.1.
 */
#ifndef COMMON_INDEX_H
#define COMMON_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/descriptor.h"

/** One entry. The annotations have a meaning only in index.json. */
struct index_entry {
	struct descriptor descriptor;
	char *repository; /* owned; dev.sallyport.repository, checked; NULL where absent, then tag
			     is too; alone, where what it refers to is in the registry only */
	char *tag;        /* owned; dev.sallyport.tag, checked; NULL where absent: no name */
	char *kind; /* owned; what cosign's --local-image goes by, unchecked; NULL where absent */
	char *ref_name; /* owned; org.opencontainers.image.ref.name, unchecked; NULL where absent */
	/* What it is a signature or a referrer of: by its ref.name or, once graph_load() has seen
	 * its content, by its subject. Never for a name; not written. */
	bool has_subject;
	struct digest subject;
};

/** What index.json says of the delivery as a whole; every member owned, NULL where absent. */
struct delivery {
	char *created;
	char *origin;
	char *destination;
	char *sequence;
	char *previous;
	char *not_after;
};

struct index {
	struct index_entry *entries; /* owned; in file order */
	size_t entry_count;          /* 0 ..= LIMIT_INDEX_ENTRIES_MAX */
	bool has_subject;
	struct descriptor subject;
	struct delivery delivery; /* all NULL in a nested index */
};

#define INDEX_INIT                                                                                 \
	{                                                                                          \
		.entries = NULL, .entry_count = 0, .has_subject = false,                           \
		.subject = DESCRIPTOR_INIT, .delivery = {                                          \
			NULL,                                                                      \
			NULL,                                                                      \
			NULL,                                                                      \
			NULL,                                                                      \
			NULL,                                                                      \
			NULL                                                                       \
		}                                                                                  \
	}

/**
 * index_parse(out, bytes, len, media_type, err): a nested index, as manifest_parse() reads a
 * manifest. Its annotations are not looked at.
 */
int index_parse(struct index *out, const char *bytes, size_t len, const char *media_type,
    struct error *err) MUST_CHECK;

/**
 * index_parse_delivery(out, bytes, len, err): index.json. Also refuses (ERR_POLICY) an unknown
 * annotation whose key begins "dev.sallyport.": it may be a condition; and (ERR_FORMAT) a tag
 * without a repository, a tag that is one of signatures or referrers by its form (tag_role(): such
 * tags are merged, never names), one (repository, tag) pair twice, and delivery annotations against
 * their grammar. Whether a repository may stand alone, graph_load() judges.
 */
int index_parse_delivery(
    struct index *out, const char *bytes, size_t len, struct error *err) MUST_CHECK;

void index_release(struct index *x);
#define auto_index __attribute__((cleanup(index_release)))

/** origin_check(text, err): [a-z0-9][a-z0-9._-]{0,63}; ERR_FORMAT. */
int origin_check(const char *text, struct error *err) MUST_CHECK;

/** sequence_parse(out, text, err): 1 to 2^63-1 in decimal, no leading zero; ERR_FORMAT. */
int sequence_parse(int64_t *out, const char *text, struct error *err) MUST_CHECK;

/**
 * index_write_delivery(b, x): index.json as design formats.md 1.1 has it: compact, members in
 * order, annotation keys sorted; entries in the order they stand.
 */
void index_write_delivery(struct buf *b, const struct index *x);

#endif
