/*
 * Signed updates of a trust directory: its files, TRUST (the sha256sum list of them, whose digest
 * is the trust id) and TRUST.<kid>.sig, one for each root that signed. It comes by the medium:
 * until enough roots have signed TRUST nothing in it is parsed. Source: design formats.md 5,
 * "Update"; TUF 5.3 for the rule of both thresholds.
 */
#ifndef COMMON_TRUST_UPDATE_H
#define COMMON_TRUST_UPDATE_H

#include "common/limits.h"
#include "common/trust.h"
#include "common/verified_layout.h"

#define TRUST_UPDATE_LIST "TRUST"
/* "TRUST.<kid>.sig" */
#define TRUST_UPDATE_SIGNATURE_NAME_LEN (6 + LAYOUT_KID_LEN + 4)

struct trust_update {
	struct trust_files files; /* what would be installed: all but TRUST* */
	struct digest id;         /* the trust id that they have */
	struct buf list;          /* TRUST */
	struct trust_files signatures;
};

#define TRUST_UPDATE_INIT                                                                          \
	{                                                                                          \
		.files = TRUST_FILES_INIT, .list = BUF_INIT(LIMIT_TRUST_FILE_BYTES_MAX),           \
		.signatures = TRUST_FILES_INIT                                                     \
	}

/**
 * trust_update_read(out, path, err): every file, once; no link is followed. Nothing is judged but
 * that TRUST is there and names exactly these files with their digests, byte for byte. ERR_SEAL
 * otherwise, ERR_LIMIT, ERR_SYSTEM. Release with trust_update_release(), also after a failure.
 */
int trust_update_read(struct trust_update *out, const char *path, struct error *err) MUST_CHECK;
void trust_update_release(struct trust_update *u);
#define auto_trust_update __attribute__((cleanup(trust_update_release)))

/** trust_update_signature_name(out, kid): "TRUST.<kid>.sig". */
void trust_update_signature_name(
    char out[TRUST_UPDATE_SIGNATURE_NAME_LEN + 1], const char kid[LAYOUT_KID_LEN + 1]);

/**
 * trust_update_count(out, u, trust, now, err): how many of trust's roots signed the list: distinct
 * principals, each with a key of its own that is neither revoked nor outside its window at now,
 * which may be TIME_NOT_JUDGED.
 * ERR_SEAL where a signature file named for a root's key does not hold.
 */
int trust_update_count(size_t *out, const struct trust_update *u, const struct trust *trust,
    int64_t now, struct error *err) MUST_CHECK;

/** What an update is to the trust that is installed. */
enum trust_update_verdict {
	TRUST_UPDATE_REFUSED,
	TRUST_UPDATE_INSTALLED, /* these very files: nothing to do */
	TRUST_UPDATE_NEW,
};

/**
 * trust_update_judge(u, old, now, out_new, err): whether u may take old's place at now (seconds
 * since 1970). In this order: both have roots, the threshold of old's roots signed, the files
 * parse, the serial is higher, the threshold of the new roots signed, the update has not expired.
 * That old has expired does not matter: the update is the way out. *out_new, owned by the caller,
 * is set for TRUST_UPDATE_NEW. TRUST_UPDATE_REFUSED with ERR_POLICY, ERR_SEAL or ERR_TRUST.
 */
enum trust_update_verdict trust_update_judge(const struct trust_update *u, const struct trust *old,
    int64_t now, struct trust **out_new, struct error *err) MUST_CHECK;

#endif
