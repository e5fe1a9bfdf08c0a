#include "builder/go_time.h"

#include <stdio.h>
#include <string.h>

struct scanner {
	const char *at;
	const char *end;
	bool failed;
};

struct parts {
	unsigned year, month, day, hour, minute, second;
	unsigned nanoseconds;
	unsigned offset_minutes;
	bool west;
};

static bool next_is_digit(const struct scanner *s, size_t ahead)
{
	return ahead < (size_t)(s->end - s->at) && s->at[ahead] >= '0' && s->at[ahead] <= '9';
}

/* A number of so many digits, within bounds. */
static unsigned take_number(struct scanner *s, size_t digits, unsigned min, unsigned max)
{
	unsigned number = 0;

	for (size_t i = 0; i < digits && !s->failed; i++) {
		s->failed = !next_is_digit(s, 0);
		if (!s->failed)
			number = number * 10 + (unsigned)(*s->at++ - '0');
	}
	s->failed = s->failed || number < min || number > max;
	return number;
}

static bool next_is(const struct scanner *s, char c)
{
	return s->at < s->end && *s->at == c;
}

static void take_char(struct scanner *s, char c)
{
	if (!next_is(s, c))
		s->failed = true;
	else
		s->at++;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (month < 1 || month > 12)
		return 0;
	return days[month - 1] + (month == 2 && leap ? 1U : 0U);
}

/* Digits past the ninth are dropped. */
static unsigned take_fraction(struct scanner *s)
{
	unsigned nanoseconds = 0;
	unsigned weight = 100000000;

	if ((!next_is(s, '.') && !next_is(s, ',')) || !next_is_digit(s, 1))
		return 0;
	for (s->at++; next_is_digit(s, 0); s->at++) {
		nanoseconds += weight * (unsigned)(*s->at - '0');
		weight /= 10;
	}
	return nanoseconds;
}

static void take_offset(struct scanner *s, struct parts *p)
{
	p->offset_minutes = 0;
	p->west = next_is(s, '-');
	if (next_is(s, 'Z')) {
		s->at++;
		return;
	}
	take_char(s, p->west ? '-' : '+');
	p->offset_minutes = take_number(s, 2, 0, 24) * 60;
	take_char(s, ':');
	p->offset_minutes += take_number(s, 2, 0, 60);
}

static bool take_time(struct scanner *s, struct parts *p)
{
	p->year = take_number(s, 4, 0, 9999);
	take_char(s, '-');
	p->month = take_number(s, 2, 1, 12);
	take_char(s, '-');
	p->day = take_number(s, 2, 1, days_in_month(p->year, p->month));
	take_char(s, 'T');
	p->hour = take_number(s, next_is_digit(s, 1) ? 2 : 1, 0, 23);
	take_char(s, ':');
	p->minute = take_number(s, 2, 0, 59);
	take_char(s, ':');
	p->second = take_number(s, 2, 0, 59);
	p->nanoseconds = take_fraction(s);
	take_offset(s, p);
	return !s->failed && s->at == s->end;
}

/* ".5", at most nine digits; nothing for 0. */
static void print_fraction(char out[11], unsigned nanoseconds)
{
	size_t len = (size_t)snprintf(out, 11, ".%09u", nanoseconds % 1000000000U);

	while (len > 0 && (out[len - 1] == '0' || out[len - 1] == '.'))
		out[--len] = '\0';
}

static void print_offset(char out[7], const struct parts *p)
{
	unsigned minutes = p->offset_minutes;

	if (minutes == 0)
		(void)snprintf(out, 7, "Z");
	else
		(void)snprintf(
		    out, 7, "%c%02u:%02u", p->west ? '-' : '+', minutes / 60 % 100, minutes % 60);
}

int go_time_normalise(
    char out[GO_TIME_TEXT_LEN + 1], const char *text, size_t len, struct error *err)
{
	struct scanner s = {text, text + len, false};
	struct parts p;
	char fraction[11];
	char offset[7];

	if (!take_time(&s, &p))
		return error_set(err, ERR_FORMAT,
		    "time '%.*s': not of the form 2024-01-02T03:04:05Z (RFC 3339)",
		    len < 64 ? (int)len : 64, text);
	print_fraction(fraction, p.nanoseconds);
	print_offset(offset, &p);
	(void)snprintf(out, GO_TIME_TEXT_LEN + 1, "%04u-%02u-%02uT%02u:%02u:%02u%s%s",
	    p.year % 10000, p.month % 100, p.day % 100, p.hour % 100, p.minute % 100,
	    p.second % 100, fraction, offset);
	return 0;
}

bool go_time_is_printable(const char *text)
{
	size_t len = strlen(text);

	return len < 6 || text[len - 1] == 'Z' || strncmp(text + len - 5, "24", 2) < 0;
}
