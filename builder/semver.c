#include "builder/semver.h"

#include <stdbool.h>
#include <string.h>

struct scanner {
	const char *at;
	const char *end;
	const char *reason; /* why it is no version; set where that is found. Static storage */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_identifier_char(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

static bool next_is(const struct scanner *s, char c)
{
	return s->at < s->end && *s->at == c;
}

static bool fail(struct scanner *s, const char *reason)
{
	s->reason = reason;
	return false;
}

static bool take_number(struct scanner *s, bool strict, uint64_t *out)
{
	const char *start = s->at;

	for (*out = 0; s->at < s->end && is_digit(*s->at); s->at++) {
		if (__builtin_mul_overflow(*out, 10U, out) ||
		    __builtin_add_overflow(*out, (uint64_t)(*s->at - '0'), out))
			return fail(s, "a number does not fit 64 bits");
	}
	if (s->at == start)
		return fail(s, "a number is missing");
	if (strict && *start == '0' && s->at > start + 1)
		return fail(s, "a number begins with 0");
	return true;
}

/* The numbers behind the first one, each with its dot. */
static bool take_more_numbers(struct scanner *s, bool strict, struct semver *out)
{
	uint64_t *const numbers[] = {&out->minor, &out->patch};

	for (size_t i = 0; i < 2; i++) {
		*numbers[i] = 0;
		if (!next_is(s, '.') && strict)
			return fail(s, "it needs three numbers");
		if (!next_is(s, '.'))
			continue;
		s->at++;
		if (!take_number(s, strict, numbers[i]))
			return false;
	}
	return true;
}

static bool take_identifier(struct scanner *s, bool leading_zeros)
{
	const char *start = s->at;
	bool numeric = true;

	for (; s->at < s->end && is_identifier_char(*s->at); s->at++)
		numeric = numeric && is_digit(*s->at);
	if (s->at == start)
		return fail(s, "an identifier is empty, or not of letters, digits and '-'");
	if (numeric && !leading_zeros && *start == '0' && s->at > start + 1)
		return fail(s, "a number in the pre-release begins with 0");
	return true;
}

/* Identifiers with dots between them, copied to out. The version's length is in bounds. */
static bool take_identifiers(struct scanner *s, bool leading_zeros, char *out)
{
	const char *start = s->at;

	for (bool more = true; more; s->at += more) {
		if (!take_identifier(s, leading_zeros))
			return false;
		more = next_is(s, '.');
	}
	size_t len = (size_t)(s->at - start);
	memcpy(out, start, len);
	out[len] = '\0';
	return true;
}

static bool take_version(struct scanner *s, bool strict, struct semver *out)
{
	out->prerelease[0] = '\0';
	out->metadata[0] = '\0';
	if (!strict && next_is(s, 'v'))
		s->at++;
	if (!take_number(s, strict, &out->major) || !take_more_numbers(s, strict, out))
		return false;
	if (next_is(s, '-')) {
		s->at++;
		if (!take_identifiers(s, false, out->prerelease))
			return false;
	}
	if (next_is(s, '+')) {
		s->at++;
		if (!take_identifiers(s, true, out->metadata))
			return false;
	}
	return s->at == s->end || fail(s, "something follows that does not belong to it");
}

static int parse(struct semver *out, const char *text, size_t len, bool strict, struct error *err)
{
	const char *start = len != 0 ? text : "";
	struct scanner s = {start, start + len, NULL};

	if (len > LIMIT_VERSION_BYTES_MAX)
		return error_set(err, ERR_LIMIT, "'%.40s...': a version of more than %u bytes",
		    text, LIMIT_VERSION_BYTES_MAX);
	if (!take_version(&s, strict, out))
		return error_set(err, ERR_FORMAT, "'%.*s' is not a %ssemantic version: %s",
		    (int)len, start, strict ? "strict " : "", s.reason);
	return 0;
}

int semver_parse(struct semver *out, const char *text, size_t len, struct error *err)
{
	return parse(out, text, len, false, err);
}

int semver_parse_strict(struct semver *out, const char *text, size_t len, struct error *err)
{
	return parse(out, text, len, true, err);
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Go's strconv.ParseUint: false for what is no number, or none of 64 bits. */
static bool read_number(const char *at, size_t len, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(at[i]) || __builtin_mul_overflow(*out, 10U, out) ||
		    __builtin_add_overflow(*out, (uint64_t)(at[i] - '0'), out))
			return false;
	}
	return len > 0;
}

static int compare_words(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order != 0 ? order : compare_numbers(a_len, b_len);
}

/* Identifiers of one byte or more. */
static int compare_identifiers(const char *a, size_t a_len, const char *b, size_t b_len)
{
	uint64_t a_number;
	uint64_t b_number;
	bool a_numeric = read_number(a, a_len, &a_number);
	bool b_numeric = read_number(b, b_len, &b_number);

	if (a_numeric != b_numeric)
		return a_numeric ? -1 : 1;
	return a_numeric ? compare_numbers(a_number, b_number) : compare_words(a, a_len, b, b_len);
}

static int compare_prereleases(const char *a, const char *b)
{
	if (*a == '\0' || *b == '\0')
		return (*a == '\0') - (*b == '\0');
	for (;;) {
		size_t a_len = strcspn(a, ".");
		size_t b_len = strcspn(b, ".");
		int order = compare_identifiers(a, a_len, b, b_len);
		a += a_len;
		b += b_len;
		if (order != 0)
			return order;
		if (*a == '\0' || *b == '\0')
			return (*a != '\0') - (*b != '\0');
		a++;
		b++;
	}
}

int semver_compare(const struct semver *a, const struct semver *b)
{
	int order = compare_numbers(a->major, b->major);

	if (order == 0)
		order = compare_numbers(a->minor, b->minor);
	if (order == 0)
		order = compare_numbers(a->patch, b->patch);
	return order != 0 ? order : compare_prereleases(a->prerelease, b->prerelease);
}
