/*
 * The packing list as one HTML page: no script, nothing loaded from elsewhere, every foreign string
 * escaped.
 */
#ifndef COMMON_INSPECT_HTML_H
#define COMMON_INSPECT_HTML_H

#include <jansson.h>

#include "common/buf.h"

/**
 * inspect_html(b, list): a page for the value of inspect_json(), which shows all that it holds.
 *
 * Names as printable_put() writes them, then escaped for HTML. The page forbids the browser to load
 * or run anything, by its Content-Security-Policy. Same list, same bytes.
 */
void inspect_html(struct buf *b, const json_t *list);

#endif
