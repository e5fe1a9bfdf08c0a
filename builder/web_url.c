/*
 * govalidator's IsURL(): Go's parser and a pattern, which is matched here by hand. The text before
 * a host may be read in several ways, so all the places where a host may begin are tried at once.
 */
#include <stdint.h>
#include <string.h>

#include "builder/unicode.h"
#include "builder/url.h"
#include "common/buf.h"

#define RUNES_MAX 2082U /* one below the pattern's own limit */

/*
 * The states of the pattern's host: [A | SUB] Y [.T], where A and SUB are ASCII words with inner
 * dots, Y is a word that may have foreign letters and T one of letters only. Each is named for what
 * was just read.
 */
enum host_state {
	HOST_START = 1U << 0,
	WORD_FIRST = 1U << 1, /* A: its first character */
	WORD_INNER = 1U << 2, /* then any of [a-zA-Z0-9_-] */
	WORD_LAST = 1U << 3,  /* then a letter or digit: the word may be over */
	WORD_JOINT = 1U << 4, /* "-" or "." behind it */
	WORD_NEXT = 1U << 5,  /* and a further word */
	WWW_1 = 1U << 6,      /* SUB: "www." */
	WWW_2 = 1U << 7,
	WWW_3 = 1U << 8,
	WWW_DOT = 1U << 9,
	SUB_WORD = 1U << 10, /* SUB: words joined by "-", "_" or "." */
	SUB_JOINT = 1U << 11,
	SUB_LAST = 1U << 12, /* its last character before the dot */
	SUB_DOT = 1U << 13,
	SUB_DOMAIN = 1U << 14,
	NAME_LETTER = 1U << 15, /* Y */
	NAME_DASH = 1U << 16,
	NAME_DASH_2 = 1U << 17,
	TOP_DOT = 1U << 18, /* .T */
	TOP_LETTER = 1U << 19,
};

#define HOST_MAY_END (NAME_LETTER | TOP_LETTER)
#define NAME_MAY_BEGIN (HOST_START | WORD_LAST | WORD_NEXT | WWW_DOT | SUB_DOMAIN)

enum char_class {
	CLASS_DIGIT = 1,
	CLASS_LETTER = 2, /* of ASCII */
	CLASS_WORD = CLASS_DIGIT | CLASS_LETTER,
	CLASS_FOREIGN = 4,
	CLASS_DASH = 8,
	CLASS_UNDERSCORE = 16,
	CLASS_DOT = 32,
	CLASS_W = 64,
};

static const struct {
	unsigned from; /* any of these states */
	unsigned classes;
	unsigned to;
} edges[] = {
    {HOST_START, CLASS_WORD, WORD_FIRST | SUB_WORD},
    {WORD_FIRST | WORD_INNER, CLASS_WORD | CLASS_DASH | CLASS_UNDERSCORE, WORD_INNER},
    {WORD_FIRST | WORD_INNER, CLASS_WORD, WORD_LAST},
    {WORD_LAST | WORD_NEXT, CLASS_DASH | CLASS_DOT, WORD_JOINT},
    {WORD_JOINT | WORD_NEXT, CLASS_WORD, WORD_NEXT},
    {HOST_START, CLASS_W, WWW_1},
    {WWW_1, CLASS_W, WWW_2},
    {WWW_2, CLASS_W, WWW_3},
    {WWW_3, CLASS_DOT, WWW_DOT},
    {SUB_WORD, CLASS_WORD, SUB_WORD | SUB_LAST},
    {SUB_WORD, CLASS_DASH | CLASS_UNDERSCORE | CLASS_DOT, SUB_JOINT},
    {SUB_JOINT, CLASS_WORD, SUB_WORD},
    {SUB_LAST, CLASS_DOT, SUB_DOT},
    {SUB_DOT | SUB_DOMAIN, CLASS_WORD, SUB_DOMAIN},
    {NAME_MAY_BEGIN | NAME_LETTER | NAME_DASH | NAME_DASH_2, CLASS_WORD | CLASS_FOREIGN,
	NAME_LETTER},
    {NAME_LETTER, CLASS_DASH, NAME_DASH},
    {NAME_DASH, CLASS_DASH, NAME_DASH_2},
    {NAME_LETTER, CLASS_DOT, TOP_DOT},
    {TOP_DOT | TOP_LETTER, CLASS_LETTER | CLASS_FOREIGN, TOP_LETTER},
};

static unsigned class_of(uint32_t c)
{
	if (c >= '0' && c <= '9')
		return CLASS_DIGIT;
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return c == 'w' ? CLASS_LETTER | CLASS_W : CLASS_LETTER;
	if (c >= 0xA1 && c <= 0xFFFF)
		return CLASS_FOREIGN;
	return c == '-' ? CLASS_DASH : c == '_' ? CLASS_UNDERSCORE : c == '.' ? CLASS_DOT : 0;
}

static unsigned step(unsigned states, unsigned class)
{
	unsigned after = 0;

	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		if ((edges[i].from & states) != 0 && (edges[i].classes & class) != 0)
			after |= edges[i].to;
	}
	return after;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A text with what is asked about it again and again. */
struct address {
	const char *text; /* borrowed; NUL-terminated */
	size_t len;
	size_t scheme_end; /* 0: none of the web */
	size_t space;      /* the first white space, or len */
	size_t last_space; /* behind the last one, or 0 */
};

/* What may follow a host: a dot, a port, a path. */
static bool may_end_at(const struct address *a, size_t at)
{
	size_t digits = 0;

	at += a->text[at] == '.';
	if (a->text[at] == ':') {
		while (digits < 5 && is_digit(a->text[at + 1 + digits]))
			digits++;
		if (digits == 0)
			return false;
		at += 1 + digits;
	}
	return at == a->len ||
	       (a->text[at] != '\0' && strchr("/?#", a->text[at]) != NULL && at >= a->last_space);
}

/* A host may begin at the start, behind the scheme, and behind each "@" that no space precedes. */
static bool may_begin_at(const struct address *a, size_t at)
{
	return at == 0 || at == a->scheme_end ||
	       (at >= 2 && a->text[at - 1] == '@' && at - 1 <= a->space);
}

/* A number of an address of version 4, in its first place (0) or another; moves *at behind it. */
static bool skip_octet(const struct address *a, size_t *at, int place)
{
	const char *text = a->text + *at;
	size_t count = 0;
	int value = 0;

	for (; count < 3 && is_digit(text[count]); count++)
		value = value * 10 + (text[count] - '0');
	*at += count;
	if (count == 3 && (value < 100 || value > 255))
		return false;
	return count > 0 && (place != 0 || (text[0] != '0' && (value < 224 || value > 239)));
}

static bool match_octets(const struct address *a, size_t at)
{
	for (int place = 0; place < 4; place++) {
		if (!skip_octet(a, &at, place) || (place < 3 && a->text[at++] != '.'))
			return false;
	}
	return may_end_at(a, at);
}

static bool is_hex_digit(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* (X:)... of one to four hex digits each, a colon between them; their number in *out_count. */
static const char *skip_groups(const char *text, size_t *out_count)
{
	for (*out_count = 0;;) {
		size_t len = 0;
		while (len < 5 && is_hex_digit(text[len]))
			len++;
		if (len == 0 || len > 4)
			return text;
		++*out_count;
		text += len;
		if (text[0] != ':' || !is_hex_digit(text[1]))
			return text;
		text++;
	}
}

/* The four numbers that may end an address of version 6; end is behind the last. */
static bool match_v4_tail(const char *text, const char *end)
{
	const struct address a = {.text = text, .len = (size_t)(end - text)};
	size_t at = 0;

	for (int place = 1; place <= 4; place++) {
		if (!skip_octet(&a, &at, place) || (place < 4 && text[at++] != '.'))
			return false;
	}
	return at == a.len;
}

/* "::", perhaps "ffff:" and zeros, and four numbers; or up to four groups before them. */
static bool match_v6_with_v4(const char *text, const char *end)
{
	size_t groups;
	const char *rest = skip_groups(text, &groups);

	if (groups >= 1 && groups <= 4 && strncmp(rest, "::", 2) == 0 &&
	    match_v4_tail(rest + 2, end))
		return true;
	if (strncmp(text, "::", 2) != 0)
		return false;
	text += 2;
	if (match_v4_tail(text, end))
		return true;
	if (strncmp(text, "ffff:", 5) != 0)
		return false;
	text += 5;
	if (match_v4_tail(text, end))
		return true;
	size_t zeros = 0;
	while (zeros < 4 && text[zeros] == '0')
		zeros++;
	return zeros > 0 && text[zeros] == ':' && match_v4_tail(text + zeros + 1, end);
}

/* fe80:, up to four groups that may be empty, and a zone. */
static bool match_link_local(const char *text, const char *end)
{
	if (strncmp(text, "fe80:", 5) != 0)
		return false;
	text += 5;
	for (int group = 0; group < 4 && *text == ':'; group++) {
		text++;
		for (int i = 0; i < 4 && is_hex_digit(*text); i++)
			text++;
	}
	if (*text++ != '%' || text == end)
		return false;
	while (is_digit(*text) || ((*text | 0x20) >= 'a' && (*text | 0x20) <= 'z'))
		text++;
	return text == end;
}

static bool match_v6(const char *text, const char *end)
{
	size_t before, after;
	const char *rest = skip_groups(text, &before);

	if (rest == end && before == 8)
		return true;
	if (strncmp(rest, "::", 2) == 0 && skip_groups(rest + 2, &after) == end &&
	    before + after <= 7)
		return true;
	return match_v6_with_v4(text, end) || match_link_local(text, end);
}

static bool match_literal_at(const struct address *a, size_t at)
{
	if (a->text[at] != '[')
		return match_octets(a, at);
	const char *close = memchr(a->text + at, ']', a->len - at);
	return close != NULL && match_v6(a->text + at + 1, close) &&
	       may_end_at(a, (size_t)(close - a->text) + 1);
}

static bool match(const struct address *a)
{
	unsigned states = 0;

	for (size_t at = 0; at <= a->len;) {
		uint32_t c = 0xFFFD;
		if ((states & HOST_MAY_END) != 0 && may_end_at(a, at))
			return true;
		if (may_begin_at(a, at)) {
			states |= HOST_START;
			if (match_literal_at(a, at))
				return true;
		}
		size_t taken = unicode_decode(&c, a->text + at, a->len - at);
		states = step(states, class_of(taken != 0 ? c : 0xFFFD));
		at += taken != 0 ? taken : 1;
	}
	return false;
}

static size_t skip_scheme(const char *text)
{
	static const char *const schemes[] = {
	    "ftp://", "tcp://", "udp://", "ws://", "wss://", "http://", "https://"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
			return strlen(schemes[i]);
	}
	return 0;
}

static bool check_pattern(const char *text, size_t len)
{
	struct address a = {
	    .text = text, .len = len, .scheme_end = skip_scheme(text), .space = len};

	for (size_t i = 0; i < len; i++) {
		if (!is_space(text[i]))
			continue;
		a.space = a.space < i ? a.space : i;
		a.last_space = i + 1;
	}
	return match(&a);
}

static size_t count_runes(const char *text, size_t len)
{
	size_t count = 0;
	uint32_t c;

	for (size_t at = 0; at < len; count++) {
		size_t taken = unicode_decode(&c, text + at, len - at);
		at += taken != 0 ? taken : 1;
	}
	return count;
}

bool url_check_web(const char *text, size_t len)
{
	auto_buf struct buf copy = BUF_INIT(8 + RUNES_MAX * 4);
	struct url url;
	const size_t scheme = strlen("http://");

	if (len <= 3 || len > (size_t)RUNES_MAX * 4 || count_runes(text, len) > RUNES_MAX ||
	    text[0] == '.')
		return false;
	/* A port without a scheme would look like a scheme to the parser. */
	buf_puts(&copy, "http://");
	buf_put(&copy, text, len);
	const char *plain = copy.data + scheme;
	bool is_bare = memchr(text, ':', len) != NULL && memmem(text, len, "://", 3) == NULL;
	if (!url_parse(&url, is_bare ? copy.data : plain, is_bare ? copy.len : len, URL_REFERENCE))
		return false;
	if (url.has_dot_host || (!url.has_host && url.has_path && !url.has_dot_path))
		return false;
	return check_pattern(plain, len);
}
