/*
 * The files of a trust directory, read once: what is digested is what is parsed. A trust update is
 * such a directory too, with a list and signatures beside the files. Source: design formats.md 5.
 */
#ifndef COMMON_TRUST_FILES_H
#define COMMON_TRUST_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/digest.h"
#include "common/error.h"

#define TRUST_ALLOWED_SIGNERS "allowed_signers"
#define TRUST_POLICY "policy.json"
#define TRUST_REVOKED_KEYS "revoked_keys"

struct trust_file {
	char *name; /* owned; does not begin with a dot */
	struct buf content;
};

struct trust_files {
	struct trust_file *items; /* owned; sorted by name */
	size_t count;             /* 0 ..= LIMIT_TRUST_FILES_MAX */
	bool others_may_write;    /* the directory, or one of the files */
};

#define TRUST_FILES_INIT                                                                           \
	{                                                                                          \
		.items = NULL, .count = 0, .others_may_write = false                               \
	}

/** Where a directory comes from: an update lies on the medium, and is not the operator's yet. */
enum trust_files_origin { TRUST_FILES_LOCAL, TRUST_FILES_MEDIUM };

/**
 * trust_files_read(out, path, origin, err): every file of the directory but those whose names begin
 * with a dot. Of a local one links are followed, Kubernetes mounts a directory as links into
 * another one that is exchanged as a whole; from the medium they are refused. Files of two versions
 * are never mixed: ERR_TRUST where one was exchanged while they were read. ERR_TRUST too for no
 * directory and for what is no regular file, ERR_LIMIT, ERR_SYSTEM. Release with
 * trust_files_release(), also after a failure.
 */
int trust_files_read(struct trust_files *out, const char *path, enum trust_files_origin origin,
    struct error *err) MUST_CHECK;
void trust_files_release(struct trust_files *f);
#define auto_trust_files __attribute__((cleanup(trust_files_release)))

/** trust_files_find(f, name): its content, borrowed; NULL where there is no such file. */
const struct buf *trust_files_find(const struct trust_files *f, const char *name);

/** trust_files_list(b, f): the sha256sum list of the files, sorted by name. */
void trust_files_list(struct buf *b, const struct trust_files *f);

/** trust_files_id(out, f): the SHA-256 of that list. */
void trust_files_id(struct digest *out, const struct trust_files *f);

#endif
