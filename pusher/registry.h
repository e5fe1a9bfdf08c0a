/*
 * The calls of the distribution API that a push needs. Each checks what it is told: a registry is
 * believed only as far as its answers can be true. Source: OCI distribution-spec, "Push"; reference
 * registry.md 2 and 7.
 */
#ifndef PUSHER_REGISTRY_H
#define PUSHER_REGISTRY_H

#include <stdbool.h>

#include "common/layout.h"
#include "pusher/credentials.h"
#include "pusher/http.h"
#include "pusher/plan.h"
#include "pusher/progress.h"
#include "pusher/target.h"

/** A registry, and how to speak with it; all borrowed. */
struct registry {
	struct http_transport *transport;
	const struct target *target;
	const struct credentials *credentials;
	const struct progress *progress;
};

/** What a tag, or a digest, of a repository leads to. */
struct registry_manifest {
	bool exists;
	struct digest digest; /* where it exists */
};

/*
 * All of them fail with what the transport gives, with what refusal_set() makes of a status, or
 * with ERR_UNBELIEVED; the error begins with method, registry and repository.
 */

/**
 * registry_find_manifest(r, repository, reference, out, err): one HEAD; a GET too where the
 * registry does not say a digest: its body is then hashed. reference is a tag or a digest.
 */
int registry_find_manifest(const struct registry *r, const char *repository, const char *reference,
    struct registry_manifest *out, struct error *err) MUST_CHECK;

/**
 * registry_push_blob(r, repository, layout, blob, err): POST, and PUT where its answer says, if
 * that stays with this registry. The bytes are read from layout and hashed while they are sent:
 * ERR_SEAL if they are no longer what was verified; the last of them are then not sent.
 */
int registry_push_blob(const struct registry *r, const char *repository,
    const struct layout *layout, const struct plan_blob *blob, struct error *err) MUST_CHECK;

/**
 * registry_push_manifest(r, repository, reference, layout, manifest, err): one PUT to a tag or to
 * the manifest's own digest. A registry that does not answer 201 with our digest is asked for it
 * once more, as registry_find_manifest() does.
 */
int registry_push_manifest(const struct registry *r, const char *repository, const char *reference,
    const struct layout *layout, const struct plan_manifest *manifest,
    struct error *err) MUST_CHECK;

#endif
