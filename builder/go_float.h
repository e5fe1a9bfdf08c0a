/*
 * Floating point numbers as Go prints them: the shortest digits that read back as the same number.
 */
#ifndef BUILDER_GO_FLOAT_H
#define BUILDER_GO_FLOAT_H

#include "common/buf.h"

/**
 * go_float_put_text(b, value): strconv.FormatFloat(value, 'g', -1, 32), which is what Helm makes of
 * a number where text belongs: "1.1", "1e-05", "2.0230102e+07", "NaN", "+Inf".
 * Source: reference helm.md 1.5.
 */
void go_float_put_text(struct buf *b, double value);

/** go_float_put_json(b, value): as encoding/json prints a float64. value is finite. */
void go_float_put_json(struct buf *b, double value);

#endif
