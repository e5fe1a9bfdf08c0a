#include "pusher/pace.h"

#define FIRST_GAP_MS 100
#define GAP_MS_MAX 2000
/* A limit of one request a second is found within the tries that a job has. */
#define GAP_GROWTH 4
#define AT_ONCE_MAX 64 /* then there is no limit any more */

bool pace_status(int status)
{
	return status == 429 || status == 503;
}

void pace_refused(struct pace *p)
{
	int64_t longer = p->gap_ms * GAP_GROWTH;

	p->at_once = 1;
	p->answered = 0;
	p->gap_ms = longer < FIRST_GAP_MS ? FIRST_GAP_MS : longer;
	if (p->gap_ms > GAP_MS_MAX)
		p->gap_ms = GAP_MS_MAX;
}

void pace_answered(struct pace *p)
{
	if (p->at_once == 0)
		return;
	p->gap_ms -= (p->gap_ms + 3) / 4;
	if (++p->answered < p->at_once)
		return;
	p->answered = 0;
	p->at_once = p->at_once < AT_ONCE_MAX ? p->at_once + 1 : 0;
}

bool pace_is_free(const struct pace *p, unsigned under_way)
{
	return p->at_once == 0 || under_way < p->at_once;
}

void pace_begin(struct pace *p, int64_t now_ms)
{
	if (p->gap_ms > 0)
		p->next_ms = now_ms + p->gap_ms;
}
