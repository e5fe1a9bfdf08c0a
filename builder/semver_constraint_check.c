#include <string.h>

#include "builder/semver_constraint.h"

static bool differs(const struct semver_condition *c, const struct semver *v)
{
	if (c->wildcard == SEMVER_EXACT)
		return semver_compare(v, &c->version) != 0;
	if (v->major != c->version.major)
		return true;
	if (c->wildcard == SEMVER_ANY_MINOR)
		return false;
	if (v->minor != c->version.minor)
		return true;
	if (c->wildcard == SEMVER_ANY_PATCH)
		return strcmp(v->prerelease, c->version.prerelease) != 0;
	return semver_compare(v, &c->version) != 0;
}

static bool is_greater(const struct semver_condition *c, const struct semver *v)
{
	bool has_minor = c->wildcard == SEMVER_ANY_PATCH;

	if (c->wildcard == SEMVER_EXACT)
		return semver_compare(v, &c->version) > 0;
	if (v->major != c->version.major)
		return v->major > c->version.major;
	if (c->wildcard == SEMVER_ANY)
		return semver_compare(v, &c->version) > 0;
	return has_minor && v->minor > c->version.minor;
}

static bool is_at_most(const struct semver_condition *c, const struct semver *v)
{
	if (c->wildcard == SEMVER_EXACT)
		return semver_compare(v, &c->version) <= 0;
	if (v->major != c->version.major)
		return v->major < c->version.major;
	return c->wildcard == SEMVER_ANY_MINOR || v->minor <= c->version.minor;
}

static bool is_zero(const struct semver *v)
{
	return v->major == 0 && v->minor == 0 && v->patch == 0;
}

static bool is_near(const struct semver_condition *c, const struct semver *v)
{
	bool has_patch = c->wildcard == SEMVER_EXACT || c->wildcard == SEMVER_ANY;

	if (semver_compare(v, &c->version) < 0)
		return false;
	if (has_patch && is_zero(&c->version))
		return true;
	if (v->major != c->version.major)
		return false;
	return c->wildcard == SEMVER_ANY_MINOR || v->minor == c->version.minor;
}

/* The first number that is not 0 stays; where all that are given are 0, the last given one. */
static bool is_compatible(const struct semver_condition *c, const struct semver *v)
{
	if (semver_compare(v, &c->version) < 0 || v->major != c->version.major)
		return false;
	if (c->version.major > 0 || c->wildcard == SEMVER_ANY_MINOR)
		return true;
	if (v->minor != c->version.minor)
		return false;
	return c->version.minor > 0 || c->wildcard == SEMVER_ANY_PATCH ||
	       v->patch == c->version.patch;
}

static bool holds(const struct semver_condition *c, const struct semver *v)
{
	switch (c->operator) {
	case SEMVER_EQUAL:
		if (c->wildcard != SEMVER_EXACT)
			return is_near(c, v);
		return semver_compare(v, &c->version) == 0;
	case SEMVER_NOT_EQUAL:
		return differs(c, v);
	case SEMVER_GREATER:
		return is_greater(c, v);
	case SEMVER_LESS:
		return semver_compare(v, &c->version) < 0;
	case SEMVER_AT_LEAST:
		return semver_compare(v, &c->version) >= 0;
	case SEMVER_AT_MOST:
		return is_at_most(c, v);
	case SEMVER_TILDE:
		return is_near(c, v);
	case SEMVER_CARET:
		break;
	}
	return is_compatible(c, v);
}

static bool group_holds(const struct semver_group *g, const struct semver *v)
{
	for (size_t i = 0; i < g->count; i++) {
		if (!holds(&g->conditions[i], v))
			return false;
	}
	return true;
}

bool semver_constraint_check(const struct semver_constraint *c, const struct semver *version)
{
	bool is_release = version->prerelease[0] == '\0' || c->include_prerelease;

	for (size_t i = 0; i < c->count; i++) {
		if ((is_release || c->groups[i].has_prerelease) &&
		    group_holds(&c->groups[i], version))
			return true;
	}
	return false;
}
