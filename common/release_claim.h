/*
 * What a release signature says, and the bytes that are signed, in both forms that clusters check.
 *
 * bundle: an in-toto Statement v1 with one subject, signed as DSSE's pre-authentication encoding.
 * legacy: cosign's simple-signing payload, signed as it is.
 * Both with pure Ed25519, both bind digest, name and version. Nothing here can sign.
 * Source: reference signing.md 2.3, 2.4 and 6.3; in-toto/attestation spec/v1/statement.md; dsse
 * protocol.md; containers/image docs/containers-signature.5.md; design formats.md 3.
 */
#ifndef COMMON_RELEASE_CLAIM_H
#define COMMON_RELEASE_CLAIM_H

#include <jansson.h>

#include "common/buf.h"
#include "common/digest.h"
#include "common/sshsig.h"

#define DSSE_TYPE_IN_TOTO "application/vnd.in-toto+json"
#define PREDICATE_COSIGN_SIGN "https://sigstore.dev/cosign/sign/v1"

enum release_form { RELEASE_BUNDLE, RELEASE_LEGACY };
#define RELEASE_FORM_COUNT 2

/** release_form_name(form): "bundle", "legacy", as policy.json has them. */
const char *release_form_name(enum release_form form);

/** That an artifact is of this name and version. */
struct release_claim {
	struct digest digest;         /* of its manifest or index */
	const char *name;             /* NULL where a signature binds none */
	const char *version;          /* likewise */
	const char *docker_reference; /* REGISTRY/REPOSITORY:TAG, or ""; legacy only */
	json_t *source;               /* owned: what the strings are borrowed from; NULL where the
					 caller owns them */
};

#define RELEASE_CLAIM_INIT                                                                         \
	{                                                                                          \
		.name = NULL, .version = NULL, .docker_reference = "", .source = NULL              \
	}

void release_claim_release(struct release_claim *c);
#define auto_release_claim __attribute__((cleanup(release_claim_release)))

/** release_claim_write(b, claim, form): the statement or the payload; compact JSON, always the same
 * for the same claim. Name and version must be there. */
void release_claim_write(struct buf *b, const struct release_claim *claim, enum release_form form);

/**
 * release_claim_parse(out, form, bytes, len, err): reads a statement or a payload of any maker:
 * exactly the members of these formats, one subject, SHA-256; ERR_FORMAT otherwise, ERR_LIMIT over
 * LIMIT_RELEASE_CONTENT_BYTES_MAX. A name or version that is not there is NULL. Its caller has
 * checked the signature. Release with release_claim_release(), also after a failure.
 */
int release_claim_parse(struct release_claim *out, enum release_form form, const char *bytes,
    size_t len, struct error *err) MUST_CHECK;

/** release_signed_data(b, form, content, len): what the signature is made over: the content, in
 * the bundle form behind "DSSEv1 <length of type> <type> <length> ". */
void release_signed_data(struct buf *b, enum release_form form, const void *content, size_t len);

/** release_verify(form, content, len, signature, key): whether the signature holds. */
bool release_verify(enum release_form form, const void *content, size_t len,
    const uint8_t signature[ED25519_SIGNATURE_BYTES], const uint8_t key[ED25519_PUBLIC_BYTES]);

#endif
