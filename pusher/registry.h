/*
 * A registry: where it is, what it was found to support, and what is true of all its answers. A
 * registry is believed only as far as its answers can be true. The calls of the distribution API
 * are jobs of their own: manifest_lookup.h, manifest_upload.h, blob_upload.h. Source: OCI
 * distribution-spec; reference registry.md 2, 7 and 8.
 */
#ifndef PUSHER_REGISTRY_H
#define PUSHER_REGISTRY_H

#include <stdbool.h>

#include "common/layout.h"
#include "pusher/session.h"
#include "pusher/target.h"

/** How a body goes out, in the order in which it is tried. */
enum upload_mode {
	UPLOAD_MODE_PUT,   /* POST, and PUT with the whole body */
	UPLOAD_MODE_PATCH, /* POST, PATCH with the whole body, and an empty PUT */
};

struct registry {
	struct session *session; /* borrowed, as all pointers here */
	const struct target *target;
	const struct layout *layout;            /* that is pushed */
	const struct option_list *upload_hosts; /* --upload-host; NULL: none */

	/* What was learnt of this host. */
	enum upload_mode mode;
	uint64_t chunk_bytes; /* longer bodies go in pieces of so many; 0: in one */
	bool no_anonymous_mount;
	bool no_referrers; /* there is no referrers API */
};

/** registry_repository_url(r, repository, rest): "https://HOST/v2/<repository>/<rest>"; owned by
 * the caller. */
char *registry_repository_url(const struct registry *r, const char *repository, const char *rest);
char *registry_manifest_url(
    const struct registry *r, const char *repository, const char *reference);

/** registry_label(r, repository, reference): "HOST/repository:tag", "...@digest", or without
 * either where reference is ""; owned by the caller. */
char *registry_label(const struct registry *r, const char *repository, const char *reference);

/** registry_refuse(r, repository, response, begins_upload, err): refusal_set(), always JOB_FAILED.
 */
enum job_step registry_refuse(const struct registry *r, const char *repository,
    const struct http_response *response, bool begins_upload, struct error *err);

/**
 * registry_digest_said(response, out_said, out, err): the Docker-Content-Digest header, where there
 * is one. ERR_UNBELIEVED if it is no digest.
 */
int registry_digest_said(const struct http_response *response, bool *out_said, struct digest *out,
    struct error *err) MUST_CHECK;

/** registry_check_digest(response, ours, out_said, err): what it says must be ours; ERR_UNBELIEVED.
 */
int registry_check_digest(const struct http_response *response, const struct digest *ours,
    bool *out_said, struct error *err) MUST_CHECK;

/** registry_is_unmet(response): whether the request's condition (if_match, if_none_match) did not
 * hold. Some say 412 for reasons of their own. */
bool registry_is_unmet(const struct http_response *response);

/* Without it docker-registry answers 404 for a tag that holds an OCI manifest. */
#define ACCEPT_MANIFESTS                                                                           \
	MEDIA_TYPE_OCI_MANIFEST ", " MEDIA_TYPE_OCI_INDEX ", " MEDIA_TYPE_DOCKER_MANIFEST          \
				", " MEDIA_TYPE_DOCKER_LIST

#endif
