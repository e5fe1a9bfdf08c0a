/*
 * A guard over the source of YAML: refuses what libyaml takes and Helm's go-yaml does not, or reads
 * differently, so that a chart never means one thing here and another thing there.
 *
 * libyaml 0.2.5 reads three things by later rules than go-yaml v2, which kept those of libyaml 0.1.
 */
#ifndef BUILDER_YAML_SOURCE_H
#define BUILDER_YAML_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include <yaml.h>

#include "common/error.h"

struct yaml_source {
	const char *bytes; /* borrowed */
	size_t len;
	size_t at; /* a place in bytes, and the same in characters: libyaml's marks count those */
	size_t index;
	size_t flow_depth;
	bool is_utf8; /* UTF-16 is not looked at */
};

void yaml_source_init(struct yaml_source *s, const char *bytes, size_t len);

/**
 * yaml_source_check(s, event, err): looks at the source of one event; all events come, in order.
 * Returns 0, or -1 with ERR_CHART and the line: the escape "\/"; a plain scalar with "?" inside []
 * or {}; a tag that ends at one of ",[]{}".
 */
int yaml_source_check(
    struct yaml_source *s, const yaml_event_t *event, struct error *err) MUST_CHECK;

#endif
