/*
 * Charts that are loaded on all cores at the same time, and handed out in the order in which they
 * were given.
 */
#ifndef BUILDER_CHART_QUEUE_H
#define BUILDER_CHART_QUEUE_H

#include <stddef.h>

#include "builder/chart.h"

struct chart_queue;

/**
 * chart_queue_new(paths, count, packing): begins to load charts. As many as there are cores are
 * being loaded, and a few more are waiting to be taken; where there is one core or one chart, or no
 * thread is to be had, each is loaded when it is taken.
 *
 * paths, packing   borrowed, and must outlive the queue. packing->check is called by its threads.
 * Signals must be held (common/interrupt.h): threads begin as their maker is.
 */
struct chart_queue *chart_queue_new(
    char *const *paths, size_t count, const struct chart_packing *packing);

/**
 * chart_queue_next(q, out, err): the chart at the next of paths, of which there must be one more.
 * Whatever the threads met and in whichever order, what chart_load() would give or say of that
 * path. out to be released, also after a failure.
 */
int chart_queue_next(struct chart_queue *q, struct chart *out, struct error *err) MUST_CHECK;

/** chart_queue_free(q): begins nothing any more, and waits for what was begun. NULL is fine. */
void chart_queue_free(struct chart_queue *q);
static inline void cleanup_chart_queue(struct chart_queue **slot)
{
	chart_queue_free(*slot);
}
#define auto_chart_queue __attribute__((cleanup(cleanup_chart_queue)))

#endif
