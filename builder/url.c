#include "builder/url.h"

#include <string.h>
#include <strings.h>

#include "builder/ip_address.h"
#include "common/banned.h"

struct span {
	const char *at; /* borrowed */
	size_t len;
};

static struct span span_from(struct span s, size_t start)
{
	return (struct span){.at = s.at + start, .len = s.len - start};
}

static struct span span_to(struct span s, size_t end)
{
	return (struct span){.at = s.at, .len = end};
}

/* The first place of c, or the end. */
static size_t find(struct span s, char c)
{
	const char *found = s.len != 0 ? memchr(s.at, c, s.len) : NULL;

	return found != NULL ? (size_t)(found - s.at) : s.len;
}

static size_t find_last(struct span s, char c)
{
	const char *found = s.len != 0 ? memrchr(s.at, c, s.len) : NULL;

	return found != NULL ? (size_t)(found - s.at) : s.len;
}

static bool starts_with(struct span s, const char *start)
{
	size_t len = strlen(start);

	return s.len >= len && memcmp(s.at, start, len) == 0;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The value of a "%XX" that s begins with, or -1. */
static int escaped_byte(struct span s)
{
	int value = 0;

	if (s.len < 3 || s.at[0] != '%')
		return -1;
	for (size_t i = 1; i < 3; i++) {
		char c = s.at[i];
		if (is_digit(c))
			value = value * 16 + (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return value;
}

/* unescape() of whatever may hold any byte as it is: paths, user information, fragments. */
static bool check_escapes(struct span s)
{
	for (size_t i = find(s, '%'); i < s.len; i += find(span_from(s, i), '%')) {
		if (escaped_byte(span_from(s, i)) < 0)
			return false;
		i += 3;
	}
	return true;
}

/* What may stand unescaped in a host. */
static bool is_host_byte(char c)
{
	return (c & 0x80) != 0 || is_letter(c) || is_digit(c) ||
	       (c != '\0' && strchr("-_.~!$&'()*+,;=:[]<>\"", c) != NULL);
}

/* unescape() of a host: in it only bytes beyond ASCII, and "%" itself, may be escaped. In the zone
 * of an address a blank may be, too, and what needs no escape. */
static bool check_host_bytes(struct span s, bool in_zone)
{
	for (size_t i = 0; i < s.len;) {
		if (s.at[i] != '%') {
			if (!is_host_byte(s.at[i++]))
				return false;
			continue;
		}
		int value = escaped_byte(span_from(s, i));
		if (value < 0)
			return false;
		if (value != '%' &&
		    (in_zone ? value != ' ' && !(value < 0x80 && is_host_byte((char)value))
			     : value < 0x80))
			return false;
		i += 3;
	}
	return true;
}

static bool check_port(struct span s)
{
	if (s.len == 0)
		return true;
	if (s.at[0] != ':')
		return false;
	for (size_t i = 1; i < s.len; i++) {
		if (!is_digit(s.at[i]))
			return false;
	}
	return true;
}

/* "[ADDRESS]:PORT"; ADDRESS may end in "%25ZONE". */
static bool check_bracketed_host(struct span host)
{
	size_t close = find_last(host, ']');

	if (close == host.len)
		return false;
	struct span port = span_from(host, close + 1);
	struct span name = span_from(span_to(host, close), 1);
	size_t zone = 0;
	while (zone < name.len && !starts_with(span_from(name, zone), "%25"))
		zone++;
	if (!check_port(port) || !check_host_bytes(span_to(name, zone), false) ||
	    !check_host_bytes(span_from(name, zone), true))
		return false;
	/* Any other escape stands for a byte that no address has, but a zone may be any text. */
	return ip_address_check_v6(name.at, zone) && name.len != zone + 3;
}

static bool is_web_scheme(struct span scheme)
{
	return (scheme.len == 4 && strncasecmp(scheme.at, "http", 4) == 0) ||
	       (scheme.len == 5 && strncasecmp(scheme.at, "https", 5) == 0);
}

static bool check_host(struct span scheme, struct span host)
{
	size_t bracket = find_last(host, '[');

	if (bracket == 0 && host.len != 0)
		return check_bracketed_host(host);
	if (bracket != host.len)
		return false;
	size_t colon = find(host, ':');
	/* Lists of hosts, as databases take them, have several. */
	if (colon != host.len && !is_web_scheme(scheme))
		colon = find_last(host, ':');
	return check_port(span_from(host, colon)) && check_host_bytes(host, false);
}

static bool check_user(struct span user)
{
	for (size_t i = 0; i < user.len; i++) {
		char c = user.at[i];
		if (!is_letter(c) && !is_digit(c) &&
		    (c == '\0' || strchr("-._:~!$&'()*+,;=%@", c) == NULL))
			return false;
	}
	return check_escapes(user);
}

static bool parse_authority(struct url *out, struct span scheme, struct span authority)
{
	size_t at = find_last(authority, '@');
	struct span host = at < authority.len ? span_from(authority, at + 1) : authority;

	if (!check_host(scheme, host))
		return false;
	out->has_host = host.len != 0;
	out->has_dot_host = starts_with(host, ".");
	if (at == authority.len)
		return true;
	/* The parts before and after a colon are unescaped apart; no escape spans it anyway. */
	return check_user(span_to(authority, at));
}

static bool parse_path(struct url *out, struct span path)
{
	if (!check_escapes(path))
		return false;
	out->has_path = path.len != 0;
	for (size_t i = 0; i < path.len && !out->has_dot_path; i++)
		out->has_dot_path = path.at[i] == '.' || escaped_byte(span_from(path, i)) == '.';
	return true;
}

/* The length of the scheme, 0 for none, -1 where something must stand before the colon. */
static int scheme_length(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];
		if (c == ':')
			return i != 0 ? (int)i : -1;
		if (!is_letter(c) && (i == 0 || (!is_digit(c) && strchr("+-.", c) == NULL)))
			return 0;
	}
	return 0;
}

static bool has_control(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.at[i] < ' ' || s.at[i] == 0x7F)
			return true;
	}
	return false;
}

/* A path with what may stand before it: a scheme and a host. */
static bool parse_hierarchy(
    struct url *out, struct span scheme, struct span rest, enum url_form form)
{
	if (!starts_with(rest, "/")) {
		if (out->has_scheme)
			return true; /* opaque, as in "mailto:" */
		if (form == URL_REQUEST ||
		    find(span_to(rest, find(rest, '/')), ':') < find(rest, '/'))
			return false;
	}
	if ((out->has_scheme || (form == URL_REFERENCE && !starts_with(rest, "///"))) &&
	    starts_with(rest, "//")) {
		struct span authority = span_from(rest, 2);
		size_t slash = find(authority, '/');
		rest = span_from(authority, slash);
		if (!parse_authority(out, scheme, span_to(authority, slash)))
			return false;
	}
	return parse_path(out, rest);
}

bool url_parse(struct url *out, const char *text, size_t len, enum url_form form)
{
	struct span all = {.at = text, .len = len};
	struct span rest = all;

	*out = (struct url){.has_scheme = false};
	if (form == URL_REFERENCE) {
		size_t hash = find(all, '#');
		rest = span_to(all, hash);
		if (hash < len && !check_escapes(span_from(all, hash + 1)))
			return false;
	}
	if (has_control(rest) || (rest.len == 0 && form == URL_REQUEST))
		return false;
	if (rest.len == 1 && rest.at[0] == '*') {
		out->has_path = true;
		return true;
	}
	int scheme_len = scheme_length(rest);
	if (scheme_len < 0)
		return false;
	struct span scheme = span_to(rest, (size_t)scheme_len);
	out->has_scheme = scheme.len != 0;
	if (out->has_scheme)
		rest = span_from(rest, scheme.len + 1);
	return parse_hierarchy(out, scheme, span_to(rest, find(rest, '?')), form);
}

bool url_check_request(const char *text, size_t len)
{
	struct url url;

	return url_parse(&url, text, len, URL_REQUEST) && url.has_scheme;
}
