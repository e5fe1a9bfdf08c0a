/*
 * Media types and annotation keys, as constants.
 * Sources: OCI image-spec 1.1 media-types.md and annotations.md; Helm pkg/registry/constants.go;
 * cosign pkg/types/media.go and pkg/oci/layout; design formats.md 1.1.
 */
#ifndef COMMON_MEDIA_TYPE_H
#define COMMON_MEDIA_TYPE_H

#define MEDIA_TYPE_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_TYPE_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_TYPE_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_TYPE_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"

#define MEDIA_TYPE_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_TYPE_OCI_EMPTY "application/vnd.oci.empty.v1+json"

/* Signatures that clusters check: reference signing.md 2.3 and 2.4. */
#define MEDIA_TYPE_BUNDLE "application/vnd.dev.sigstore.bundle.v0.3+json"
#define MEDIA_TYPE_SIMPLE_SIGNING "application/vnd.dev.cosign.simplesigning.v1+json"

#define MEDIA_TYPE_HELM_CONFIG "application/vnd.cncf.helm.config.v1+json"
#define MEDIA_TYPE_HELM_CHART "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
#define MEDIA_TYPE_HELM_PROVENANCE "application/vnd.cncf.helm.chart.provenance.v1.prov"

#define ANNOTATION_REF_NAME "org.opencontainers.image.ref.name"
/* Read by cosign verify --local-image: reference signing.md 2.5. */
#define ANNOTATION_KIND "kind"
#define COSIGN_KIND_IMAGE "dev.cosignproject.cosign/image"
#define COSIGN_KIND_SIGNATURES "dev.cosignproject.cosign/sigs"
#define ANNOTATION_CREATED "org.opencontainers.image.created"

#define ANNOTATION_SALLYPORT_PREFIX "dev.sallyport."
#define ANNOTATION_REPOSITORY "dev.sallyport.repository"
#define ANNOTATION_TAG "dev.sallyport.tag"
#define ANNOTATION_ORIGIN "dev.sallyport.origin"
#define ANNOTATION_DESTINATION "dev.sallyport.destination"
#define ANNOTATION_SEQUENCE "dev.sallyport.sequence"
#define ANNOTATION_PREVIOUS "dev.sallyport.previous"
#define ANNOTATION_NOT_AFTER "dev.sallyport.not-after"

#endif
