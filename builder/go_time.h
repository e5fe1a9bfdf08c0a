/*
 * Points in time as Go reads them from JSON and prints them.
 * Source: Go 1.26 src/time/format.go, format_rfc3339.go: Time.UnmarshalJSON() and MarshalJSON().
 */
#ifndef BUILDER_GO_TIME_H
#define BUILDER_GO_TIME_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

#define GO_TIME_TEXT_LEN 35 /* 2024-01-02T03:04:05.123456789+07:00 */
#define GO_TIME_ZERO "0001-01-01T00:00:00Z"

/**
 * go_time_normalise(out, text, len, err): the RFC 3339 time in text as Go prints it again: a
 * fraction of up to nine digits without zeros at its end, "Z" where the offset is 0. The time zone
 * is kept.
 *
 * Years 0000 to 9999, no leap second. As lenient as Go: an hour of one digit, a comma before the
 * fraction, offsets up to 24:60. ERR_FORMAT otherwise. text: any bytes, borrowed.
 */
int go_time_normalise(
    char out[GO_TIME_TEXT_LEN + 1], const char *text, size_t len, struct error *err) MUST_CHECK;

/** go_time_is_printable(text): false for a normalised time that Go reads but refuses to print as
 * JSON: one with an offset of 24 hours or more. */
bool go_time_is_printable(const char *text);

#endif
