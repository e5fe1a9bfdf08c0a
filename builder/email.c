#include "builder/email.h"

#include <stdint.h>
#include <string.h>

#include "builder/unicode.h"
#include "common/banned.h"

/* Letters beyond ASCII, as the pattern lists them; U+FFFD, for what is not UTF-8, is none. */
static bool is_foreign(uint32_t c)
{
	return (c >= 0xA0 && c <= 0xD7FF) || (c >= 0xF900 && c <= 0xFDCF) ||
	       (c >= 0xFDF0 && c <= 0xFFEF);
}

static bool is_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_foreign(c);
}

static bool is_letter_or_digit(uint32_t c)
{
	return is_letter(c) || (c >= '0' && c <= '9');
}

/* One of a few ASCII characters. */
static bool is_one_of(uint32_t c, const char *set)
{
	return c > 0 && c < 0x80 && strchr(set, (int)c) != NULL;
}

static bool is_atom(uint32_t c)
{
	return is_letter_or_digit(c) || is_one_of(c, "!#$%&'*+-/=?^_`{|}~");
}

/* Takes one character off the text; U+FFFD where it is not UTF-8. */
static uint32_t next(const char **text, size_t *len)
{
	uint32_t c;
	size_t taken = unicode_decode(&c, *text, *len);

	if (taken == 0) {
		taken = 1;
		c = 0xFFFD;
	}
	*text += taken;
	*len -= taken;
	return c;
}

static bool check_atoms(const char *text, size_t len)
{
	bool in_atom = false;

	while (len > 0) {
		uint32_t c = next(&text, &len);
		if (c == '.' ? !in_atom : !is_atom(c))
			return false;
		in_atom = c != '.';
	}
	return in_atom;
}

/*
 * Where a quoted local part can stand; the pattern is ambiguous, so in several places at once. As
 * it is written, every character has a quote before it, and one more ends the whole: '"a"' and
 * '"a"b"' match, '"ab"' does not.
 */
enum quoted_state {
	QUOTED_BETWEEN =
	    1,           /* a quote may follow, which opens or ends; or white space, then the end */
	QUOTED_OPEN = 2, /* behind an opening quote: white space, then a character */
	QUOTED_PAIR = 4, /* behind a "(", which frees the next character */
	QUOTED_END = 8,
	QUOTED_SPACE = 16,    /* in white space that may yet be folded */
	QUOTED_CARRIAGE = 32, /* of a line break in it */
	QUOTED_FOLD = 64,     /* behind the line break: more white space must follow */
	QUOTED_FOLDED = 128,
	QUOTED_LAST_SPACE = 256, /* the same four for what stands before the end */
	QUOTED_LAST_CARRIAGE = 512,
	QUOTED_LAST_FOLD = 1024,
	QUOTED_LAST_FOLDED = 2048,
};

static bool is_quoted_text(uint32_t c)
{
	return (c >= 0x01 && c <= 0x08) || c == 0x0B || c == 0x0C || (c >= 0x0E && c <= 0x1F) ||
	       c == 0x21 || (c >= 0x23 && c <= 0x5B) || (c >= 0x5D && c <= 0x7F) || is_foreign(c);
}

static unsigned step_space(unsigned states, uint32_t c)
{
	static const struct {
		unsigned from;
		char byte; /* ' ': a tab too */
		unsigned to;
	} edges[] = {
	    {QUOTED_OPEN | QUOTED_SPACE, ' ', QUOTED_SPACE},
	    {QUOTED_OPEN | QUOTED_SPACE, '\r', QUOTED_CARRIAGE},
	    {QUOTED_CARRIAGE, '\n', QUOTED_FOLD},
	    {QUOTED_FOLD | QUOTED_FOLDED, ' ', QUOTED_FOLDED},
	    {QUOTED_BETWEEN | QUOTED_LAST_SPACE, ' ', QUOTED_LAST_SPACE},
	    {QUOTED_BETWEEN | QUOTED_LAST_SPACE, '\r', QUOTED_LAST_CARRIAGE},
	    {QUOTED_LAST_CARRIAGE, '\n', QUOTED_LAST_FOLD},
	    {QUOTED_LAST_FOLD | QUOTED_LAST_FOLDED, ' ', QUOTED_LAST_FOLDED},
	};
	unsigned after = 0;

	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		if ((edges[i].from & states) != 0 && edges[i].byte == (c == '\t' ? ' ' : (char)c))
			after |= edges[i].to;
	}
	return after;
}

static unsigned step_quoted(unsigned states, uint32_t c)
{
	unsigned after = c < 0x80 ? step_space(states, c) : 0;

	if ((states & (QUOTED_OPEN | QUOTED_SPACE | QUOTED_FOLDED)) != 0) {
		after |= is_quoted_text(c) ? QUOTED_BETWEEN : 0;
		after |= c == '(' ? QUOTED_PAIR : 0;
	}
	if ((states & QUOTED_PAIR) != 0 && c != 0 && c != '\n' && c < 0x80)
		after |= QUOTED_BETWEEN;
	if (c == '"' && (states & QUOTED_BETWEEN) != 0)
		after |= QUOTED_OPEN;
	if (c == '"' && (states & (QUOTED_BETWEEN | QUOTED_LAST_SPACE | QUOTED_LAST_FOLDED)) != 0)
		after |= QUOTED_END;
	return after;
}

static bool check_quoted(const char *text, size_t len)
{
	unsigned states = QUOTED_BETWEEN;

	while (len > 0 && states != 0)
		states = step_quoted(states, next(&text, &len));
	return (states & QUOTED_END) != 0;
}

/* Some characters of which the first and the last are of the class outer, the others of inner. */
static bool check_label(const char *text, size_t len, bool (*outer)(uint32_t), const char *inner)
{
	bool at_end = false;
	bool is_first = true;

	while (len > 0) {
		uint32_t c = next(&text, &len);
		at_end = outer(c);
		if (!at_end && (is_first || (!is_letter_or_digit(c) && !is_one_of(c, inner))))
			return false;
		is_first = false;
	}
	return at_end;
}

/* The pattern lets a label hold dots, so all labels but the last count as one. */
static bool check_domain(const char *text, size_t len)
{
	if (len > 0 && text[len - 1] == '.')
		len--;
	const char *dot = len != 0 ? memrchr(text, '.', len) : NULL;
	if (dot == NULL)
		return false;
	size_t before = (size_t)(dot - text);
	return check_label(text, before, is_letter_or_digit, "-._~") &&
	       check_label(dot + 1, len - before - 1, is_letter, "-_~");
}

bool email_check(const char *text, size_t len)
{
	const char *at = len != 0 ? memrchr(text, '@', len) : NULL; /* a domain holds none */

	if (at == NULL)
		return false;
	size_t before = (size_t)(at - text);
	return check_domain(at + 1, len - before - 1) &&
	       (check_atoms(text, before) || check_quoted(text, before));
}
