#include "builder/yaml_source.h"

#include <string.h>

#include "builder/unicode.h"
#include "common/limits.h"

/* go-yaml reads in pieces of this size: a bad byte in a later one than the document's last does no
 * harm to it. */
#define PIECE_BYTES 512U
/* Parsing again from the start is for the odd slip, not for a megabyte of them. */
#define FED_IN_VAIN_BYTES_MAX (4U * LIMIT_YAML_BYTES_MAX)

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"
#define MARK_AND_LOOK_AHEAD_BYTES (3U + 2U * 4U)
#define STAND_IN_FIRST 0xE000U /* the private use area, each three bytes long */
#define STAND_IN_LAST 0xF8FFU

static bool begins_with(const char *bytes, size_t len, const char *prefix)
{
	return len >= strlen(prefix) && memcmp(bytes, prefix, strlen(prefix)) == 0;
}

static void put_utf8(struct buf *out, uint32_t c)
{
	if (c >= 0x10000)
		buf_putc(out, (char)(0xF0 | c >> 18));
	if (c >= 0x800)
		buf_putc(out, (char)(c >= 0x10000 ? 0x80 | (c >> 12 & 0x3F) : 0xE0 | c >> 12));
	if (c >= 0x80)
		buf_putc(out, (char)(c >= 0x800 ? 0x80 | (c >> 6 & 0x3F) : 0xC0 | c >> 6));
	buf_putc(out, (char)(c >= 0x80 ? 0x80 | (c & 0x3F) : c));
}

/* One unit at a place that has two bytes. */
static uint32_t unit_at(const char *bytes, size_t at, bool big_endian)
{
	unsigned first = (unsigned char)bytes[at];
	unsigned second = (unsigned char)bytes[at + 1];

	return big_endian ? first << 8 | second : second << 8 | first;
}

/* One character, behind which *at is left; false for what is not UTF-16, and there *at is at the
 * end if half a character is. */
static bool decode_utf16(uint32_t *out, const char *bytes, size_t len, size_t *at, bool big_endian)
{
	size_t left = len - *at;
	uint32_t unit = left >= 2 ? unit_at(bytes, *at, big_endian) : 0;
	bool is_pair = unit >= 0xD800 && unit <= 0xDBFF;

	if (left < 2 || (is_pair && left < 4)) {
		*at = len;
		return false;
	}
	uint32_t low = is_pair ? unit_at(bytes, *at + 2, big_endian) : 0xDC00;
	if (low < 0xDC00 || low > 0xDFFF || (unit >= 0xDC00 && unit <= 0xDFFF))
		return false;
	*out = is_pair ? 0x10000 + ((unit & 0x3FF) << 10) + (low & 0x3FF) : unit;
	*at += is_pair ? 4 : 2;
	return true;
}

/* The text ends in a byte that is not UTF-8 where the source is not UTF-16, for libyaml to find if
 * it gets there; where the source ends in half a character, so does the text. */
static void put_utf16(struct buf *out, const char *bytes, size_t len, bool big_endian)
{
	for (size_t at = 0; at < len;) {
		uint32_t c;
		if (!decode_utf16(&c, bytes, len, &at, big_endian)) {
			buf_putc(out, at == len ? '\xF0' : '\xFF');
			return;
		}
		put_utf8(out, c);
	}
}

static uint32_t hex_value(const char *digits, size_t count)
{
	uint32_t value = 0;

	for (size_t i = 0; i < count; i++) {
		char c = digits[i];
		if (c >= '0' && c <= '9')
			value = value << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return 0;
	}
	return value;
}

/* The character at a place, or the one that an escape there may spell. */
static uint32_t character_at(const struct buf *text, size_t at)
{
	const char *bytes = text->data + at;
	size_t len = text->len - at;
	uint32_t c = 0;

	if (len >= 6 && bytes[0] == '\\' && bytes[1] == 'u')
		return hex_value(bytes + 2, 4);
	if (len >= 10 && bytes[0] == '\\' && bytes[1] == 'U')
		return hex_value(bytes + 2, 8);
	return unicode_decode(&c, bytes, len) == 3 ? c : 0;
}

/* A character that the text neither has nor spells; 0 where it has them all. */
static uint32_t choose_stand_in(const struct yaml_source *s)
{
	bool used[STAND_IN_LAST - STAND_IN_FIRST + 1] = {false};

	for (size_t at = 0; at < s->text.len; at++) {
		uint32_t c = character_at(&s->text, at);
		if (c >= STAND_IN_FIRST && c <= STAND_IN_LAST)
			used[c - STAND_IN_FIRST] = true;
	}
	for (size_t i = 0; i < sizeof(used); i++) {
		uint32_t c = (uint32_t)(STAND_IN_FIRST + i);
		if (!used[i] && c != s->mark_stand_in && c != s->colon_stand_in)
			return c;
	}
	return 0;
}

/* Replaces count bytes of the text, the rest of which moves. */
static void splice(struct buf *text, size_t at, size_t count, const struct buf *with)
{
	struct buf changed = BUF_INIT(text->max);

	buf_put(&changed, text->data, at);
	buf_put(&changed, buf_text(with), with->len);
	buf_put(&changed, text->data + at + count, text->len - at - count);
	buf_release(text);
	*text = changed;
}

/* Where the piece behind this one begins: no character is in two. */
static size_t next_piece(const struct buf *text, size_t skipped, size_t piece)
{
	size_t next = piece + PIECE_BYTES;

	while (next - skipped < text->len &&
	       ((unsigned char)text->data[next - skipped] & 0xC0) == 0x80)
		next--;
	return next;
}

static size_t line_at(const struct buf *text, const char *place)
{
	size_t line = 1;

	for (const char *c = text->data; c < place; c++)
		line += *c == '\n';
	return line;
}

/*
 * As long as a mark stands where go-yaml's buffer begins, it drops the first character of every
 * line. The buffer begins with a piece, or, where a look ahead of four characters at most goes
 * beyond the piece, with the few that were left of it.
 */
static int check_marks(const struct buf *text, const char *mark, size_t skipped, struct error *err)
{
	const char *end = text->data + text->len;
	size_t piece = 0;
	size_t next = next_piece(text, skipped, piece);

	if (mark == text->data)
		return error_set(err, ERR_CHART, "line 1: two byte order marks");
	for (; mark != NULL;
	     mark = memmem(mark + 3, (size_t)(end - mark) - 3, BYTE_ORDER_MARK, 3)) {
		size_t at = (size_t)(mark - text->data) + skipped;
		for (; next <= at; next = next_piece(text, skipped, piece))
			piece = next;
		if (at == piece || next - at <= MARK_AND_LOOK_AHEAD_BYTES)
			return error_set(err, ERR_CHART,
			    "line %zu: a byte order mark where Helm's reader loses characters",
			    line_at(text, mark));
	}
	return 0;
}

/* skipped: bytes of the source that are not in the text. */
static int replace_marks(struct yaml_source *s, bool is_utf16, size_t skipped, struct error *err)
{
	auto_buf struct buf stand_in = BUF_INIT(4);
	const char *end = s->text.data + s->text.len;
	char *mark = memmem(s->text.data, s->text.len, BYTE_ORDER_MARK, 3);

	if (mark == NULL)
		return 0;
	if (is_utf16)
		return error_set(err, ERR_CHART, "a second byte order mark in UTF-16");
	if (check_marks(&s->text, mark, skipped, err) != 0)
		return -1;
	s->mark_stand_in = choose_stand_in(s);
	if (s->mark_stand_in == 0)
		return error_set(
		    err, ERR_LIMIT, "U+FEFF beside all characters of the private use area");
	put_utf8(&stand_in, s->mark_stand_in);
	for (; mark != NULL; mark = memmem(mark, (size_t)(end - mark), BYTE_ORDER_MARK, 3))
		memcpy(mark, stand_in.data, stand_in.len);
	return 0;
}

int yaml_source_init(struct yaml_source *s, const char *bytes, size_t len, struct error *err)
{
	bool big_endian = begins_with(bytes, len, "\xFE\xFF");
	bool is_utf16 = big_endian || begins_with(bytes, len, "\xFF\xFE");
	size_t skipped = is_utf16 ? 2 : begins_with(bytes, len, BYTE_ORDER_MARK) ? 3 : 0;

	/* UTF-16 grows by a half at most, each repair by two bytes. */
	*s = (struct yaml_source){.text = BUF_INIT(2 * (size_t)LIMIT_YAML_BYTES_MAX)};
	if (is_utf16)
		put_utf16(&s->text, bytes + skipped, len - skipped, big_endian);
	else
		buf_put(&s->text, bytes + skipped, len - skipped);
	if (buf_check(&s->text, "the text", err) != 0)
		return -1;
	return s->text.len != 0 ? replace_marks(s, is_utf16, skipped, err) : 0;
}

void yaml_source_release(struct yaml_source *s)
{
	buf_release(&s->text);
}

static int feed(void *source, unsigned char *room, size_t size, size_t *out_size)
{
	struct yaml_source *s = source;
	size_t left = s->text.len - s->fed;
	size_t piece = left < PIECE_BYTES ? left : PIECE_BYTES;

	*out_size = piece < size ? piece : size;
	if (*out_size != 0)
		memcpy(room, s->text.data + s->fed, *out_size);
	s->fed += *out_size;
	return 1;
}

static void rewind_place(struct yaml_source *s)
{
	s->at = 0;
	s->index = 0;
}

void yaml_source_begin(struct yaml_source *s, yaml_parser_t *parser)
{
	s->fed = 0;
	s->flow_depth = 0;
	rewind_place(s);
	yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input(parser, feed, s);
}

/*
 * The byte at a mark. Starts of nodes hardly ever go back, so each search begins where the last one
 * ended.
 */
static const char *find(struct yaml_source *s, const yaml_mark_t *mark)
{
	if (mark->index < s->index)
		rewind_place(s);
	while (s->index < mark->index && s->at < s->text.len) {
		const char *at = s->text.data + s->at;
		uint32_t c;
		size_t width =
		    (unsigned char)*at < 0x80 ? 1 : unicode_decode(&c, at, s->text.len - s->at);
		s->at += width != 0 ? width : 1;
		s->index++;
	}
	return buf_text(&s->text) + s->at;
}

static const char *find_end(const struct yaml_source *s, const yaml_mark_t *mark)
{
	struct yaml_source ahead = *s;

	return find(&ahead, mark);
}

/* From one \' on, all of them up to the end of the quoted text. */
static void repair_apostrophes(struct yaml_source *s, size_t first)
{
	char *to = s->text.data + first;
	const char *from = to;
	const char *end = s->text.data + s->text.len;

	while (from < end && *from != '"') {
		if (*from != '\\' || from + 1 == end) {
			*to++ = *from++;
			continue;
		}
		if (from[1] != '\'')
			*to++ = from[0];
		*to++ = from[1];
		from += 2;
	}
	memmove(to, from, (size_t)(end - from));
	s->text.len -= (size_t)(from - to);
	s->text.data[s->text.len] = '\0';
}

static bool repair_colon(struct yaml_source *s, size_t at)
{
	auto_buf struct buf stand_in = BUF_INIT(4);

	if (s->colon_stand_in == 0)
		s->colon_stand_in = choose_stand_in(s);
	if (s->colon_stand_in == 0)
		return false;
	put_utf8(&stand_in, s->colon_stand_in);
	splice(&s->text, at, 1, &stand_in);
	return !s->text.overflowed;
}

bool yaml_source_repair(struct yaml_source *s, const yaml_parser_t *parser)
{
	if (parser->error != YAML_SCANNER_ERROR || s->text.len == 0)
		return false;
	const char *place = find(s, &parser->problem_mark);
	size_t at = (size_t)(place - s->text.data);
	s->fed_in_vain += s->fed;
	if (s->fed_in_vain > FED_IN_VAIN_BYTES_MAX)
		return false;
	if (strcmp(parser->problem, "found unknown escape character") == 0 &&
	    begins_with(place, s->text.len - at, "\\'")) {
		repair_apostrophes(s, at);
		return true;
	}
	if (strcmp(parser->problem, "found unexpected ':'") == 0 && *place == ':')
		return repair_colon(s, at);
	return false;
}

size_t yaml_source_restore(const struct yaml_source *s, char *bytes, size_t len)
{
	size_t kept = 0;

	if (s->mark_stand_in == 0 && s->colon_stand_in == 0)
		return len;
	for (size_t at = 0; at < len;) {
		uint32_t c = 0;
		size_t width = unicode_decode(&c, bytes + at, len - at);
		if (c != 0 && c == s->colon_stand_in) {
			bytes[kept++] = ':';
		} else {
			bool is_mark = c != 0 && c == s->mark_stand_in;
			memmove(bytes + kept, is_mark ? BYTE_ORDER_MARK : bytes + at,
			    width != 0 ? width : 1);
			kept += width != 0 ? width : 1;
		}
		at += width != 0 ? width : 1;
	}
	bytes[kept] = '\0';
	return kept;
}

static int refuse(const yaml_event_t *event, const char *what, struct error *err)
{
	return error_set(err, ERR_CHART, "line %zu: %s, which Helm does not read the same way",
	    event->start_mark.line + 1, what);
}

static bool has_slash_escape(const char *from, const char *end)
{
	for (; from + 1 < end; from++) {
		if (*from != '\\')
			continue;
		from++;
		if (*from == '/')
			return true;
	}
	return false;
}

/* The length of the blank or line break at a place, 0 where there is none. */
static size_t blank_at(const char *at, const char *end)
{
	static const char *const blanks[] = {
	    " ", "\t", "\r", "\n", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"};

	for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
		if (begins_with(at, (size_t)(end - at), blanks[i]))
			return strlen(blanks[i]);
	}
	return 0;
}

/* The tag and anchor that a node begins with: does a tag stop at a flow indicator? */
static bool has_cut_tag(const char *at, const char *end)
{
	while (at < end && (*at == '!' || *at == '&')) {
		bool is_tag = *at == '!';
		if (is_tag && end - at > 1 && at[1] == '<') {
			const char *close = memchr(at, '>', (size_t)(end - at));
			at = close != NULL ? close : end;
		}
		while (at < end && blank_at(at, end) == 0 && strchr(",[]{}", *at) == NULL)
			at++;
		if (is_tag && at < end && blank_at(at, end) == 0)
			return true;
		for (size_t width = 1; width != 0 && at < end; at += width)
			width = blank_at(at, end);
	}
	return false;
}

static int check_scalar(struct yaml_source *s, const yaml_event_t *event, struct error *err)
{
	yaml_scalar_style_t style = event->data.scalar.style;

	if (style == YAML_PLAIN_SCALAR_STYLE && s->flow_depth != 0 &&
	    memchr(event->data.scalar.value, '?', event->data.scalar.length) != NULL)
		return refuse(event, "an unquoted '?' inside [] or {}", err);
	if (style != YAML_DOUBLE_QUOTED_SCALAR_STYLE)
		return 0;
	const char *start = find(s, &event->start_mark);
	if (has_slash_escape(start, find_end(s, &event->end_mark)))
		return refuse(event, "the escape '\\/'", err);
	return 0;
}

static void count_depth(struct yaml_source *s, const yaml_event_t *event)
{
	bool opens =
	    event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT;
	bool is_flow = (event->type == YAML_SEQUENCE_START_EVENT &&
			   event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE) ||
		       (event->type == YAML_MAPPING_START_EVENT &&
			   event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE);
	bool closes =
	    event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT;

	/* Inside flow style everything is flow style. */
	if (is_flow || (opens && s->flow_depth != 0))
		s->flow_depth++;
	else if (closes && s->flow_depth != 0)
		s->flow_depth--;
}

int yaml_source_check(struct yaml_source *s, const yaml_event_t *event, struct error *err)
{
	if (event->type == YAML_SCALAR_EVENT && check_scalar(s, event, err) != 0)
		return -1;
	bool is_node = event->type == YAML_SCALAR_EVENT ||
		       event->type == YAML_SEQUENCE_START_EVENT ||
		       event->type == YAML_MAPPING_START_EVENT;
	if (is_node && has_cut_tag(find(s, &event->start_mark), buf_text(&s->text) + s->text.len))
		return refuse(event, "a tag that ends at one of ',[]{}'", err);
	count_depth(s, event);
	return 0;
}
