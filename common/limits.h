/*
 * Every limit on size, count, depth and time, with its unit in its name.
 *
 * They bound what hostile input can make us do; none is a tuning knob. Numbers follow design
 * formats.md (sections 1 and 9), Helm's own limits where a chart is meant, and the 4 MiB that
 * registries accept.
 */
#ifndef COMMON_LIMITS_H
#define COMMON_LIMITS_H

#define KIB 1024U
#define MIB (1024U * KIB)

/* The layout and its seal. */
#define LIMIT_SEAL_BYTES_MAX (4 * MIB)
#define LIMIT_SIGNATURE_BYTES_MAX 4096U
#define LIMIT_SIGNATURES_MAX 16U
#define LIMIT_OCI_LAYOUT_BYTES_MAX (4 * KIB)
#define LIMIT_INDEX_BYTES_MAX (4 * MIB)
#define LIMIT_INDEX_ENTRIES_MAX 16384U
#define LIMIT_INDEX_DEPTH_MAX 4U
#define LIMIT_MANIFEST_BYTES_MAX (4 * MIB)
#define LIMIT_MANIFEST_LAYERS_MAX 1000U
#define LIMIT_GRAPH_MANIFESTS_MAX 65536U
#define LIMIT_GRAPH_DESCRIPTORS_MAX 1000000U /* of all manifests together */
#define LIMIT_BLOB_BYTES_MAX (256ULL * 1024 * MIB)
#define LIMIT_CONFIG_BYTES_MAX (4 * MIB) /* Helm configs only; others are never parsed */
#define LIMIT_HASH_THREADS_MAX 8U
#define LIMIT_PROBLEMS_MAX 100U /* files named in a refusal, the rest is counted */
#define LIMIT_JSON_DEPTH_MAX 32U
#define LIMIT_JSON_CONTAINERS_MAX 131072U /* objects and arrays of one document */

/* Names. */
#define LIMIT_REPOSITORY_BYTES_MAX 255U
#define LIMIT_TAG_BYTES_MAX 128U
#define LIMIT_ORIGIN_BYTES_MAX 64U

/* Release signatures. */
#define LIMIT_RELEASE_CONTENT_BYTES_MAX (64 * KIB) /* what is signed */
#define LIMIT_RELEASE_BUNDLE_BYTES_MAX (256 * KIB)
#define LIMIT_RELEASE_KEYS_MAX 16U
#define LIMIT_RELEASE_CHECKS_MAX                                                                   \
	262144U /* of a signature against a key, in one delivery: seconds */

/* The trust directory. */
#define LIMIT_TRUST_FILE_BYTES_MAX (256 * KIB)
#define LIMIT_TRUST_FILES_MAX 64U
#define LIMIT_TRUST_KEYS_MAX 64U

/* The state directory. */
#define LIMIT_STATE_FILE_BYTES_MAX (4 * KIB)

/* Sealing in place. */
#define LIMIT_STRAY_FILES_MAX 65536U /* of a layout that belong to nothing in it */

/* Secret keys. */
#define LIMIT_KEY_FILE_BYTES_MAX (16 * KIB)
#define LIMIT_PASSPHRASE_BYTES_MAX 1024U

/* Charts. The 100 MiB and 5 MiB are Helm's (since 3.17.3): a total of 100 MiB is too much, 5 MiB is
 * not. */
#define LIMIT_CHART_CONTENT_BYTES_MAX (100 * MIB - 1)
#define LIMIT_CHART_FILE_BYTES_MAX (5 * MIB)
#define LIMIT_CHART_ARCHIVE_BYTES_MAX (101 * MIB)
#define LIMIT_CHART_TAR_BYTES_MAX (160 * MIB) /* content, headers and padding */
#define LIMIT_CHART_ENTRIES_MAX 20000U
#define LIMIT_CHART_PATH_BYTES_MAX 1024U
#define LIMIT_CHART_PATH_DEPTH_MAX 32U
#define LIMIT_CHARTS_MAX 4096U     /* in one delivery */
#define LIMIT_CHART_THREADS_MAX 8U /* each has one chart in memory */
#define LIMIT_PROVENANCE_BYTES_MAX (4 * MIB)
#define LIMIT_SUBCHART_LEVELS_MAX 16U            /* of charts in charts/, the first included */
#define LIMIT_SUBCHART_TAR_BYTES_MAX (160 * MIB) /* of all archives in charts/, unpacked */
#define LIMIT_VALUES_DOCUMENTS_MAX 1000U
#define LIMIT_YAML_BYTES_MAX (1 * MIB)
#define LIMIT_YAML_DEPTH_MAX 64U
#define LIMIT_YAML_NODES_MAX 100000U /* after aliases are followed */
#define LIMIT_VERSION_BYTES_MAX 256U
#define LIMIT_CONSTRAINT_BYTES_MAX 512U /* as in Helm, both */
#define LIMIT_CONSTRAINT_GROUPS_MAX 32U
#define LIMIT_DEPENDENCY_ENTRIES_MAX 16384U /* of one directory that charts are looked for in */
#define LIMIT_DEPENDENCY_BYTES_MAX (16ULL * 1024 * MIB) /* of all archives there, unpacked */
#define LIMIT_HELMIGNORE_BYTES_MAX (256 * KIB)
#define LIMIT_HELMIGNORE_STEPS_MAX 1000000000ULL /* of matching, all paths together: seconds */

/* The registry. */
#define LIMIT_REFERRER_PAGES_MAX 64U /* of one list that a registry gives */
#define LIMIT_MERGES_MAX 8U          /* of one tag that others write too */
#define LIMIT_ETAG_LEN_MAX 256U
#define LIMIT_LOOK_AGE_MS_MAX 2000 /* of what was seen of a tag, when it is put */
#define LIMIT_TAGS_AT_ONCE_MAX 10U /* that a registry should take in one request */
#define LIMIT_RESPONSE_BODY_BYTES_MAX (4 * MIB)
#define LIMIT_ERROR_BODY_BYTES_MAX (64 * KIB)
#define LIMIT_HEADER_BYTES_MAX (256 * KIB)
#define LIMIT_HEADER_LINES_MAX 1000U /* each is looked for among all of them */
#define LIMIT_CONNECT_TIMEOUT_MS 10000L
#define LIMIT_IDLE_TIMEOUT_S 60L
#define LIMIT_IDLE_BYTES_PER_S 100L /* slower than this for that long is idle */
#define LIMIT_ANSWER_MS                                                                            \
	300000L /* from an answer's first line to its end; and for all of a request                \
		   whose own body is not above LIMIT_HTTP2_BODY_BYTES_MAX */
#define LIMIT_RETRY_AFTER_S_MAX 600 /* obeyed without a --deadline */
#define LIMIT_RETRIES_MAX 100U
#define LIMIT_JOBS_MAX 64U
#define LIMIT_CHUNK_BYTES_MIN (64 * KIB)
#define LIMIT_CHUNK_BYTES_MAX (1024 * MIB)
#define LIMIT_UPLOAD_CANCEL_MS 2000            /* for closing what was begun, after a signal */
#define LIMIT_HTTP2_BODY_BYTES_MAX (256 * KIB) /* longer ones go over HTTP/1.1 */
#define LIMIT_HTTP2_FAILURES_MAX 2U /* of streams, before nothing goes over HTTP/2 any more */
#define LIMIT_PASSWORD_BYTES_MAX (64 * KIB)
#define LIMIT_CHALLENGE_BYTES_MAX (16 * KIB) /* all WWW-Authenticate headers of an answer */
#define LIMIT_TOKEN_BYTES_MAX (64 * KIB)     /* of any token that is sent in a header */
#define LIMIT_TOKEN_ANSWER_BYTES_MAX (1 * MIB)
#define LIMIT_TOKEN_LIFE_S (24 * 3600U)         /* renewed at least that often, whatever is said */
#define LIMIT_TOKENS_MAX 64U                    /* kept at a time, one for each repository */
#define LIMIT_SCOPES_MAX 8U                     /* of one token */
#define LIMIT_CREDENTIALS_BYTES_MAX (1 * MIB)   /* of one file of credentials */
#define LIMIT_CERTIFICATE_FILES_MAX 256U        /* of one directory: *.crt, *.cert, *.key */
#define LIMIT_CERTIFICATE_HOSTS_MAX 16U         /* that a registry names */
#define LIMIT_CERTIFICATE_BYTES_MAX (256 * KIB) /* of a client certificate, and of its key */
#define LIMIT_AUTHORITIES_BYTES_MAX (4 * MIB)   /* of all that count for one host */
#define LIMIT_HELPER_ANSWER_BYTES_MAX (64 * KIB)
#define LIMIT_HELPER_TIME_MS 10000

/* The command line. */
#define LIMIT_OPTION_REPEATS_MAX 64U /* of one option that may be repeated */

/* Copying between files and sockets: memory does not grow with a blob. */
#define LIMIT_COPY_BUFFER_BYTES (256 * KIB)

#endif
