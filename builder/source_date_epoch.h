/*
 * SOURCE_DATE_EPOCH: the only time that builder takes from outside, where it is set.
 * Source: reproducible-builds.org, the SOURCE_DATE_EPOCH specification.
 */
#ifndef BUILDER_SOURCE_DATE_EPOCH_H
#define BUILDER_SOURCE_DATE_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/timestamp.h"

struct source_date_epoch {
	bool is_set;
	int64_t seconds;                   /* since 1970; 0 where it is not set */
	char text[TIMESTAMP_TEXT_LEN + 1]; /* the same as RFC 3339 in UTC; "" where it is not set */
};

/** source_date_epoch_read(out, err): from the environment. ERR_USAGE where it is set to anything
 * but a number of seconds from 1970 up to the end of the year 9999. */
int source_date_epoch_read(struct source_date_epoch *out, struct error *err) MUST_CHECK;

#endif
