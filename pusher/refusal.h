/*
 * What a registry's answer that is no success means: the cause, its own words, and what to do.
 * Source: OCI distribution-spec, "Error codes"; design formats.md 8.
 */
#ifndef PUSHER_REFUSAL_H
#define PUSHER_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "pusher/http.h"

#define REFUSAL_CODE_LEN_MAX 64
#define REFUSAL_MESSAGE_LEN_MAX 256

/** The first of {"errors":[{"code":...,"message":...}]}, cut to size; "" where absent. Hostile. */
struct refusal_text {
	char code[REFUSAL_CODE_LEN_MAX + 1];
	char message[REFUSAL_MESSAGE_LEN_MAX + 1];
};

/** refusal_text_parse(out, bytes, len): false, and both "", if the bytes are not of that form. */
bool refusal_text_parse(struct refusal_text *out, const char *bytes, size_t len);

/** refusal_says(response, code): whether that is the code of the first error in it. */
bool refusal_says(const struct http_response *response, const char *code);

/** refusal_words(bytes, len): both, whole, a line each; owned by the caller; NULL if the bytes are
 * not of that form. */
char *refusal_words(const char *bytes, size_t len);

/** What was asked, as far as the advice depends on it. */
struct refusal_context {
	bool begins_upload;      /* the first request that writes to a repository */
	bool is_plain_http;      /* no TLS */
	bool has_token;          /* for which the token server took the credentials */
	const char *credentials; /* that were sent: where they were found; NULL: none were */
};

/**
 * refusal_set(err, context, response): ERR_AUTH (401, 407), ERR_DENIED (403), ERR_SERVER (429,
 * 5xx), ERR_UNBELIEVED (2xx that this request cannot get, 3xx: nothing is followed), ERR_REGISTRY;
 * returns -1.
 */
int refusal_set(
    struct error *err, const struct refusal_context *context, const struct http_response *response);

#endif
