/*
 * Chart.lock: which versions the dependencies of a chart were resolved to.
 * Source: Helm 4.2.4 pkg/chart/v2/dependency.go (Lock), pkg/chart/v2/loader/load.go and
 * internal/resolver/resolver.go; reference helm.md 3.4 and 4.4.
 */
#ifndef BUILDER_CHART_LOCK_H
#define BUILDER_CHART_LOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "builder/chart_metadata.h"
#include "common/buf.h"
#include "common/digest.h"
#include "common/error.h"

/*
 * A list of dependencies, here and in chart_metadata, is what Go makes of it: items NULL where none
 * was written or it was null, which Go prints as null; a list without items that is not NULL is [].
 */
struct chart_lock {
	struct record_list dependencies; /* of struct chart_dependency; an item may be NULL */
	struct text digest;
	struct text
	    generated; /* as go_time_normalise() leaves it; GO_TIME_ZERO where it is absent */
};

#define CHART_LOCK_INIT                                                                            \
	{                                                                                          \
		.dependencies = {.items = NULL, .count = 0}, .digest = {.bytes = NULL},            \
		.generated = {                                                                     \
			.bytes = NULL                                                              \
		}                                                                                  \
	}

/**
 * chart_lock_parse(out, out_present, yaml, len, err): reads Chart.lock, or requirements.lock, as
 * Helm does at load time.
 *
 * yaml         the file without a UTF-8 byte order mark. Untrusted.
 * out_present  false for a file that is empty or null: Helm takes it as if there were none, and
 *              packs none; out is then empty. Of Chart.lock and requirements.lock of one chart the
 *              second one counts, present or not, as it comes later in the order of names.
 * Returns 0 and out to be released with chart_lock_release(), or -1 with err set, the line named,
 * and out empty: ERR_CHART for bad YAML, no map, a field of the wrong kind, a time that Go does not
 * read; ERR_LIMIT and ERR_UNSUPPORTED as yaml_value_parse(). Unknown fields are passed over. As in
 * Helm nothing is checked or sanitised: neither that the digest is one, nor that dependencies have
 * names, nor that either fits Chart.yaml.
 */
int chart_lock_parse(struct chart_lock *out, bool *out_present, const char *yaml, size_t len,
    struct error *err) MUST_CHECK;
void chart_lock_release(struct chart_lock *lock);
#define auto_chart_lock __attribute__((cleanup(chart_lock_release)))

/**
 * chart_lock_write(out, lock, err): appends Chart.lock such that Helm, and chart_lock_parse(), load
 * from it what they load from Helm's own file: dependencies, digest, generated.
 *
 * lock      from chart_lock_parse(), or made anew: generated is then the text of a time, as
 *           timestamp_text() makes it.
 * Returns 0, or -1 with err set: ERR_CHART for what Helm loads but cannot write, and so does not
 * package: a time zone of 24 hours or more, control characters (DEL, C1 but NEL) and U+FFFE and
 * U+FFFF in a text; ERR_LIMIT over LIMIT_CONFIG_BYTES_MAX of content. Over out's cap: buf_check().
 * A NEL in a text and the sign of -0 in import-values stay, while Helm's way through JSON and YAML
 * makes a blank and 0 of them.
 */
int chart_lock_write(struct buf *out, const struct chart_lock *lock, struct error *err) MUST_CHECK;

/**
 * chart_lock_digest(out, requirements, locked, err): Helm's HashReq(): what the digest of a lock
 * has to be, as digest_text() prints it, for these dependencies of Chart.yaml and those of the
 * lock.
 *
 * requirements  have passed chart_rules_apply(). Helm takes them as they are after "@name" and
 *               "alias:name" in repository have been replaced by the repository's URL, which it
 *               cannot know in an enclave; this function replaces nothing.
 * locked        of a lock that was read; or as Helm resolves them anew: name, repository as above
 *               and version only.
 * ERR_LIMIT over LIMIT_CONFIG_BYTES_MAX of JSON. Pure.
 */
int chart_lock_digest(struct digest *out, const struct record_list *requirements,
    const struct record_list *locked, struct error *err) MUST_CHECK;

/** chart_lock_digest_v2(out, requirements, err): HashV2Req(): what Helm 2 recorded, and Helm takes
 * too for a chart of apiVersion v1. */
int chart_lock_digest_v2(
    struct digest *out, const struct record_list *requirements, struct error *err) MUST_CHECK;

#endif
