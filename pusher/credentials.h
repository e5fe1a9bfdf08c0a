/*
 * What proves to a registry who we are: nothing, or a user name and a password.
 */
#ifndef PUSHER_CREDENTIALS_H
#define PUSHER_CREDENTIALS_H

#include "common/error.h"
#include "pusher/target.h"

struct credentials {
	char *authorization; /* value of the header, in locked memory; NULL: anonymous */
};

#define CREDENTIALS_INIT                                                                           \
	{                                                                                          \
		.authorization = NULL                                                              \
	}

/**
 * credentials_read_basic(out, username, fd, err): reads the password from fd until its end; one
 * line end behind it is dropped. ERR_USAGE for a user name that cannot be sent (empty, with ":" or
 * a control character) and a password that is empty, longer than LIMIT_PASSWORD_BYTES_MAX or holds
 * a NUL; ERR_SYSTEM. Release with credentials_release(), which wipes.
 */
int credentials_read_basic(
    struct credentials *out, const char *username, int fd, struct error *err) MUST_CHECK;
void credentials_release(struct credentials *c);
#define auto_credentials __attribute__((cleanup(credentials_release)))

/**
 * credentials_check_target(target, err): ERR_USAGE where a password would cross a network in the
 * clear: plain HTTP to another machine.
 */
int credentials_check_target(const struct target *target, struct error *err) MUST_CHECK;

#endif
