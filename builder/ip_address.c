#include "builder/ip_address.h"

#include <string.h>

#include "common/banned.h"

#define GROUP_COUNT 8U

static bool is_hex_digit(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Four numbers up to 255, none with a leading zero. */
static bool check_v4(const char *text, size_t len)
{
	size_t i = 0;

	for (int field = 0; field < 4; field++) {
		unsigned value = 0;
		size_t start = i;
		for (; i < len && i - start < 3 && text[i] >= '0' && text[i] <= '9'; i++)
			value = value * 10 + (unsigned)(text[i] - '0');
		if (i == start || value > 255 || (text[start] == '0' && i - start > 1))
			return false;
		if (field < 3 && (i == len || text[i++] != '.'))
			return false;
	}
	return i == len;
}

static bool settle(size_t groups, bool has_gap)
{
	return has_gap ? groups < GROUP_COUNT : groups == GROUP_COUNT;
}

bool ip_address_check_v6(const char *text, size_t len)
{
	size_t groups = 0;
	bool has_gap = len >= 2 && memcmp(text, "::", 2) == 0;
	size_t i = has_gap ? 2 : 0;

	if (has_gap && i == len)
		return true;
	while (groups < GROUP_COUNT) {
		size_t start = i;
		while (i < len && i - start < 5 && is_hex_digit(text[i]))
			i++;
		if (i == start || i - start > 4)
			return false;
		if (i < len && text[i] == '.')
			return check_v4(text + start, len - start) && settle(groups + 2, has_gap);
		groups++;
		if (i == len)
			return settle(groups, has_gap);
		if (text[i++] != ':' || i == len)
			return false;
		if (text[i] != ':')
			continue;
		if (has_gap)
			return false;
		has_gap = true;
		if (++i == len)
			return settle(groups, true);
	}
	return false; /* something is left behind the eighth group */
}
