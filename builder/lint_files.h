/*
 * The rules of `helm lint` for the files beside Chart.yaml.
 * Source: Helm 4.2.4 pkg/chart/v2/lint/rules/{values,template,dependencies,crds}.go; reference
 * helm.md 6.
 */
#ifndef BUILDER_LINT_FILES_H
#define BUILDER_LINT_FILES_H

#include "builder/lint.h"
#include "builder/lint_source.h"

/**
 * lint_files(out, source): values.yaml, templates/, what the loader refuses, dependencies and CRDs.
 * Nothing is rendered, and no schema is evaluated: a schema may name files and hosts to fetch.
 */
void lint_files(struct lint_findings *out, const struct lint_source *source);

/** lint_crd(out, path, bytes, len): one file of crds/, all its documents. Pure. */
void lint_crd(struct lint_findings *out, const char *path, const char *bytes, size_t len);

/**
 * lint_provenance(out, source, name): whether the .prov beside an archive names this archive; our
 * own rule. name: the archive's file name, without directories.
 */
void lint_provenance(struct lint_findings *out, const struct lint_source *source, const char *name);

#endif
