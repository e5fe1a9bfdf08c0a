/*
 * Points in time, as RFC 3339 writes them. Reads no clock.
 */
#ifndef COMMON_TIMESTAMP_H
#define COMMON_TIMESTAMP_H

#include <stdint.h>

#include "common/error.h"

#define TIMESTAMP_TEXT_LEN 20 /* 2024-01-02T03:04:05Z */

/**
 * timestamp_parse(out, text, err): "YYYY-MM-DDThh:mm:ss" and "Z" or a numeric offset, years 1970 to
 * 9999; no fraction, no leap second, no lower case. out: seconds since 1970 UTC. ERR_FORMAT
 * otherwise.
 */
int timestamp_parse(int64_t *out, const char *text, struct error *err) MUST_CHECK;

/** timestamp_parse_utc(out, text, err): the same, and the zone must be "Z". */
int timestamp_parse_utc(int64_t *out, const char *text, struct error *err) MUST_CHECK;

/** timestamp_parse_ssh(out, text, len, err): OpenSSH's YYYYMMDD[hhmm[ss]]Z; UTC only, Z required.
 */
int timestamp_parse_ssh(int64_t *out, const char *text, size_t len, struct error *err) MUST_CHECK;

/** timestamp_text(out, seconds): UTC; seconds within 0 ..= 9999-12-31T23:59:59Z. */
void timestamp_text(char out[TIMESTAMP_TEXT_LEN + 1], int64_t seconds);

#endif
