/*
 * How fast a host may be asked. It is asked for all at once until it says that this is too much;
 * then for one thing at a time, with a pause between them, and for more again as it answers. Pure.
 * Source: RFC 6585, 429; RFC 9110, 503.
 */
#ifndef PUSHER_PACE_H
#define PUSHER_PACE_H

#include <stdbool.h>
#include <stdint.h>

/** Zero at first. Times are of the transport's clock. */
struct pace {
	unsigned at_once;  /* requests; 0: as many as there are */
	unsigned answered; /* since at_once last changed */
	int64_t gap_ms;    /* from one request to the next */
	int64_t next_ms;   /* before which none begins */
};

/** pace_status(status): whether the answer means that too much was asked: 429, 503. */
bool pace_status(int status);

/** pace_refused(p): the host said so. Once for all that was under way at that time. */
void pace_refused(struct pace *p);

/** pace_answered(p): it did not. */
void pace_answered(struct pace *p);

/** pace_is_free(p, under_way): whether one more may be under way, when its time has come. */
bool pace_is_free(const struct pace *p, unsigned under_way);

/** pace_begin(p, now_ms): a request begins. */
void pace_begin(struct pace *p, int64_t now_ms);

#endif
