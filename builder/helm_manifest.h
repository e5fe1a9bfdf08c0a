/*
 * The config and manifest that `helm push` would send for a chart, byte for byte.
 * Source: reference helm.md 1.1 to 1.4; Helm pkg/registry/client.go and chart.go.
 */
#ifndef BUILDER_HELM_MANIFEST_H
#define BUILDER_HELM_MANIFEST_H

#include "builder/chart.h"
#include "common/digest.h"

struct helm_manifest {
	struct buf config;   /* JSON */
	struct buf manifest; /* JSON; its media type is OCI's image manifest */
	struct digest config_digest;
	struct digest manifest_digest;
	struct digest archive_digest;
	struct digest provenance_digest; /* where the chart has one */
	char *repository;                /* owned: the chart's name, a valid repository name */
	char *tag;                       /* owned: its version with "+" as "_", a valid tag */
};

/**
 * helm_manifest_make(out, chart, created, err): created is the value of
 * org.opencontainers.image.created, NULL for none; copied as given. ERR_CHART where the name or
 * version cannot be a repository or a tag (such a chart could never be pushed), ERR_LIMIT. Release
 * with helm_manifest_release(), also after a failure.
 */
int helm_manifest_make(struct helm_manifest *out, const struct chart *chart, const char *created,
    struct error *err) MUST_CHECK;
void helm_manifest_init(struct helm_manifest *m);
void helm_manifest_release(struct helm_manifest *m);
#define auto_helm_manifest __attribute__((cleanup(helm_manifest_release)))

#endif
