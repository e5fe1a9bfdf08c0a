/*
 * Provenance files: what Helm's .prov records of the archive beside it. The signature is not
 * checked, for that takes a keyring. Source: Helm pkg/provenance/sign.go messageBlock() and
 * Verify(); reference helm.md 8.
 */
#ifndef BUILDER_PROVENANCE_H
#define BUILDER_PROVENANCE_H

#include "common/buf.h"
#include "common/digest.h"

enum provenance_verdict {
	PROVENANCE_MATCHES,
	PROVENANCE_UNREADABLE, /* not a clearsigned message with a list of files in it */
	PROVENANCE_UNNAMED,    /* it has no digest for a file of this name */
	PROVENANCE_DIFFERS,    /* the digest that it has is another one */
};

/**
 * provenance_judge(provenance, name, archive, recorded): does the file speak of this archive?
 *
 * name      of the archive, without directories, under which Helm lists it.
 * recorded  the text in the place of the digest, where it differs; cut to fit; else "".
 */
enum provenance_verdict provenance_judge(const struct buf *provenance, const char *name,
    const struct digest *archive, char recorded[DIGEST_TEXT_LEN + 1]);

#endif
