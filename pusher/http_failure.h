/*
 * Why an exchange with libcurl came to nothing, for people: what was wrong, and what to do. Private
 * to http_transfer.c.
 */
#ifndef PUSHER_HTTP_FAILURE_H
#define PUSHER_HTTP_FAILURE_H

#include "pusher/http_transfer.h"

/** transfer_failure(t, code, err): always -1; the errors of struct http_exchange in http.h. */
int transfer_failure(const struct transfer *t, CURLcode code, struct error *err);

/** transfer_failure_is_final(t, code): trying again will not help. */
bool transfer_failure_is_final(const struct transfer *t, CURLcode code);

#endif
