/*
 * Passphrases: from a file or a descriptor (/dev/fd/N), else from the terminal; never from argv.
 */
#ifndef BUILDER_PASSPHRASE_H
#define BUILDER_PASSPHRASE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/error.h"

struct passphrase {
	char *bytes; /* sodium_malloc; NULL while there is none */
	size_t len;  /* 1 ..= LIMIT_PASSPHRASE_BYTES_MAX */
};

#define PASSPHRASE_INIT                                                                            \
	{                                                                                          \
		.bytes = NULL, .len = 0                                                            \
	}

/**
 * passphrase_read(out, file, repeat, err): file is a path ("-" for stdin), one line end at its end
 * is not part of the passphrase; NULL: asks on the terminal, twice where repeat. ERR_USAGE where
 * there is neither file nor terminal, ERR_KEY for an empty or overlong one or two that differ,
 * ERR_INTERRUPTED. Wiped by passphrase_release(), also after a failure. Signals must be held
 * (common/interrupt.h): the terminal's echo is always restored.
 */
int passphrase_read(
    struct passphrase *out, const char *file, bool repeat, struct error *err) MUST_CHECK;
void passphrase_release(struct passphrase *p);
#define auto_passphrase __attribute__((cleanup(passphrase_release)))

/** The one passphrase of all keys that a command reads: asked for when the first encrypted key
 * needs it, and only once. */
struct passphrase_source {
	const char *file; /* --passphrase-file, borrowed; NULL for the terminal */
	const char *key;  /* borrowed; the path of the key that needs it, for the prompt */
	struct passphrase passphrase; /* none until it was asked for */
};

#define PASSPHRASE_SOURCE_INIT(path)                                                               \
	{                                                                                          \
		.file = (path), .key = NULL, .passphrase = PASSPHRASE_INIT                         \
	}

/** passphrase_source_get(s, err): borrowed from s; NULL with err set, see passphrase_read(). */
const struct passphrase *passphrase_source_get(
    struct passphrase_source *s, struct error *err) MUST_CHECK;
/** passphrase_source_note(s, notes): a line of warning where a file was given that no key needed:
 * somebody believes in an encryption that is not there. */
void passphrase_source_note(const struct passphrase_source *s, struct buf *notes);
void passphrase_source_release(struct passphrase_source *s);
#define auto_passphrase_source __attribute__((cleanup(passphrase_source_release)))

#endif
