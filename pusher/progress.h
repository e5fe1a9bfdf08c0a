/*
 * What is said on stderr while a push runs: the only printing outside main.c. On a terminal one
 * line that is drawn again and again, elsewhere a line for each blob and, now and then, one that
 * says that it goes on.
 */
#ifndef PUSHER_PROGRESS_H
#define PUSHER_PROGRESS_H

#include <stdbool.h>

#include "common/digest.h"
#include "pusher/http.h"

struct progress {
	bool is_quiet;    /* nothing at all */
	bool is_verbose;  /* a line for each request */
	bool is_terminal; /* draw a bar */

	/* Its own; zero at first. */
	uint64_t expected_bytes;
	uint64_t sent_bytes;
	size_t expected_blobs;
	size_t done_blobs;
	int64_t next_ms;
	bool is_drawn;  /* the last line on the terminal is the bar */
	char *warnings; /* owned; those that were shown, each between line ends */
	size_t warning_bytes;
};

/** progress_request(p, method, url, status): URLs lose their query; status 0: there was no answer.
 */
void progress_request(struct progress *p, enum http_method method, const char *url, int status);

/** progress_blob(p, repository, digest, size_bytes, is_sent): a blob that the registry has;
 * is_sent: by us. */
void progress_blob(struct progress *p, const char *repository, const struct digest *digest,
    uint64_t size_bytes, bool is_sent);

/** progress_expect(p, bytes, blobs): so much may have to be sent. progress_bytes(p, bytes): so much
 * more, or less, of it is on its way. */
void progress_expect(struct progress *p, uint64_t bytes, size_t blobs);
void progress_bytes(struct progress *p, int64_t bytes);

/** progress_tick(p, now_ms): draws the bar, or says that it goes on, when it is time to; when it
 * will be again, HTTP_FOREVER for never. */
int64_t progress_tick(struct progress *p, int64_t now_ms);

/** progress_retry(p, why, wait_ms): something is tried again. */
void progress_retry(struct progress *p, const char *why, int64_t wait_ms);

/** progress_warning(p, text): the Warning headers of an answer, or NULL. Each text is shown once,
 * up to 4 KiB of them. Hostile. */
void progress_warning(struct progress *p, const char *text);

/** progress_end(p): takes the bar away. */
void progress_end(struct progress *p);

#endif
