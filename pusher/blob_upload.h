/*
 * One blob into one repository, by the cheapest way that the registry takes: found there, mounted,
 * or sent whole with PUT, whole with PATCH, or in pieces. Source: OCI distribution-spec, "Pushing
 * blobs"; reference registry.md 2.3, 7 and 8.
 *
 * What a broken request left in an upload session is not known, so the session is given up and a
 * new one begun; only between pieces is the registry asked how much it has. The bytes are read from
 * the layout and hashed while they are sent: ERR_SEAL if they are no longer what was verified, and
 * the last of them are then not sent.
 */
#ifndef PUSHER_BLOB_UPLOAD_H
#define PUSHER_BLOB_UPLOAD_H

#include "pusher/blob_source.h"
#include "pusher/location.h"
#include "pusher/plan.h"
#include "pusher/registry.h"

enum blob_result { BLOB_PUSHED, BLOB_MOUNTED, BLOB_PRESENT };

enum blob_state {
	BLOB_LOOK,   /* HEAD */
	BLOB_MOUNT,  /* POST that says which blob it will be */
	BLOB_BEGIN,  /* POST */
	BLOB_WHOLE,  /* PUT with the body */
	BLOB_PIECE,  /* PATCH with the body, or a piece of it */
	BLOB_STATUS, /* GET: how much of it is there? */
	BLOB_CLOSE,  /* PUT without a body */
};

struct blob_upload {
	struct job job;          /* first */
	enum blob_result result; /* once it is done */

	struct registry *r; /* borrowed */
	const struct plan_blob *blob;
	const char *mount_from; /* borrowed; a repository that has the blob, or NULL */
	bool is_forced;
	enum blob_state state;
	struct location location; /* of the open session */
	char *url;                /* owned; of the present request */
	char range[48];           /* Content-Range */
	struct blob_source source;
	uint64_t sent_bytes;     /* of the open session, as the registry confirmed */
	uint64_t piece_bytes;    /* of the open session; 0: all in one */
	uint64_t farthest_bytes; /* of any session, as confirmed: less is no progress */
	unsigned broken;         /* bodies that got no answer */
	unsigned cuts;           /* of the pieces; a registry may ask for longer ones each time */
	bool is_digest_doubted;
};

/** blob_upload_init(u, r, repository, blob, mount_from): all borrowed; u must stay where it is.
 * mount_from: a repository of r that has the blob, or NULL. Release with blob_upload_release(). */
void blob_upload_init(struct blob_upload *u, struct registry *r, const char *repository,
    const struct plan_blob *blob, const char *mount_from);
void blob_upload_release(struct blob_upload *u);

/** blob_upload_force(u): before it is run: the registry's word that the blob is there was false. */
void blob_upload_force(struct blob_upload *u);

/**
 * blob_upload_range(text, out_bytes): how many bytes a Range header says are there: "0-N",
 * "bytes=0-N" or "0--1". False for anything else. Hostile.
 */
bool blob_upload_range(const char *text, uint64_t *out_bytes);

#endif
