#include "builder/unicode.h"

struct range {
	uint32_t first, last;
};

#include "builder/unicode_tables.inc"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool in_table(const struct range *table, size_t count, uint32_t c)
{
	size_t low = 0;
	size_t high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (c > table[middle].last)
			low = middle + 1;
		else if (c < table[middle].first)
			high = middle;
		else
			return true;
	}
	return false;
}

bool unicode_is_print(uint32_t c)
{
	return in_table(print_ranges, COUNT(print_ranges), c);
}

bool unicode_is_space(uint32_t c)
{
	return in_table(space_ranges, COUNT(space_ranges), c);
}

static size_t sequence_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xC2 && first <= 0xDF)
		return 2;
	if ((first & 0xF0) == 0xE0)
		return 3;
	return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

size_t unicode_decode(uint32_t *out, const char *bytes, size_t len)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	static const unsigned char first_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	size_t width = len != 0 ? sequence_length((unsigned char)bytes[0]) : 0;

	if (width == 0 || width > len)
		return 0;
	uint32_t c = (unsigned char)bytes[0] & first_bits[width];
	for (size_t i = 1; i < width; i++) {
		if (((unsigned char)bytes[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | ((unsigned char)bytes[i] & 0x3F);
	}
	if (c < smallest[width] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return 0;
	*out = c;
	return width;
}
