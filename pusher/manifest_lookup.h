/*
 * What a tag, or a digest, of a repository leads to: one HEAD; a GET too where the registry does
 * not say a digest (the body is then hashed), or refuses the HEAD, whose answer holds no reason.
 */
#ifndef PUSHER_MANIFEST_LOOKUP_H
#define PUSHER_MANIFEST_LOOKUP_H

#include "pusher/registry.h"

struct manifest_lookup {
	struct job job;           /* first */
	const char *reference;    /* borrowed; a tag or a digest */
	bool exists;              /* the result */
	struct digest digest;     /* where it exists */
	const struct registry *r; /* borrowed */
	char *url;                /* owned */
	enum { LOOKUP_HEAD, LOOKUP_GET } state;
	bool must_see;  /* else 403 to both is how what is not there looks: some have it so */
	bool is_hidden; /* 403 to HEAD */
};

/** manifest_lookup_init(l, r, repository, reference): all borrowed. Release with
 * manifest_lookup_release(). */
void manifest_lookup_init(struct manifest_lookup *l, const struct registry *r,
    const char *repository, const char *reference);
void manifest_lookup_release(struct manifest_lookup *l);

/* The parts of it, for jobs that end with a look. */
void manifest_lookup_ask(const struct manifest_lookup *l, struct http_request *out);
enum job_step manifest_lookup_answer(
    struct manifest_lookup *l, const struct http_response *response, struct error *err);

#endif
