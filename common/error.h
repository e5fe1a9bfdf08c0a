/*
 * Errors: one value on the caller's stack, set once where the fault is found, prefixed on the way
 * up, printed once in main. Nothing in it needs to be freed.
 */
#ifndef COMMON_ERROR_H
#define COMMON_ERROR_H

#include "common/mem.h"

/** What went wrong. Each code has a fixed name (--json) and exit status; see error.c for the table.
 */
enum err_code {
	ERR_NONE = 0,
	ERR_SYSTEM,      /* I/O, memory, a system call */
	ERR_BUSY,        /* another process is at the same work */
	ERR_INTERRUPTED, /* a signal asked us to stop; main dies by it after the clean-up */
	ERR_USAGE,       /* the command line */
	ERR_EXISTS,      /* the output is there already */
	ERR_FORMAT,      /* content that breaks its format */
	ERR_LIMIT,       /* content over a limit of limits.h */
	ERR_CHART,       /* a chart that Helm or we refuse */
	ERR_UNSUPPORTED, /* content that is sound, but that this version does not handle */
	ERR_SEAL,        /* the seal, or a file that it covers */
	ERR_TRUST,       /* the trust directory cannot be used */
	ERR_STATE,       /* what was accepted before cannot be read */
	ERR_POLICY,      /* a good seal that the policy does not accept */
	ERR_KEY,         /* a secret key file or its passphrase */
	ERR_NETWORK,     /* unreachable, cut off, timed out, TLS */
	ERR_SERVER,      /* 5xx or 429 */
	ERR_AUTH,        /* 401 */
	ERR_DENIED,      /* 403 */
	ERR_REGISTRY,    /* any other refusal by the registry */
	ERR_CONFLICT,    /* a tag holds something else */
	ERR_UNBELIEVED,  /* an answer that cannot be true */
};

#define ERROR_TEXT_BYTES 1024

struct error {
	enum err_code code;
	int sys_errno; /* for ERR_SYSTEM, else 0 */
	char text[ERROR_TEXT_BYTES];
};

#define ERROR_INIT                                                                                 \
	{                                                                                          \
		.code = ERR_NONE, .sys_errno = 0, .text = ""                                       \
	}

/**
 * error_set(err, code, format, ...): records a fault; always returns -1.
 *
 * The text is lower case without a full stop, quotes its subject, and says what to do where that is
 * not plain. It may quote hostile bytes: whoever prints it escapes them (common/printable.h). Text
 * beyond ERROR_TEXT_BYTES - 1 is cut off at its end. err must not be NULL.
 */
int error_set(struct error *err, enum err_code code, const char *format, ...) PRINTF_LIKE(3, 4);

/** error_sys(err, format, ...): ERR_SYSTEM with the present errno, whose text is appended; returns
 * -1. */
int error_sys(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/** error_prefix(err, format, ...): puts "<prefix>: " before the text, keeps the code; returns -1.
 */
int error_prefix(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/**
 * error_recode(err, code): what a parser found, judged by where the bytes came from; returns -1.
 * ERR_SYSTEM and ERR_INTERRUPTED stay: a failing disk is not bad content.
 */
int error_recode(struct error *err, enum err_code code);

/** error_name(code): the name that --json shows; never changes meaning. Static storage. */
const char *error_name(enum err_code code);

/** error_exit_status(code): 0 to 7, design formats.md section 8. */
int error_exit_status(enum err_code code);

#endif
