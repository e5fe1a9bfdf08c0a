/*
 * Asking the person at the terminal.
 */
#ifndef BUILDER_TERMINAL_H
#define BUILDER_TERMINAL_H

#include <stddef.h>

#include "common/error.h"

/**
 * terminal_confirm(text, question, otherwise, err): shows the text and the question on /dev/tty and
 * waits for a line: 0 only if it is "yes". ERR_USAGE, saying what to do otherwise, where there is
 * no terminal or the answer is another one; ERR_INTERRUPTED. The text is shown as it is: whoever
 * made it has escaped what is foreign in it. Signals must be held (common/interrupt.h).
 */
int terminal_confirm(
    const char *text, const char *question, const char *otherwise, struct error *err) MUST_CHECK;

/**
 * terminal_read_line(tty, out, room, out_len, err): a line with its end, cut at room bytes, or what
 * there is of one at the end of the input; ERR_INTERRUPTED where a held signal comes instead.
 */
int terminal_read_line(
    int tty, char *out, size_t room, size_t *out_len, struct error *err) MUST_CHECK;

#endif
