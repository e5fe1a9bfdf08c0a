/*
 * What must be in the registry for a delivery to be there, and in which order: a value, made from a
 * verified layout and nothing else.
 */
#ifndef PUSHER_PLAN_H
#define PUSHER_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/digest.h"
#include "common/verified_layout.h"
#include "pusher/name_map.h"

struct plan_blob {
	struct digest digest;
	uint64_t size_bytes;
};

struct plan_manifest {
	struct digest digest;
	uint64_t size_bytes;
	const char *media_type; /* borrowed from the layout */
	size_t node;            /* in the layout's graph */
	unsigned height;        /* of indexes below it; those of one height need not wait */
	size_t *blobs;          /* owned; its own, as positions in the repository's blobs */
	size_t blob_count;
	size_t *children; /* owned; positions in manifests; of an index */
	size_t child_count;
};

/** What belongs beside a manifest, by its digest. */
struct plan_subject {
	struct digest subject;
	bool has_signature;
	size_t signature;  /* position in manifests; merged into the tag "sha256-<hex>.sig" */
	size_t *referrers; /* owned; positions in manifests; pushed by digest */
	size_t referrer_count;
};

/** One tag, and what must be there before it. */
struct plan_name {
	const char *tag; /* borrowed from the layout; NULL: the manifest is in the registry only,
			    and nothing but what is beside it is pushed */
	struct digest digest; /* that the tag is to have */
	size_t manifest;      /* position in manifests; where there is a tag */
	size_t *children;     /* owned; positions in manifests, a child before its parents */
	size_t child_count;
	size_t *blobs; /* owned; positions in the repository's blobs, each once */
	size_t blob_count;
	size_t *subjects; /* owned; positions in subjects */
	size_t subject_count;
	uint64_t total_bytes; /* of manifest, children and blobs, each once */
};

struct plan_repository {
	char *name;              /* owned; PREFIX/REPOSITORY */
	struct plan_blob *blobs; /* owned; sorted by digest, each once */
	size_t blob_count;
	struct plan_manifest *manifests; /* owned; each once, a child before its parents */
	size_t manifest_count;
	struct plan_subject *subjects; /* owned; sorted by digest, each once */
	size_t subject_count;
	struct plan_name *names; /* owned; sorted by tag */
	size_t name_count;
};

struct plan {
	struct plan_repository *repositories; /* owned; sorted by name */
	size_t repository_count;
	size_t name_count; /* of all repositories */
};

#define PLAN_INIT                                                                                  \
	{                                                                                          \
		.repositories = NULL, .repository_count = 0                                        \
	}

/**
 * plan_make(out, v, prefix, map, err): every named artifact of v with its signatures and referrers,
 * and those whose subject is in the registry only, in repositories below prefix ("" for none),
 * under the names that map gives (NULL: the signed ones), from which it borrows too.
 *
 * ERR_UNSUPPORTED for a delivery with neither, ERR_USAGE where prefix makes a repository's name too
 * long, and where map has no use or gives one name to two things. Pure: no I/O. Borrows from v.
 * Release with plan_release(), also after a failure.
 */
int plan_make(struct plan *out, const struct verified_layout *v, const char *prefix,
    struct name_map *map, struct error *err) MUST_CHECK;
void plan_release(struct plan *p);
#define auto_plan __attribute__((cleanup(plan_release)))

/** plan_text(b, p): for people, a line for each step in the order of the push. */
void plan_text(struct buf *b, const struct plan *p);

#endif
