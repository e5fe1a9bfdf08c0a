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

/** progress_blob(p, repository, digest, size_bytes): a blob that the registry has taken. */
void progress_blob(const struct progress *p, const char *repository, const struct digest *digest,
    uint64_t size_bytes);

#endif
