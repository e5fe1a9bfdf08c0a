/*
 * JSON: one strict reader for bytes of any origin, typed access, and the strings that we write.
 *
 * Strict means: UTF-8, one object at the top, no member name twice, no NUL, no -0, nothing after
 * the end, limits on depth and on objects and arrays checked before the parser begins. jansson does
 * the rest.
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "common/buf.h"
#include "common/error.h"

/**
 * json_strict_load(bytes, len, err): the object that the bytes spell, or NULL with err set:
 * ERR_FORMAT, or ERR_LIMIT beyond LIMIT_JSON_DEPTH_MAX and LIMIT_JSON_CONTAINERS_MAX. The caller
 * caps len and owns the result (json_auto_t).
 */
json_t *json_strict_load(const char *bytes, size_t len, struct error *err) MUST_CHECK;

/**
 * json_strict_names(object, names, err): refuses a member that differs from one of names
 * (NULL-terminated) only in letter case, which Go readers would take for that one. Other unknown
 * members pass.
 */
int json_strict_names(const json_t *object, const char *const *names, struct error *err) MUST_CHECK;

/** json_strict_only(object, names, err): refuses every member that is not one of names. */
int json_strict_only(const json_t *object, const char *const *names, struct error *err) MUST_CHECK;

/*
 * Typed members. ERR_FORMAT naming the member when it has another type, or is absent and required.
 * An optional one that is absent gives NULL (or leaves a number as it is) and 0. Results are
 * borrowed from object. Strings never contain NUL.
 */
enum json_presence { JSON_OPTIONAL, JSON_REQUIRED };
int json_strict_string(const json_t *object, const char *name, enum json_presence presence,
    const char **out, struct error *err) MUST_CHECK;
int json_strict_object(const json_t *object, const char *name, enum json_presence presence,
    const json_t **out, struct error *err) MUST_CHECK;
int json_strict_array(const json_t *object, const char *name, enum json_presence presence,
    const json_t **out, struct error *err) MUST_CHECK;
/** An integer of 0 ..= INT64_MAX; 1.0 and negative numbers are refused. */
int json_strict_size(const json_t *object, const char *name, enum json_presence presence,
    uint64_t *out, struct error *err) MUST_CHECK;
int json_strict_bool(const json_t *object, const char *name, enum json_presence presence, bool *out,
    struct error *err) MUST_CHECK;
/** An object whose members are all strings (annotations). */
int json_strict_string_map(
    const json_t *object, const char *name, const json_t **out, struct error *err) MUST_CHECK;

/**
 * json_put_string(b, text, len): a JSON string with the escapes of Go's encoding/json, HTML
 * characters included, because Helm's manifests are made with it: reference helm.md 1.4. text must
 * be UTF-8.
 */
void json_put_string(struct buf *b, const char *text, size_t len);

#endif
