/*
 * Is this JSON? Go's answer, which is what Helm asks before it packs a schema.
 * Source: Go encoding/json Valid(), scanner.go; RFC 8259.
 */
#ifndef BUILDER_JSON_TEXT_H
#define BUILDER_JSON_TEXT_H

#include <stddef.h>

#include "common/error.h"

/**
 * json_text_check(bytes, len, err): 0 for exactly one JSON value with white space around it, else
 * -1 with ERR_CHART and the line.
 *
 * Any value, numbers of any size, any bytes from 0x20 on inside a string (no UTF-8 is asked for),
 * any escaped surrogate, a name twice in one object; lists and objects at most 10000 deep. Nothing
 * is decoded, and no time is spent beyond one pass.
 */
int json_text_check(const char *bytes, size_t len, struct error *err) MUST_CHECK;

#endif
