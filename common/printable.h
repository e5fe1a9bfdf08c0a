/*
 * Hostile text made fit for a terminal, a log or a text file.
 */
#ifndef COMMON_PRINTABLE_H
#define COMMON_PRINTABLE_H

#include <stddef.h>

#include "common/buf.h"

/**
 * printable_put(b, text, len): appends text with everything that could mislead a reader or drive a
 * terminal as \xNN (bytes that are not UTF-8, C0, DEL) or \u{NNNN} (C1, bidirectional and other
 * invisible controls, line and paragraph separators, private use, non-characters). Line feeds too:
 * the result is one line.
 */
void printable_put(struct buf *b, const char *text, size_t len);

/** printable_check(text, len): true if printable_put() would copy text as it is. */
bool printable_check(const char *text, size_t len);

#endif
