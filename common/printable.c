#include "common/printable.h"

#include <stdint.h>

/*
 * Code points that show nothing, or change how what follows is shown. Inclusive ranges, sorted.
 * Source: Unicode 15.0, UnicodeData.txt (general categories Cc, Cf, Co, Zl, Zp), the noncharacters,
 * and DerivedCoreProperties.txt (Default_Ignorable_Code_Point).
 */
static const struct {
	uint32_t first;
	uint32_t last;
} misleading[] = {
    {0x0000, 0x001F},
    {0x007F, 0x009F},
    {0x00AD, 0x00AD},
    {0x034F, 0x034F},
    {0x0600, 0x0605},
    {0x061C, 0x061C},
    {0x06DD, 0x06DD},
    {0x070F, 0x070F},
    {0x0890, 0x0891},
    {0x08E2, 0x08E2},
    {0x115F, 0x1160},
    {0x17B4, 0x17B5},
    {0x180B, 0x180F},
    {0x200B, 0x200F},
    {0x2028, 0x202E},
    {0x2060, 0x206F},
    {0x3164, 0x3164},
    {0xE000, 0xF8FF},
    {0xFDD0, 0xFDEF},
    {0xFE00, 0xFE0F},
    {0xFEFF, 0xFEFF},
    {0xFFA0, 0xFFA0},
    {0xFFF0, 0xFFFB},
    {0x110BD, 0x110BD},
    {0x110CD, 0x110CD},
    {0x13430, 0x1343F},
    {0x1BCA0, 0x1BCA3},
    {0x1D173, 0x1D17A},
    {0xE0000, 0x10FFFF},
};

static bool is_misleading(uint32_t code)
{
	if ((code & 0xFFFE) == 0xFFFE)
		return true;
	for (size_t i = 0; i < sizeof(misleading) / sizeof(misleading[0]); i++) {
		if (code < misleading[i].first)
			return false;
		if (code <= misleading[i].last)
			return true;
	}
	return false;
}

/*
 * Decodes one code point of well-formed UTF-8 (Unicode 15.0, table 3-7: no overlong form, no
 * surrogate). Returns its length, 0 where text does not begin with one.
 */
static size_t decode(const unsigned char *text, size_t len, uint32_t *out)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t need = text[0] < 0x80   ? 1
		      : text[0] < 0xC2 ? 0
		      : text[0] < 0xE0 ? 2
		      : text[0] < 0xF0 ? 3
		      : text[0] < 0xF5 ? 4
				       : 0;
	if (need == 0 || need > len)
		return 0;
	uint32_t code = need == 1 ? text[0] : text[0] & (0x7FU >> need);
	for (size_t i = 1; i < need; i++) {
		if ((text[i] & 0xC0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3FU);
	}
	if (code < smallest[need] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
		return 0;
	*out = code;
	return need;
}

void printable_put(struct buf *b, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;

	for (size_t i = 0; i < len;) {
		uint32_t code;
		size_t width = decode(p + i, len - i, &code);

		if (width == 0) {
			buf_printf(b, "\\x%02X", p[i]);
			width = 1;
		} else if (!is_misleading(code)) {
			buf_put(b, text + i, width);
		} else if (code < 0x80) {
			buf_printf(b, "\\x%02X", (unsigned)code);
		} else {
			buf_printf(b, "\\u{%04X}", (unsigned)code);
		}
		i += width;
	}
}

bool printable_check(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;

	for (size_t i = 0; i < len;) {
		uint32_t code;
		size_t width = decode(p + i, len - i, &code);
		if (width == 0 || is_misleading(code))
			return false;
		i += width;
	}
	return true;
}
