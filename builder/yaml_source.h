/*
 * The source of YAML, made such that libyaml 0.2.5 reads it as Helm's go-yaml v2 does, which kept
 * the rules of libyaml 0.1; what cannot be brought in line is refused, so that a chart never means
 * one thing here and another thing there.
 *
 *   UTF-16                 becomes UTF-8 before libyaml sees it
 *   U+FEFF                 ordinary text for go-yaml, skipped by libyaml at the start of a line
 *   "\'"                   an apostrophe for go-yaml, an error for libyaml
 *   [a:, b]                a colon in text for go-yaml, an error for libyaml
 *   "\/", [a?b], [!x,y]    refused: go-yaml takes none of them as libyaml does
 *
 * Where libyaml cannot take the character itself, another one that the source does not have stands
 * in for it while it is parsed.
 */
#ifndef BUILDER_YAML_SOURCE_H
#define BUILDER_YAML_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <yaml.h>

#include "common/buf.h"

struct yaml_source {
	struct buf text;        /* owned; UTF-8 without a byte order mark; what libyaml reads */
	size_t fed;             /* bytes of text that libyaml has taken */
	size_t fed_in_vain;     /* in attempts that were repaired */
	uint32_t mark_stand_in; /* for U+FEFF; 0: none in use */
	uint32_t colon_stand_in;
	size_t at; /* a place in text, and the same in characters: libyaml's marks count those */
	size_t index;
	size_t flow_depth;
};

/**
 * yaml_source_init(s, bytes, len, err): takes a copy of the source. ERR_CHART for a byte
 * order mark behind which go-yaml loses characters: the second of two at the beginning, or one at
 * the seam of two of the pieces that it reads. Release with yaml_source_release(), also after a
 * failure.
 */
int yaml_source_init(
    struct yaml_source *s, const char *bytes, size_t len, struct error *err) MUST_CHECK;
void yaml_source_release(struct yaml_source *s);

/** yaml_source_begin(s, parser): makes a new parser read s from its beginning. */
void yaml_source_begin(struct yaml_source *s, yaml_parser_t *parser);

/**
 * yaml_source_repair(s, parser): true if the fault at which the parser has stopped is one of
 * libyaml's alone, and was removed from the source: a new parser may get further.
 */
bool yaml_source_repair(struct yaml_source *s, const yaml_parser_t *parser);

/**
 * yaml_source_check(s, event, err): looks at the source of one event; all events come, in order.
 * Returns 0, or -1 with ERR_CHART and the line for what the first comment here calls refused.
 */
int yaml_source_check(
    struct yaml_source *s, const yaml_event_t *event, struct error *err) MUST_CHECK;

/** yaml_source_restore(s, bytes, len): puts the meant characters back; returns the new length. */
size_t yaml_source_restore(const struct yaml_source *s, char *bytes, size_t len);

#endif
