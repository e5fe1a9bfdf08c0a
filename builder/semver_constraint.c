#include "builder/semver_constraint.h"

#include <assert.h>
#include <string.h>

#include "common/buf.h"

/* Rewriting "A - B", at least five bytes, adds five or six: the cap is never reached. */
#define REWRITTEN_BYTES_MAX (8 * LIMIT_CONSTRAINT_BYTES_MAX)

struct span {
	const char *at;
	size_t len;
};

/* A version with wildcards, in its parts; each empty where it is not there. */
struct pattern {
	struct span whole;
	struct span major;
	struct span minor; /* without its dot, as is patch */
	struct span patch;
	struct span prerelease; /* with its '-' */
};

static const struct {
	const char *text;
	enum semver_operator operator;
} operators[] = {
    {"", SEMVER_EQUAL},
    {"=", SEMVER_EQUAL},
    {"!=", SEMVER_NOT_EQUAL},
    {">", SEMVER_GREATER},
    {"<", SEMVER_LESS},
    {">=", SEMVER_AT_LEAST},
    {"=>", SEMVER_AT_LEAST},
    {"<=", SEMVER_AT_MOST},
    {"=<", SEMVER_AT_MOST},
    {"~", SEMVER_TILDE},
    {"~>", SEMVER_TILDE},
    {"^", SEMVER_CARET},
};

static void skip(struct span *s, size_t len)
{
	s->at += len;
	s->len -= len;
}

static bool next_is(const struct span *s, char c)
{
	return s->len > 0 && *s->at == c;
}

/* The longest beginning of s of characters in set; moves s behind it. */
static struct span take_any(struct span *s, const char *set)
{
	struct span taken = {s->at, 0};

	while (
	    taken.len < s->len && s->at[taken.len] != '\0' && strchr(set, s->at[taken.len]) != NULL)
		taken.len++;
	skip(s, taken.len);
	return taken;
}

/* White space as regular expressions in Go have it. Returns its length. */
static size_t skip_space(struct span *s)
{
	return take_any(s, "\t\n\f\r ").len;
}

/* The '|' is a slip in Go's pattern for numbers. It can never be part of a version, but it decides
 * what "A - B" takes for A. */
static struct span take_number(struct span *s)
{
	return take_any(s, "0123456789xX*|");
}

/* ".number"; nothing is taken where that does not stand there. */
static struct span take_dotted_number(struct span *s)
{
	struct span rest = *s;

	if (!next_is(s, '.'))
		return (struct span){s->at, 0};
	skip(&rest, 1);
	struct span number = take_number(&rest);
	if (number.len != 0)
		*s = rest;
	return number;
}

/* The sign and identifiers with dots between them, or nothing. */
static struct span take_identifiers(struct span *s, char sign)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
	const char *start = s->at;
	struct span rest = *s;

	for (char before = sign; next_is(&rest, before); before = '.') {
		skip(&rest, 1);
		if (take_any(&rest, letters).len == 0)
			break;
		*s = rest;
	}
	return (struct span){start, (size_t)(s->at - start)};
}

/* The longest version pattern that s begins with. */
static bool take_pattern(struct span *s, struct pattern *out)
{
	struct span rest = *s;

	skip(&rest, next_is(&rest, 'v'));
	out->major = take_number(&rest);
	if (out->major.len == 0)
		return false;
	out->minor = take_dotted_number(&rest);
	out->patch = out->minor.len != 0 ? take_dotted_number(&rest) : (struct span){rest.at, 0};
	out->prerelease = take_identifiers(&rest, '-');
	(void)take_identifiers(&rest, '+');
	out->whole = (struct span){s->at, s->len - rest.len};
	*s = rest;
	return true;
}

/* "A - B" with the white space around it. */
static bool take_range(struct span *s, struct span *low, struct span *high)
{
	struct pattern a;
	struct pattern b;
	struct span rest = *s;

	(void)skip_space(&rest);
	if (!take_pattern(&rest, &a) || skip_space(&rest) == 0 || !next_is(&rest, '-'))
		return false;
	skip(&rest, 1);
	if (skip_space(&rest) == 0 || !take_pattern(&rest, &b))
		return false;
	(void)skip_space(&rest);
	*low = a.whole;
	*high = b.whole;
	*s = rest;
	return true;
}

static void put_span(struct buf *out, const struct span *s)
{
	buf_put(out, s->at, s->len);
}

/* Writes text to out with the first occurrence of range in it replaced. */
static void replace_range(
    struct buf *text, const struct span *range, const struct span *low, const struct span *high)
{
	auto_buf struct buf out = BUF_INIT(REWRITTEN_BYTES_MAX);
	const char *found = memmem(buf_text(text), text->len, range->at, range->len);

	if (found == NULL)
		return;
	size_t before = (size_t)(found - text->data);
	buf_put(&out, text->data, before);
	buf_puts(&out, ">= ");
	put_span(&out, low);
	buf_puts(&out, ", <= ");
	put_span(&out, high);
	buf_puts(&out, " ");
	buf_put(&out, found + range->len, text->len - before - range->len);
	assert(!out.overflowed);
	text->len = 0;
	buf_put(text, out.data, out.len);
}

/*
 * Ranges are found in the text as it was, but replaced where they first occur in what the earlier
 * replacements have made of it. The two are the same but in odd input, where Helm does it so too.
 */
static void rewrite_ranges(struct buf *out, const char *text, size_t len)
{
	struct span rest = {text, len};

	buf_put(out, text, len);
	while (rest.len > 0) {
		struct span range = rest;
		struct span low;
		struct span high;
		if (take_range(&rest, &low, &high)) {
			range.len -= rest.len;
			replace_range(out, &range, &low, &high);
		} else {
			skip(&rest, 1);
		}
	}
}

static bool take_operator(struct span *s, enum semver_operator *out)
{
	struct span taken = take_any(s, "=!<>~^");

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (taken.len == strlen(operators[i].text) &&
		    memcmp(taken.at, operators[i].text, taken.len) == 0) {
			*out = operators[i].operator;
			return true;
		}
	}
	return false;
}

static bool is_wildcard(const struct span *s)
{
	return s->len == 0 || (s->len == 1 && strchr("xX*", *s->at) != NULL);
}

/* The version that Go makes of a pattern: zeros from the first wildcard on, then the pre-release.
 */
static enum semver_wildcard put_version(struct buf *out, const struct pattern *p)
{
	enum semver_wildcard wildcard = SEMVER_EXACT;

	if (is_wildcard(&p->major)) {
		wildcard = SEMVER_ANY;
		buf_puts(out, "0.0.0");
	} else if (is_wildcard(&p->minor)) {
		wildcard = SEMVER_ANY_MINOR;
		put_span(out, &p->major);
		buf_puts(out, ".0.0");
	} else if (is_wildcard(&p->patch)) {
		wildcard = SEMVER_ANY_PATCH;
		put_span(out, &p->major);
		buf_puts(out, ".");
		put_span(out, &p->minor);
		buf_puts(out, ".0");
	} else {
		put_span(out, &p->whole);
		return wildcard;
	}
	put_span(out, &p->prerelease);
	return wildcard;
}

static int add_condition(struct semver_group *g, enum semver_operator operator,
    const struct pattern * p, struct error *err)
{
	auto_buf struct buf text = BUF_INIT(REWRITTEN_BYTES_MAX);
	enum semver_wildcard wildcard = put_version(&text, p);

	g->conditions = mem_grow(g->conditions, g->count, &g->capacity, sizeof(*g->conditions));
	struct semver_condition *c = &g->conditions[g->count];
	if (semver_parse(&c->version, buf_text(&text), text.len, err) != 0)
		return error_recode(err, ERR_FORMAT);
	c->operator= operator;
	c->wildcard = wildcard;
	g->has_prerelease = g->has_prerelease || c->version.prerelease[0] != '\0';
	g->count++;
	return 0;
}

/* What stands between conditions: white space, or one comma with any white space around it. */
static bool take_separator(struct span *s)
{
	size_t space = skip_space(s);

	if (!next_is(s, ','))
		return space != 0;
	skip(s, 1);
	(void)skip_space(s);
	return true;
}

static int refuse_group(const struct span *group, struct error *err)
{
	if (group->len == 0)
		return error_set(
		    err, ERR_FORMAT, "there is an empty part; '*' stands for any version");
	return error_set(err, ERR_FORMAT,
	    "'%.*s' is not an operator and a version, nor several of them", (int)group->len,
	    group->at);
}

static int parse_group(struct semver_group *g, struct span text, struct error *err)
{
	const struct span group = text;
	struct span ahead;

	(void)skip_space(&text);
	do {
		enum semver_operator operator;
		struct pattern pattern;
		if (!take_operator(&text, &operator))
			return refuse_group(&group, err);
		(void)skip_space(&text);
		if (!take_pattern(&text, &pattern))
			return refuse_group(&group, err);
		ahead = text;
		(void)skip_space(&ahead);
		if (ahead.len != 0 && !take_separator(&text))
			return refuse_group(&group, err);
		if (add_condition(g, operator, & pattern, err) != 0)
			return -1;
	} while (ahead.len != 0);
	return 0;
}

static int parse_groups(struct semver_constraint *c, struct span text, struct error *err)
{
	for (;;) {
		const char *bar = memmem(text.at, text.len, "||", 2);
		struct span group = {text.at, bar != NULL ? (size_t)(bar - text.at) : text.len};
		if (c->count == LIMIT_CONSTRAINT_GROUPS_MAX)
			return error_set(err, ERR_LIMIT, "more than %u parts with || between them",
			    LIMIT_CONSTRAINT_GROUPS_MAX);
		c->groups = mem_grow(c->groups, c->count, &c->capacity, sizeof(*c->groups));
		c->groups[c->count] = (struct semver_group){.count = 0};
		if (parse_group(&c->groups[c->count++], group, err) != 0)
			return -1;
		if (bar == NULL)
			return 0;
		skip(&text, group.len + 2);
	}
}

int semver_constraint_parse(
    struct semver_constraint *out, const char *text, size_t len, struct error *err)
{
	auto_semver_constraint struct semver_constraint c = SEMVER_CONSTRAINT_INIT;
	auto_buf struct buf rewritten = BUF_INIT(REWRITTEN_BYTES_MAX);

	*out = (struct semver_constraint)SEMVER_CONSTRAINT_INIT;
	if (len > LIMIT_CONSTRAINT_BYTES_MAX)
		return error_set(err, ERR_LIMIT,
		    "'%.40s...': a version constraint of more than %u bytes", text,
		    LIMIT_CONSTRAINT_BYTES_MAX);
	rewrite_ranges(&rewritten, text, len);
	struct span groups = {buf_text(&rewritten), rewritten.len};
	if (parse_groups(&c, groups, err) != 0)
		return error_prefix(
		    err, "'%.*s' is not a version constraint", (int)len, len != 0 ? text : "");
	*out = c;
	c = (struct semver_constraint)SEMVER_CONSTRAINT_INIT;
	return 0;
}

void semver_constraint_release(struct semver_constraint *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->groups[i].conditions);
	free(c->groups);
	*c = (struct semver_constraint)SEMVER_CONSTRAINT_INIT;
}
