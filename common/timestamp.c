#include "common/timestamp.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DAY_SECONDS 86400
#define LATEST_SECONDS 253402300799 /* 9999-12-31T23:59:59Z */

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar; year 1970 and later. */
static int64_t days_of(int year, int month, int day)
{
	static const int before_month[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	int64_t past = year - 1;
	int64_t days = past * 365 + past / 4 - past / 100 + past / 400 - 719162;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days + before_month[month - 1] + (month > 2 && leap ? 1 : 0) + day - 1;
}

static int days_in_month(int year, int month)
{
	int64_t next = month == 12 ? days_of(year + 1, 1, 1) : days_of(year, month + 1, 1);
	return (int)(next - days_of(year, month, 1));
}

struct fields {
	int year, month, day, hour, minute, second;
};

static bool to_seconds(int64_t *out, const struct fields *f)
{
	if (f->year < 1970 || f->month < 1 || f->month > 12 || f->day < 1 ||
	    f->day > days_in_month(f->year, f->month) || f->hour > 23 || f->minute > 59 ||
	    f->second > 59)
		return false;
	*out = days_of(f->year, f->month, f->day) * DAY_SECONDS + f->hour * 3600 + f->minute * 60 +
	       f->second;
	return true;
}

/* Reads exactly len decimal digits. */
static bool take_digits(const char **at, size_t len, int *out)
{
	int value = 0;

	for (size_t i = 0; i < len; i++) {
		char c = (*at)[i];
		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*at += len;
	*out = value;
	return true;
}

static bool take_char(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool take_offset(const char **at, int64_t *seconds)
{
	int hour;
	int minute;
	int sign = **at == '-' ? -1 : 1;

	if (take_char(at, 'Z')) {
		*seconds = 0;
		return true;
	}
	if (!take_char(at, '+') && !take_char(at, '-'))
		return false;
	if (!take_digits(at, 2, &hour) || !take_char(at, ':') || !take_digits(at, 2, &minute))
		return false;
	*seconds = sign * (hour * 3600 + minute * 60);
	return hour <= 23 && minute <= 59;
}

int timestamp_parse(int64_t *out, const char *text, struct error *err)
{
	struct fields f;
	int64_t offset;
	const char *at = text;

	if (!take_digits(&at, 4, &f.year) || !take_char(&at, '-') ||
	    !take_digits(&at, 2, &f.month) || !take_char(&at, '-') ||
	    !take_digits(&at, 2, &f.day) || !take_char(&at, 'T') || !take_digits(&at, 2, &f.hour) ||
	    !take_char(&at, ':') || !take_digits(&at, 2, &f.minute) || !take_char(&at, ':') ||
	    !take_digits(&at, 2, &f.second) || !take_offset(&at, &offset) || *at != '\0' ||
	    !to_seconds(out, &f) || *out < offset || *out - offset > LATEST_SECONDS)
		return error_set(err, ERR_FORMAT,
		    "time '%.64s': not of the form 2024-01-02T03:04:05Z (RFC 3339, whole seconds, "
		    "1970 to 9999)",
		    text);
	*out -= offset;
	return 0;
}

int timestamp_parse_utc(int64_t *out, const char *text, struct error *err)
{
	if (timestamp_parse(out, text, err) != 0)
		return -1;
	if (text[strlen(text) - 1] != 'Z')
		return error_set(err, ERR_FORMAT, "time '%.64s': not UTC: it must end in Z", text);
	return 0;
}

int timestamp_parse_ssh(int64_t *out, const char *text, size_t len, struct error *err)
{
	struct fields f = {0, 0, 0, 0, 0, 0};
	char copy[sizeof("YYYYMMDDhhmmssZ")] = "";
	const char *at = copy;
	bool good = (len == 9 || len == 13 || len == 15) && memchr(text, '\0', len) == NULL;

	if (good)
		memcpy(copy, text, len);
	good = good && take_digits(&at, 4, &f.year) && take_digits(&at, 2, &f.month) &&
	       take_digits(&at, 2, &f.day);
	if (good && len >= 13)
		good = take_digits(&at, 2, &f.hour) && take_digits(&at, 2, &f.minute);
	if (good && len == 15)
		good = take_digits(&at, 2, &f.second);
	if (!good || strcmp(at, "Z") != 0 || !to_seconds(out, &f))
		return error_set(err, ERR_FORMAT,
		    "time '%.*s': not of the form YYYYMMDD[hhmm[ss]]Z, in UTC",
		    len > 64 ? 64 : (int)len, text);
	return 0;
}

void timestamp_text(char out[TIMESTAMP_TEXT_LEN + 1], int64_t seconds)
{
	int64_t days = seconds / DAY_SECONDS;
	int rest = (int)(seconds % DAY_SECONDS);
	int year = 1970 + (int)(days / 366);

	while (days_of(year + 1, 1, 1) <= days)
		year++;
	int month = 1;
	while (month < 12 && days_of(year, month + 1, 1) <= days)
		month++;
	int day = (int)(days - days_of(year, month, 1)) + 1;
	(void)snprintf(out, TIMESTAMP_TEXT_LEN + 1, "%04u-%02u-%02uT%02u:%02u:%02uZ",
	    (unsigned)year % 10000, (unsigned)month % 100, (unsigned)day % 100,
	    (unsigned)rest / 3600 % 100, (unsigned)rest / 60 % 60, (unsigned)rest % 60);
}
