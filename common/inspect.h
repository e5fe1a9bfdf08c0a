/*
 * The packing list: what a layout holds, as data that a program prints as text or JSON.
 */
#ifndef COMMON_INSPECT_H
#define COMMON_INSPECT_H

#include <jansson.h>

#include "common/graph.h"
#include "common/verified_layout.h"

/** What is known of a seal; where nothing was verified, signers is empty and verified false. */
struct inspect_seal {
	bool sealed;
	bool verified;
	struct digest id;                   /* where sealed */
	struct digest trust_id;             /* where verified */
	const struct trust_signer *signers; /* borrowed */
	size_t signer_count;
	const struct ignored_signer *ignored; /* borrowed */
	size_t ignored_count;
	size_t unknown_signatures;
};

/** inspect_seal_of(v): the seal of a verified layout; borrows from v. */
struct inspect_seal inspect_seal_of(const struct verified_layout *v);

/** What the list is printed as. */
enum inspect_format { INSPECT_TEXT, INSPECT_JSON, INSPECT_HTML };

/** inspect_format_parse(out, name, err): an option's value, NULL for text; ERR_USAGE. */
int inspect_format_parse(enum inspect_format *out, const char *name, struct error *err) MUST_CHECK;

/**
 * inspect_json(graph, seal): a new object:
 * seal{id,verified,trustId,signers[{principal,fingerprint}],
 * ignored[{principal,fingerprint,reason}]},
 * delivery{created,origin,destination,notAfter},
 * artifacts[{repository,tag,digest,mediaType,artifactType,
 * sizeBytes,chart{name,version},layers[{mediaType,digest,sizeBytes}]}],
 * referrers[{subject,repository,kind,digest,mediaType,artifactType,sizeBytes}]. kind is "signature"
 * (legacy, under a tag of its own), "referrers" (another tool's list of them) or "referrer";
 * repository stands where the subject is in the registry only. Absent things are absent members.
 */
json_t *inspect_json(const struct graph *graph, const struct inspect_seal *seal);

/** inspect_text(b, graph, seal): the same for people; every foreign string escaped. */
void inspect_text(struct buf *b, const struct graph *graph, const struct inspect_seal *seal);

#endif
