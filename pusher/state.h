/*
 * The state directory: one small file for each (destination, origin) that says which delivery was
 * accepted last. It is what refuses a replay, so it is never silently begun anew. Source: design
 * formats.md 5 (sequence); sallyport-layout(5), State file.
 */
#ifndef PUSHER_STATE_H
#define PUSHER_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/reference.h"
#include "common/sequence_policy.h"

enum state_use {
	STATE_READ, /* verify, a dry run: nothing is written, nobody waits */
	STATE_PUSH, /* nobody else may push with this directory meanwhile */
};

struct state {
	int dir_fd;        /* locked for STATE_PUSH; -1: there is none, as --first-use allows */
	char *path;        /* owned; for messages */
	char *destination; /* owned; REGISTRY[/PREFIX] in the one spelling */
};

#define STATE_INIT                                                                                 \
	{                                                                                          \
		.dir_fd = -1, .path = NULL, .destination = NULL                                    \
	}

/**
 * state_open(out, path, destination, default_port, use, first_use, err): the directory, for the
 * marks of one destination. ERR_STATE if there is none, unless first_use, which makes it for
 * STATE_PUSH; ERR_USAGE for a layout or a trust directory; ERR_BUSY while another push works with
 * it; ERR_SYSTEM. Close with state_close(), also after a failure.
 */
int state_open(struct state *out, const char *path, const struct destination *destination,
    unsigned default_port, enum state_use use, bool first_use, struct error *err) MUST_CHECK;
void state_close(struct state *s);
#define auto_state __attribute__((cleanup(state_close)))

/**
 * state_find(s, origin, out, err): the mark of an origin; a missing file is a mark that does not
 * exist. ERR_STATE naming the file and what to do, if it is not exactly as state_advance() writes
 * it, for this destination and this origin.
 */
int state_find(const struct state *s, const char *origin, struct sequence_mark *out,
    struct error *err) MUST_CHECK;

/**
 * state_advance(s, origin, mark, err): writes the mark, to the disk, in the place of a lower or an
 * equal one, before this returns. Of a state that was opened for STATE_PUSH. ERR_SYSTEM: the old
 * mark is still there, or the new one.
 */
int state_advance(const struct state *s, const char *origin, const struct sequence_mark *mark,
    struct error *err) MUST_CHECK;

/** state_parse(out, bytes, len, destination, origin, err): the content of a state file; ERR_FORMAT.
 */
int state_parse(struct sequence_mark *out, const char *bytes, size_t len, const char *destination,
    const char *origin, struct error *err) MUST_CHECK;

/** state_file_name(destination, origin): "<origin>.<16 hex digits>.json", owned by the caller. */
char *state_file_name(const char *destination, const char *origin);

#endif
