/*
 * Charts that depend on each other, written into a directory of a test's own.
 */
#ifndef TESTS_UNIT_BUILDER_DEPENDENCY_FIXTURE_H
#define TESTS_UNIT_BUILDER_DEPENDENCY_FIXTURE_H

#include "builder/dependency_directory.h"
#include "tests/unit/temp_dir.h"

/** fixture_chart(t, path, name, version, rest): a chart directory; rest is more of Chart.yaml. */
static inline void fixture_chart(const struct temp_dir *t, const char *path, const char *name,
    const char *version, const char *rest)
{
	auto_free char *file = mem_printf("%s/Chart.yaml", path);
	auto_free char *yaml =
	    mem_printf("apiVersion: v2\nname: %s\nversion: \"%s\"\n%s", name, version, rest);

	temp_mkdir(t->fd, path);
	temp_puts(t->fd, file, yaml);
}

/** fixture_archive(t, path, name, version, rest): the same packed. */
static inline void fixture_archive(const struct temp_dir *t, const char *path, const char *name,
    const char *version, const char *rest)
{
	auto_dependency_chart struct dependency_chart chart;
	auto_free char *directory = temp_path(t, "fixture");
	auto_free char *file = temp_path(t, "fixture/Chart.yaml");
	struct error err = ERROR_INIT;

	dependency_chart_init(&chart);
	fixture_chart(t, "fixture", name, version, rest);
	expect_ok(dependency_directory_pack(&chart, directory, 0, 0, &err), &err);
	temp_write(t->fd, path, buf_text(&chart.archive), chart.archive.len);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(directory), 0);
}

#endif
