#include "pusher/retry.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/limits.h"
#include "common/mem.h"

#define FIRST_DELAY_MS 500
#define DELAY_MS_MAX 30000

bool retry_status(int status)
{
	switch (status) {
	case 408:
	case 425:
	case 429:
	case 499:
	case 500:
	case 502:
	case 503:
	case 504:
		return true;
	default:
		return status >= 520 && status <= 524;
	}
}

int64_t retry_after_s(const char *text, int64_t unix_now_s)
{
	struct tm date = {.tm_year = 0};
	size_t digits = strspn(text, "0123456789");

	if (digits > 0 && text[digits] == '\0') {
		unsigned long seconds = digits > 10 ? INT32_MAX : strtoul(text, NULL, 10);
		return seconds > INT32_MAX ? INT32_MAX : (int64_t)seconds;
	}
	/* The names of days and months are English: no locale was set for times. */
	const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &date);
	if (end == NULL || *end != '\0')
		return -1;
	int64_t seconds = timegm(&date) - unix_now_s;
	if (seconds < 0)
		return 0;
	return seconds > INT32_MAX ? INT32_MAX : seconds;
}

static int64_t own_delay_ms(const struct retry_failure *f)
{
	int64_t full = FIRST_DELAY_MS;

	for (unsigned i = 1; i < f->tries && full < DELAY_MS_MAX; i++)
		full *= 2;
	if (full > DELAY_MS_MAX)
		full = DELAY_MS_MAX;
	return full / 2 + f->random % (full / 2 + 1);
}

enum retry_verdict retry_decide(
    const struct retry_budget *budget, const struct retry_failure *failure, int64_t *out_at_ms)
{
	bool has_deadline = budget->deadline_ms != INT64_MAX;
	int64_t asked_s = -1;

	if (failure->tries > budget->retries)
		return RETRY_SPENT;
	if (failure->retry_after != NULL)
		asked_s = retry_after_s(failure->retry_after, failure->unix_now_s);
	if (asked_s > LIMIT_RETRY_AFTER_S_MAX && !has_deadline)
		return RETRY_TOO_LATE;
	*out_at_ms = failure->now_ms + own_delay_ms(failure);
	if (asked_s >= 0 && failure->now_ms + asked_s * 1000 > *out_at_ms)
		*out_at_ms = failure->now_ms + asked_s * 1000;
	return has_deadline && *out_at_ms >= budget->deadline_ms ? RETRY_TOO_LATE : RETRY;
}
