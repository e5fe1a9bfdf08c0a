/*
 * What proves to one registry who we are: nothing, or what was found for it and for the
 * repositories in it. Where that is looked for: credential_sources.h.
 */
#ifndef PUSHER_CREDENTIALS_H
#define PUSHER_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "pusher/target.h"

/** One way to say who we are. Secrets are owned, in locked memory, NULL where there is none. */
struct credential {
	char *username;
	char *password;
	char *identity_token; /* for the token server: a refresh token */
	char *registry_token; /* for the registry, as a Bearer token as it is */
	char *path;           /* owned; the repositories that it is for begin so; "": all */
	char *source;         /* owned; where it was found, for people */
	size_t rank;          /* of the source: a lower one goes first */
};

#define CREDENTIAL_INIT                                                                            \
	{                                                                                          \
		.username = NULL                                                                   \
	}

void credential_release(struct credential *c);
#define auto_credential __attribute__((cleanup(credential_release)))

/** All that was found for one registry. */
struct credentials {
	struct credential *items; /* owned */
	size_t count;
	size_t capacity;
};

#define CREDENTIALS_INIT                                                                           \
	{                                                                                          \
		.items = NULL, .count = 0, .capacity = 0                                           \
	}

void credentials_release(struct credentials *c);
#define auto_credentials __attribute__((cleanup(credentials_release)))

/** credentials_add(c, credential): takes over what it holds and leaves it empty; no path is "". */
void credentials_add(struct credentials *c, struct credential *credential_take);

/**
 * credentials_find(c, repository): what is to be used for a repository (NULL: for the registry
 * itself): of the first source that has anything for it, the one with the longest path. "a/b"
 * is for a/b and a/b/c, not for a/bc. NULL: nothing. Borrowed. c may be NULL.
 */
const struct credential *credentials_find(const struct credentials *c, const char *repository);

/**
 * credential_read_password(out, username, fd, err): reads the password from fd until its end; one
 * line end behind it is dropped. ERR_USAGE for a user name that cannot be sent (empty, with ":" or
 * a control character) and a password that is empty, longer than LIMIT_PASSWORD_BYTES_MAX or holds
 * a NUL; ERR_SYSTEM. Release with credential_release(), which wipes, also after a failure.
 */
int credential_read_password(
    struct credential *out, const char *username, int fd, struct error *err) MUST_CHECK;

/** credential_set_password(out, username, password, err): the same of a password that is there. */
int credential_set_password(struct credential *out, const char *username, const char *password,
    struct error *err) MUST_CHECK;

/** credential_basic(username, password): "Basic ...", in locked memory; sodium_free(). */
char *credential_basic(const char *username, const char *password);

/** credential_is_in(c, text, known): whether text holds its password or a token of it, or what
 * Basic makes of them, and known does not hold the same. header_is_in(header, text, known): the
 * same of an Authorization header; NULL: no. */
bool credential_is_in(const struct credential *c, const char *text, const char *known);
bool header_is_in(const char *header, const char *text, const char *known);

/**
 * credentials_check_target(target, err): ERR_USAGE where a password would cross a network in the
 * clear: plain HTTP to another machine.
 */
int credentials_check_target(const struct target *target, struct error *err) MUST_CHECK;

#endif
