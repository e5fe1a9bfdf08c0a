/*
 * The wire form of OpenSSH's keys and signatures, read piece by piece and never past its end.
 * Source: RFC 4251, section 5.
 */
#ifndef COMMON_SSH_WIRE_H
#define COMMON_SSH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/banned.h"

/** What is left of it; borrowed. */
struct ssh_wire {
	const uint8_t *at;
	size_t left;
};

/** ssh_wire_u32(w, out), ssh_wire_string(w, out), ssh_wire_bytes(w, bytes, len): take what stands
 * next: a number, a string, exactly these bytes; false, and w as it was, where it is not there. */
bool ssh_wire_u32(struct ssh_wire *w, uint32_t *out);
bool ssh_wire_string(struct ssh_wire *w, struct ssh_wire *out);
bool ssh_wire_bytes(struct ssh_wire *w, const void *bytes, size_t len);

/** ssh_wire_text(w, text): takes the string next, which must be this one. */
bool ssh_wire_text(struct ssh_wire *w, const char *text);

/** ssh_wire_is(w, text): all that is left is text. */
bool ssh_wire_is(const struct ssh_wire *w, const char *text);

#endif
