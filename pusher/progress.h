/*
 * What is said on stderr while a push runs: the only printing outside main.c.
 */
#ifndef PUSHER_PROGRESS_H
#define PUSHER_PROGRESS_H

#include <stdbool.h>

#include "common/digest.h"
#include "pusher/http.h"

struct progress {
	bool requests; /* a line for each request */
	bool blobs;    /* a line for each blob that was sent */
};

/** progress_request(p, method, url, status): URLs lose their query; status 0: there was no answer.
 */
void progress_request(
    const struct progress *p, enum http_method method, const char *url, int status);

/** progress_blob(p, repository, digest, size_bytes, is_sent): a blob that the registry has;
 * is_sent: by us. */
void progress_blob(const struct progress *p, const char *repository, const struct digest *digest,
    uint64_t size_bytes, bool is_sent);

/** progress_expect(p, bytes, blobs): so much may have to be sent. progress_bytes(p, bytes): so much
 * more, or less, of it is on its way. */
void progress_expect(const struct progress *p, uint64_t bytes, size_t blobs);
void progress_bytes(const struct progress *p, int64_t bytes);

/** progress_retry(p, why, wait_ms): something is tried again. */
void progress_retry(const struct progress *p, const char *why, int64_t wait_ms);

/** progress_warning(p, text): the Warning headers of an answer, or NULL; each text is shown once.
 */
void progress_warning(const struct progress *p, const char *text);

#endif
