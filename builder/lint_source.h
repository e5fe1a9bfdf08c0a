/*
 * What lint reads of a chart, directory or archive; what cannot be read does not keep it from
 * judging the rest.
 */
#ifndef BUILDER_LINT_SOURCE_H
#define BUILDER_LINT_SOURCE_H

#include <stdbool.h>

#include "builder/chart_files.h"
#include "common/limits.h"

/** What a path of a chart leads to. */
enum lint_kind { LINT_ABSENT, LINT_FILE, LINT_DIRECTORY };

struct lint_source {
	bool is_archive;
	bool is_unpacked; /* of an archive: it could be, so that there is something to judge */
	enum lint_kind chart_yaml;
	enum lint_kind values;
	enum lint_kind templates;
	enum lint_kind crds;
	struct buf chart_yaml_content;
	struct buf values_content;
	bool is_readable;         /* all files could be read; else load_error says why not */
	struct chart_files files; /* sorted */
	struct error load_error;
	struct buf archive;    /* the .tgz */
	struct buf provenance; /* of PATH.prov; empty where there is none */
};

/**
 * lint_source_read(out, path, err): reads the chart at path, the operator's: a link at its end is
 * followed. Returns 0, or -1 with ERR_SYSTEM where path cannot be opened, ERR_CHART where it is
 * neither a directory nor a regular file. Release with lint_source_release(), also then.
 */
int lint_source_read(struct lint_source *out, const char *path, struct error *err) MUST_CHECK;
void lint_source_init(struct lint_source *s);
void lint_source_release(struct lint_source *s);
#define auto_lint_source __attribute__((cleanup(lint_source_release)))

/**
 * lint_source_unpack(out, tgz, len, err): the files of an archive, sorted, without byte order
 * marks. Refuses what chart_archive_read() refuses. Release out with chart_files_release(), also
 * then.
 */
int lint_source_unpack(
    struct chart_files *out, const char *tgz, size_t len, struct error *err) MUST_CHECK;

#endif
