/*
 * What a registry says is shown to people, and some repeat what they were sent: a password or a
 * token must not come back into a log that way. An answer that repeats one is acted on as any
 * other, and shown without its words. Found: the very text, also percent-encoded; a registry that
 * encodes it in a way of its own is not outwitted. Reference security.md K3.
 */
#ifndef PUSHER_CONCEAL_H
#define PUSHER_CONCEAL_H

#include "pusher/auth.h"

/**
 * conceal_answer(a, known, response): before anything of it is shown. A Warning that repeats a
 * secret is dropped; of a refusal or a redirect that does so anywhere is_revealing is set, which
 * refusal_set() and auth_challenged() heed.
 *
 * known     what was asked for, in our own words: see auth_is_revealed().
 */
void conceal_answer(const struct auth *a, const char *known, struct http_response *response);

/**
 * conceal_error(a, known, response, err): of an error that came of an answer of success, or (NULL)
 * of a place that a server named: its text is replaced where the answer, or the text itself,
 * repeats a secret; the code stays. Returns -1.
 */
int conceal_error(const struct auth *a, const char *known, const struct http_response *response,
    struct error *err);

#endif
