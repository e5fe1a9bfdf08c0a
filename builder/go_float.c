#include "builder/go_float.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DIGITS_MAX 17 /* of a float64 */

/* 0.d1d2d3... times ten to the power of point, as in Go's decimalSlice. */
struct decimal {
	char digits[DIGITS_MAX + 1];
	int count;
	int point;
};

static double read_back(const struct decimal *d, bool single)
{
	char text[DIGITS_MAX + 16];

	(void)snprintf(text, sizeof(text), "0.%se%d", d->digits, d->point);
	return single ? (double)strtof(text, NULL) : strtod(text, NULL);
}

/* The count digits closest to value, which is positive. */
static void round_to(struct decimal *d, double value, int count)
{
	char text[DIGITS_MAX + 16];

	(void)snprintf(text, sizeof(text), "%.*e", count - 1, value);
	d->digits[0] = text[0];
	if (count > 1)
		memcpy(d->digits + 1, text + 2, (size_t)count - 1);
	d->digits[count] = '\0';
	d->count = count;
	d->point = (int)strtol(strchr(text, 'e') + 1, NULL, 10) + 1;
}

static void increment(struct decimal *d)
{
	int i = d->count - 1;

	while (i >= 0 && d->digits[i] == '9')
		d->digits[i--] = '0';
	if (i >= 0) {
		d->digits[i]++;
	} else { /* 999 becomes 100 with one more place */
		d->digits[0] = '1';
		d->point++;
	}
}

/*
 * The shortest digits that read back as value. Just above a power of two the numbers lie twice as
 * far apart as below it, so there the next digit up may do where the closest one does not.
 */
static void shorten(struct decimal *d, double value, bool single)
{
	int limit = single ? 9 : DIGITS_MAX;

	for (int count = 1; count <= limit; count++) {
		round_to(d, value, count);
		double back = read_back(d, single);
		if (back < value) {
			struct decimal next = *d;
			increment(&next);
			if (read_back(&next, single) == value) {
				*d = next;
				back = value;
			}
		}
		if (back == value)
			break;
	}
	while (d->count > 1 && d->digits[d->count - 1] == '0')
		d->digits[--d->count] = '\0';
}

static void put_exponent_form(struct buf *b, const struct decimal *d, int exponent_digits)
{
	int exponent = d->point - 1;

	buf_putc(b, d->digits[0]);
	if (d->count > 1)
		buf_printf(b, ".%s", d->digits + 1);
	buf_printf(b, "e%c%0*d", exponent < 0 ? '-' : '+', exponent_digits,
	    exponent < 0 ? -exponent : exponent);
}

static void put_plain_form(struct buf *b, const struct decimal *d)
{
	if (d->point <= 0)
		buf_puts(b, "0");
	for (int i = 0; i < d->point; i++)
		buf_putc(b, i < d->count ? d->digits[i] : '0');
	if (d->count <= d->point)
		return;
	buf_puts(b, ".");
	for (int i = d->point; i < d->count; i++)
		buf_putc(b, i < 0 ? '0' : d->digits[i]);
}

void go_float_put_text(struct buf *b, double value)
{
	struct decimal d;
	double single = (double)(float)value;

	if (isnan(single)) {
		buf_puts(b, "NaN");
		return;
	}
	if (isinf(single)) {
		buf_puts(b, single > 0 ? "+Inf" : "-Inf");
		return;
	}
	if (signbit(single))
		buf_putc(b, '-');
	if (single == 0) {
		buf_putc(b, '0');
		return;
	}
	shorten(&d, fabs(single), true);
	if (d.point - 1 < -4 || d.point - 1 >= 6)
		put_exponent_form(b, &d, 2);
	else
		put_plain_form(b, &d);
}

void go_float_put_json(struct buf *b, double value)
{
	struct decimal d;
	double size = fabs(value);

	if (signbit(value))
		buf_putc(b, '-');
	if (size == 0) {
		buf_putc(b, '0');
		return;
	}
	shorten(&d, size, false);
	if (size < 1e-6 || size >= 1e21)
		put_exponent_form(b, &d, size < 1e-6 ? 1 : 2); /* e-09 is cleaned up to e-9 */
	else
		put_plain_form(b, &d);
}
