#include "builder/dependency_update.h"

#include <errno.h>
#include <string.h>

#include "builder/chart_lock.h"
#include "builder/chart_tree.h"
#include "builder/dependency_directory.h"
#include "builder/dependency_missing.h"
#include "builder/semver_constraint.h"
#include "common/limits.h"
#include "common/timestamp.h"

/* What one dependency comes down to. */
struct resolution {
	const struct chart_dependency *dependency; /* borrowed from the tree */
	const struct chart_tree *present;          /* borrowed from it too; NULL: to be added */
	struct text version;
	struct buf archive; /* of what is to be added */
};

struct update {
	const char *path;
	const struct dependency_sources *sources;
	struct chart_tree tree;
	struct resolution *resolutions; /* owned; one for each dependency */
	size_t count;
	struct dependency_missing missing;
	struct error *err;
};

static void update_release(struct update *u)
{
	for (size_t i = 0; i < u->count; i++) {
		text_release(&u->resolutions[i].version);
		buf_release(&u->resolutions[i].archive);
	}
	free(u->resolutions);
	chart_tree_release(&u->tree);
	dependency_missing_release(&u->missing);
}
#define auto_update __attribute__((cleanup(update_release)))

static bool is_archive(const struct chart_tree *subchart)
{
	return subchart->unpacked.count != 0;
}

static int admits(const struct version_demand *d, const struct text *version, bool *out_admitted,
    struct semver *out_parsed, struct error *err)
{
	*out_admitted = false;
	if (semver_parse(out_parsed, text_string(version), version->len, err) != 0)
		return error_recode(err, ERR_CHART);
	*out_admitted = version_demand_admits(d, version, out_parsed);
	return 0;
}

/* The highest one in charts/. A directory there that does not do cannot be replaced: taking a
 * person's files out of a package is more than they asked for. */
static int find_present(struct update *u, struct resolution *r, const struct version_demand *d,
    struct versions_seen *seen)
{
	const struct chart_tree *unfit = NULL;
	struct semver best, version;
	bool admitted;

	for (size_t i = 0; i < u->tree.subchart_count; i++) {
		const struct chart_tree *s = u->tree.subcharts[i];
		if (text_compare(&s->metadata.name, &r->dependency->name) != 0)
			continue;
		if (admits(d, &s->metadata.version, &admitted, &version, u->err) != 0)
			return -1;
		if (!admitted) {
			versions_seen_add(seen, &s->metadata.version);
			unfit = is_archive(s) ? unfit : s;
		} else if (r->present == NULL || semver_compare(&version, &best) > 0) {
			r->present = s;
			best = version;
		}
	}
	if (r->present == NULL && unfit != NULL)
		return error_set(u->err, ERR_CHART,
		    "charts/%s: has the version '%s' of '%s', but wanted is '%s'", unfit->place,
		    text_string(&unfit->metadata.version), text_string(&r->dependency->name),
		    text_string(&r->dependency->version));
	return 0;
}

/* *out_found: false where the directory is not there, or holds a version that does not do. */
static int find_directory(struct update *u, struct resolution *r, const struct version_demand *d,
    struct versions_seen *seen, bool *out_found)
{
	const struct text *repository = &r->dependency->repository;
	const struct dependency_check *check = &u->sources->check;
	auto_free char *path = dependency_directory_path(u->path, text_string(repository));
	auto_dependency_chart struct dependency_chart chart;
	struct error fault = ERROR_INIT;
	struct semver version;

	*out_found = false;
	dependency_chart_init(&chart);
	if (check->judge != NULL && check->judge(check->context, path, u->err) != 0)
		return -1;
	if (dependency_directory_pack(&chart, path, 0, u->sources->time, &fault) != 0) {
		if (fault.code == ERR_SYSTEM && fault.sys_errno == ENOENT)
			return 0;
		*u->err = fault;
		return -1;
	}
	if (text_compare(&chart.name, &r->dependency->name) != 0)
		return error_set(u->err, ERR_CHART, "%s: the chart there is '%s'",
		    text_string(repository), text_string(&chart.name));
	if (admits(d, &chart.version, out_found, &version, u->err) != 0)
		return -1;
	if (!*out_found) {
		versions_seen_add(seen, &chart.version);
		return 0;
	}
	text_set(&r->version, text_string(&chart.version), chart.version.len);
	r->archive = chart.archive;
	chart.archive = (struct buf)BUF_INIT(0);
	return 0;
}

static int find_in_pool(struct update *u, struct resolution *r, const struct version_demand *d,
    struct versions_seen *seen, bool *out_found)
{
	const struct chart_pool *pool = u->sources->pool;
	const struct pool_chart *chosen;

	if (chart_pool_choose(pool, &chosen, &r->dependency->name, d, u->err) != 0)
		return -1;
	*out_found = chosen != NULL;
	if (*out_found) {
		text_set(&r->version, text_string(&chosen->version), chosen->version.len);
		return chart_pool_archive(&r->archive, chosen, u->sources->time, u->err);
	}
	for (size_t i = 0; i < pool->count; i++) {
		if (pool->items[i].fault == NULL &&
		    text_compare(&pool->items[i].name, &r->dependency->name) == 0)
			versions_seen_add(seen, &pool->items[i].version);
	}
	return 0;
}

static int find_source(struct update *u, struct resolution *r, const struct version_demand *d,
    struct versions_seen *seen, bool *out_found)
{
	const struct text *repository = &r->dependency->repository;

	*out_found = false;
	if (repository->len == 0)
		return 0;
	if (strncmp(text_string(repository), DEPENDENCY_FILE_SCHEME,
		strlen(DEPENDENCY_FILE_SCHEME)) == 0)
		return find_directory(u, r, d, seen, out_found);
	return find_in_pool(u, r, d, seen, out_found);
}

/* A dependency without a repository is locked with its constraint, as in Helm. */
static void take_present_version(struct resolution *r)
{
	const struct text *version = r->dependency->repository.len != 0
					 ? &r->present->metadata.version
					 : &r->dependency->version;

	text_set(&r->version, text_string(version), version->len);
}

static int resolve(struct update *u, struct resolution *r)
{
	auto_version_demand struct version_demand d = VERSION_DEMAND_INIT;
	auto_versions_seen struct versions_seen seen;
	bool found;

	versions_seen_init(&seen);
	if (version_demand_parse(&d, r->dependency, u->err) != 0)
		return error_recode(u->err, ERR_CHART);
	if (find_present(u, r, &d, &seen) != 0)
		return -1;
	if (r->present != NULL) {
		take_present_version(r);
		return 0;
	}
	if (find_source(u, r, &d, &seen, &found) != 0)
		return -1;
	if (!found)
		dependency_missing_add(&u->missing, r->dependency, &seen);
	return 0;
}

static int resolve_all(struct update *u)
{
	const struct record_list *dependencies = &u->tree.metadata.dependencies;

	u->resolutions = mem_zalloc(dependencies->count + 1, sizeof(*u->resolutions));
	for (; u->count < dependencies->count; u->count++) {
		u->resolutions[u->count].dependency = dependencies->items[u->count];
		u->resolutions[u->count].archive =
		    (struct buf)BUF_INIT(LIMIT_CHART_ARCHIVE_BYTES_MAX);
	}
	for (size_t i = 0; i < u->count; i++) {
		const struct chart_dependency *d = u->resolutions[i].dependency;
		if (resolve(u, &u->resolutions[i]) != 0)
			return error_prefix(u->err, "dependency '%s'", text_string(&d->name));
	}
	return dependency_missing_check(&u->missing, u->err);
}

static const struct text *version_of(const struct resolution *r)
{
	return r->present != NULL ? &r->present->metadata.version : &r->version;
}

/* `helm package` puts both into charts/NAME of one archive, over each other. */
static int check_names(const struct update *u)
{
	for (size_t i = 1; i < u->count; i++) {
		const struct resolution *b = &u->resolutions[i];
		for (size_t k = 0; k < i; k++) {
			const struct resolution *a = &u->resolutions[k];
			if (text_compare(&a->dependency->name, &b->dependency->name) != 0 ||
			    text_compare(version_of(a), version_of(b)) == 0)
				continue;
			return error_set(u->err, ERR_CHART,
			    "dependency '%s': '%s' and '%s' are wanted together, and a package "
			    "can hold one chart of a name",
			    text_string(&a->dependency->name), text_string(version_of(a)),
			    text_string(version_of(b)));
		}
	}
	return 0;
}

static bool is_kept(const struct update *u, const struct chart_tree *subchart)
{
	for (size_t i = 0; i < u->count; i++) {
		const struct resolution *r = &u->resolutions[i];
		if (r->present == subchart ||
		    (r->dependency->repository.len == 0 &&
			text_compare(&r->dependency->name, &subchart->metadata.name) == 0))
			return true;
	}
	return false;
}

static void drop_archive(struct chart_files *files, const struct chart_tree *subchart)
{
	auto_free char *path = mem_printf("charts/%s", subchart->place);

	chart_files_remove(files, path);
}

static void drop_outdated(const struct update *u, struct chart_files *files)
{
	for (size_t i = 0; i < u->tree.subchart_count; i++) {
		const struct chart_tree *s = u->tree.subcharts[i];
		if (is_archive(s) && !is_kept(u, s))
			drop_archive(files, s);
	}
}

static bool is_added(const struct update *u, size_t before, const struct text *name)
{
	for (size_t i = 0; i < before; i++) {
		if (u->resolutions[i].present == NULL &&
		    text_compare(&u->resolutions[i].dependency->name, name) == 0)
			return true;
	}
	return false;
}

static void add_archive(struct chart_files *files, struct resolution *r)
{
	auto_free char *path = mem_printf(
	    "charts/%s-%s.tgz", text_string(&r->dependency->name), text_string(&r->version));

	chart_files_put(files, &path, &r->archive);
}

static void add_archives(struct update *u, struct chart_files *files)
{
	for (size_t i = 0; i < u->count; i++) {
		struct resolution *r = &u->resolutions[i];
		if (r->present == NULL && !is_added(u, i, &r->dependency->name))
			add_archive(files, r);
	}
}

static void copy(struct text *to, const struct text *from)
{
	text_set(to, text_string(from), from->len);
}

static void lock_resolutions(const struct update *u, struct chart_lock *lock)
{
	struct record_list *list = &lock->dependencies;

	list->items = mem_zalloc(u->count + 1, sizeof(*list->items));
	for (; list->count < u->count; list->count++) {
		const struct resolution *r = &u->resolutions[list->count];
		struct chart_dependency *d = mem_zalloc(1, sizeof(*d));
		copy(&d->name, &r->dependency->name);
		copy(&d->repository, &r->dependency->repository);
		copy(&d->version, &r->version);
		list->items[list->count] = d;
	}
}

static int write_lock(const struct update *u, const struct chart_lock *lock, struct buf *out)
{
	if (chart_lock_write(out, lock, u->err) != 0)
		return -1;
	return buf_check(out, "the lock", u->err);
}

static void put_lock_file(const struct update *u, struct chart_files *files, struct buf *yaml)
{
	bool is_v1 = text_is(&u->tree.metadata.api_version, "v1");
	auto_free char *path = mem_strdup(is_v1 ? "requirements.lock" : "Chart.lock");

	chart_files_put(files, &path, yaml);
}

static int put_lock(const struct update *u, struct chart_files *files)
{
	auto_chart_lock struct chart_lock lock = CHART_LOCK_INIT;
	auto_buf struct buf yaml = BUF_INIT(LIMIT_YAML_BYTES_MAX);
	char generated[TIMESTAMP_TEXT_LEN + 1];
	char text[DIGEST_TEXT_LEN + 1];
	struct digest digest;

	lock_resolutions(u, &lock);
	if (chart_lock_digest(
		&digest, &u->tree.metadata.dependencies, &lock.dependencies, u->err) != 0)
		return -1;
	digest_text(text, &digest);
	if (u->tree.has_lock && text_is(&u->tree.lock.digest, text))
		return 0;
	timestamp_text(generated, u->sources->time);
	text_set(&lock.digest, text, strlen(text));
	text_set(&lock.generated, generated, strlen(generated));
	if (write_lock(u, &lock, &yaml) != 0)
		return -1;
	put_lock_file(u, files, &yaml);
	return 0;
}

int dependency_update(struct chart_files *files, const char *path,
    const struct dependency_sources *sources, struct error *err)
{
	auto_update struct update u = {.path = path, .sources = sources, .err = err};

	chart_tree_init(&u.tree);
	dependency_missing_init(&u.missing);
	if (chart_tree_load(&u.tree, files, CHART_SOURCE_DIRECTORY, err) != 0)
		return -1;
	if (u.tree.metadata.dependencies.items == NULL)
		return 0;
	if (resolve_all(&u) != 0 || check_names(&u) != 0)
		return -1;
	/* From here on the tree must not look into its files: those it borrowed go away. */
	drop_outdated(&u, files);
	add_archives(&u, files);
	return put_lock(&u, files);
}
