#include "builder/lint_files.h"
#include "builder/provenance.h"

void lint_provenance(struct lint_findings *out, const struct lint_source *source, const char *name)
{
	auto_free char *path = mem_printf("%s.prov", name);
	struct digest digest;
	char actual[DIGEST_TEXT_LEN + 1];
	char recorded[DIGEST_TEXT_LEN + 1];

	if (source->provenance.len == 0)
		return;
	digest_of(&digest, buf_text(&source->archive), source->archive.len);
	digest_text(actual, &digest);
	switch (provenance_judge(&source->provenance, name, &digest, recorded)) {
	case PROVENANCE_MATCHES:
		return;
	case PROVENANCE_UNREADABLE:
		lint_add(out, LINT_ERROR, path, 0, "not the provenance of a chart");
		return;
	case PROVENANCE_UNNAMED:
		lint_add(out, LINT_ERROR, path, 0,
		    "provenance does not contain a SHA for a file named '%s'", name);
		return;
	case PROVENANCE_DIFFERS:
		lint_add(out, LINT_ERROR, path, 0,
		    "sha256 sum does not match: the provenance says '%s', the archive has '%s'",
		    recorded, actual);
	}
}
