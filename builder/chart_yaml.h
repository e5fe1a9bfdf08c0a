/*
 * Chart.yaml: read as Helm reads it, and written anew.
 * Source: sigs.k8s.io/yaml Unmarshal over encoding/json; reference helm.md 1.5 and 3.4.
 */
#ifndef BUILDER_CHART_YAML_H
#define BUILDER_CHART_YAML_H

#include <stddef.h>

#include "builder/chart_metadata.h"
#include "common/buf.h"

/**
 * chart_yaml_read(m, yaml, len, err): decodes Chart.yaml onto m, which keeps what the file does not
 * mention, as in Helm. An apiVersion that is still empty becomes "v1".
 *
 * yaml      the file without a UTF-8 byte order mark. Untrusted.
 * Returns 0, or -1 with err set and m half changed: ERR_CHART for bad YAML or a field of the wrong
 * type, with the line; ERR_LIMIT and ERR_UNSUPPORTED as yaml_value_parse().
 * Judges no content: chart_rules_apply().
 */
int chart_yaml_read(
    struct chart_metadata *m, const char *yaml, size_t len, struct error *err) MUST_CHECK;

/**
 * chart_yaml_fold(m, yaml, len, err): the same for requirements.yaml, which can name any field of
 * Chart.yaml; an empty apiVersion stays empty, and is refused later.
 */
int chart_yaml_fold(
    struct chart_metadata *m, const char *yaml, size_t len, struct error *err) MUST_CHECK;

/**
 * chart_yaml_write(out, m): Chart.yaml such that Helm, and chart_yaml_read(), load exactly m.
 *
 * Block style; text plain where it cannot be taken for anything else, double-quoted elsewhere.
 * m has passed chart_rules_apply(). Over out's cap: see buf_check().
 */
void chart_yaml_write(struct buf *out, const struct chart_metadata *m);

/**
 * chart_yaml_read_record(record, type, map, err): decodes a map onto a record of any type, as
 * chart_yaml_read() does with its file; for files of other kinds.
 *
 * record    zeroed, or filled before. Values are taken out of map.
 * Returns 0, or -1 with err set and record half changed: ERR_CHART, with the line.
 */
int chart_yaml_read_record(void *record, const struct record_type *type, struct yaml_value *map,
    struct error *err) MUST_CHECK;

/**
 * chart_yaml_find_field(type, key): the field that a key stands for: the one of exactly this name,
 * else the first whose name differs in letter case only, by Go's folding; NULL for an unknown key.
 */
const struct field *chart_yaml_find_field(const struct record_type *type, const struct text *key);

/**
 * chart_yaml_put_record(out, record, type, indent): the fields of a record as a block map.
 *
 * The first field goes where the writing stands, the others on lines of their own behind indent
 * blanks; no line feed at the end. No item of a record list in it is NULL.
 */
void chart_yaml_put_record(
    struct buf *out, const void *record, const struct record_type *type, unsigned indent);

#endif
