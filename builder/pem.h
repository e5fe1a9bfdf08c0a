/*
 * PEM: base64 between a BEGIN and an END line. Source: RFC 7468, one block that is the whole file.
 */
#ifndef BUILDER_PEM_H
#define BUILDER_PEM_H

#include <stdbool.h>
#include <stddef.h>

/**
 * pem_find(text, len, label, body, body_len): is the text one PEM block of this label, from its
 * first byte to its last? Then *body is what stands between the lines, borrowed. Line ends at the
 * end may be more or fewer, and of either kind: secret stores and editors change them.
 */
bool pem_find(const char *text, size_t len, const char *label, const char **body, size_t *body_len);

/** pem_put(out, label, bytes, len): writes the block, lines of 64, and returns its length. out has
 * room for twice the bytes and 256; where they are secret it is locked memory. */
size_t pem_put(char *out, const char *label, const void *bytes, size_t len);

#endif
