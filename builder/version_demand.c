#include "builder/version_demand.h"

#include <string.h>

#define OCI_SCHEME "oci://"

int version_demand_parse(
    struct version_demand *out, const struct chart_dependency *dependency, struct error *err)
{
	const struct text *version = &dependency->version;
	const char *repository = text_string(&dependency->repository);
	struct error not_one = ERROR_INIT;
	struct semver parsed;

	*out = (struct version_demand)VERSION_DEMAND_INIT;
	if (semver_constraint_parse(&out->constraint, text_string(version), version->len, err) != 0)
		return -1;
	if (strncmp(repository, OCI_SCHEME, strlen(OCI_SCHEME)) != 0)
		return 0;
	if (semver_parse(&parsed, text_string(version), version->len, &not_one) == 0)
		out->tag = version;
	else
		out->only_strict = true;
	return 0;
}

void version_demand_release(struct version_demand *d)
{
	semver_constraint_release(&d->constraint);
}

bool version_demand_admits(
    const struct version_demand *d, const struct text *version, const struct semver *parsed)
{
	struct error not_one = ERROR_INIT;
	struct semver strict;

	if (d->tag != NULL && text_compare(d->tag, version) != 0)
		return false;
	if (d->only_strict &&
	    semver_parse_strict(&strict, text_string(version), version->len, &not_one) != 0)
		return false;
	return semver_constraint_check(&d->constraint, parsed);
}
