/*
 * What a registry says in WWW-Authenticate: how it wants to be told who we are.
 * Source: RFC 7235 section 4.1 and appendix C; RFC 6750 section 3; reference registry.md 3.1.
 */
#ifndef PUSHER_CHALLENGE_H
#define PUSHER_CHALLENGE_H

#include <stdbool.h>

#include "common/error.h"

/** The schemes that we know, of all that are offered. Every string is hostile. */
struct challenge {
	bool offers_basic;
	bool offers_bearer;
	/* Parameters of the first Bearer: owned; NULL where absent. */
	char *realm;
	char *service;
	char *scope;
	char *error;
};

#define CHALLENGE_INIT                                                                             \
	{                                                                                          \
		.offers_basic = false, .offers_bearer = false, .realm = NULL, .service = NULL,     \
		.scope = NULL, .error = NULL                                                       \
	}

/**
 * challenge_parse(out, header, err): the values of all WWW-Authenticate headers of an answer,
 * joined by ", ". Schemes in any letter case, parameters in any order, quoted or not; other schemes
 * are passed over; commas may be missing between parameters. ERR_UNBELIEVED for what is no list of
 * challenges (a quoted string without its end, a parameter that belongs to no scheme, or twice to
 * Bearer) and beyond LIMIT_CHALLENGE_BYTES_MAX. Release with challenge_release(), also after a
 * failure.
 */
int challenge_parse(struct challenge *out, const char *header, struct error *err) MUST_CHECK;
void challenge_release(struct challenge *c);
#define auto_challenge __attribute__((cleanup(challenge_release)))

#endif
