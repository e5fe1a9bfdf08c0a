/*
 * Names in a registry: repository, tag, and the place below which a delivery may land.
 * Source: OCI distribution-spec, "Pulling manifests" (grammars); design formats.md 5 (destination).
 */
#ifndef COMMON_REFERENCE_H
#define COMMON_REFERENCE_H

#include <stdbool.h>

#include "common/digest.h"
#include "common/error.h"

/** repository_check(text, err): the distribution-spec's <name>, at most 255 bytes; ERR_FORMAT. */
int repository_check(const char *text, struct error *err) MUST_CHECK;

/** tag_check(text, err): [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}; ERR_FORMAT. */
int tag_check(const char *text, struct error *err) MUST_CHECK;

/**
 * tag_role(tag, out_subject): what a tag is by its form alone. "sha256-<64 hex>" holds the
 * referrers of that digest in a registry without the referrers API, "sha256-<64 hex>.sig" the
 * legacy cosign signatures of it; *out_subject is the digest then. Every other tag, well formed or
 * not, is a name. Source: distribution-spec, "Referrers Tag Schema"; cosign
 * specs/SIGNATURE_SPEC.md.
 */
enum tag_role { TAG_NAME, TAG_REFERRERS, TAG_SIGNATURE };
enum tag_role tag_role(const char *tag, struct digest *out_subject);

/** signature_tag(subject): "sha256-<hex>.sig", owned by the caller. */
char *signature_tag(const struct digest *subject);

/* Where a registry keeps the delivery record of an origin: PREFIX/sallyport:sallyport-ORIGIN. */
#define RECORD_REPOSITORY "sallyport"
#define RECORD_TAG_BEGIN "sallyport-"

/** reference_is_record(repository, tag): whether a delivery record may be kept under this name, so
 * that nothing else may be put there. */
bool reference_is_record(const char *repository, const char *tag);

/** tag_of_version(version): a chart version as a tag, "+" written "_"; owned by the caller,
 * unchecked. */
char *tag_of_version(const char *version);

/**
 * A registry and a repository prefix in it: REGISTRY[/PREFIX].
 */
struct destination {
	char *
	    host; /* owned; lower case, no port; docker.io for its aliases; an IPv6 address in [] */
	unsigned port; /* 0 where none was given */
	char *prefix;  /* owned; "" or a repository name without a slash at either end */
};

/**
 * destination_parse(out, text, err): text without a scheme. ERR_FORMAT for a host or prefix that no
 * registry could have, for user information, a tag, a query. Release with destination_release().
 */
int destination_parse(struct destination *out, const char *text, struct error *err) MUST_CHECK;
void destination_release(struct destination *d);

/** destination_text(d): "host[:port][/prefix]", owned by the caller. */
char *destination_text(const struct destination *d);

/**
 * destination_covers(outer, inner, default_port): true if inner's registry is outer's and its
 * prefix is outer's or lies below it. A port equal to default_port (443 for https, 80 for http)
 * counts as none.
 */
bool destination_covers(
    const struct destination *outer, const struct destination *inner, unsigned default_port);

#define auto_destination __attribute__((cleanup(destination_release)))

#endif
