#include <string.h>

#include <jansson.h>

#include "builder/commands.h"
#include "builder/lint_chart_yaml.h"
#include "builder/lint_files.h"
#include "common/limits.h"
#include "common/printable.h"

static const char help[] =
    "usage: builder lint CHART... [OPTION]...\n"
    "\n"
    "Tells what is wrong with charts, directories or .tgz: the checks of helm lint\n"
    "that need no rendering, and some of its own. Schemas are not evaluated, for they\n"
    "may name files and hosts to fetch.\n"
    "\n"
    "      --strict             fail on warnings too\n"
    "      --json               the findings as JSON on stdout\n"
    "  -q, --quiet              print only what makes it fail\n"
    "  -v, --verbose            accepted; lint has nothing more to say\n"
    "\n"
    "Exit status: 0, or 3 where something makes it fail.\n";

struct lint_run {
	enum lint_severity fails_from; /* the least severity that makes a chart fail */
	bool quiet;
	json_t *charts; /* borrowed from the result */
	size_t failed_count;
	size_t totals[LINT_SEVERITY_COUNT];
};

/* Text from a chart, which need not be UTF-8, as a JSON string. */
static json_t *any_string(const char *text)
{
	json_t *plain = json_string(text);

	if (plain != NULL)
		return plain;
	auto_buf struct buf escaped = BUF_INIT(16 * MIB);
	printable_put(&escaped, text, strlen(text));
	return json_string(buf_text(&escaped));
}

static void put_text(struct buf *b, const char *text)
{
	printable_put(b, text, strlen(text));
}

static void put_finding(struct buf *b, const struct lint_finding *f)
{
	static const char *const names[LINT_SEVERITY_COUNT] = {"INFO", "WARNING", "ERROR"};

	buf_printf(b, "[%s] ", names[f->severity]);
	put_text(b, f->path);
	buf_puts(b, f->path[0] != '\0' ? ": " : "");
	if (f->line != 0)
		buf_printf(b, "line %zu: ", f->line);
	put_text(b, f->message);
	buf_putc(b, '\n');
}

static json_t *finding_json(const struct lint_finding *f)
{
	json_t *object = json_object();

	(void)json_object_set_new(object, "severity", json_string(lint_severity_name(f->severity)));
	(void)json_object_set_new(object, "path", any_string(f->path));
	if (f->line != 0)
		(void)json_object_set_new(object, "line", json_integer((json_int_t)f->line));
	(void)json_object_set_new(object, "message", any_string(f->message));
	return object;
}

static void report_text(const struct lint_run *run, const char *path,
    const struct lint_findings *findings, bool failed, struct buf *text)
{
	size_t total = 0;

	if (run->quiet && !failed)
		return;
	buf_puts(text, "==> Linting ");
	put_text(text, path);
	buf_putc(text, '\n');
	for (size_t i = 0; i < findings->count; i++) {
		if (!run->quiet || findings->items[i].severity >= run->fails_from)
			put_finding(text, &findings->items[i]);
	}
	for (size_t i = 0; i < LINT_SEVERITY_COUNT; i++)
		total += findings->totals[i];
	if (total > findings->count)
		buf_printf(text, "and %zu more\n", total - findings->count);
	buf_putc(text, '\n');
}

static void report(struct lint_run *run, const char *path, const struct lint_findings *findings,
    struct command_result *out)
{
	json_t *chart = json_object();
	json_t *list = json_array();
	bool failed = false;

	for (size_t i = 0; i < LINT_SEVERITY_COUNT; i++) {
		run->totals[i] += findings->totals[i];
		failed = failed || (i >= run->fails_from && findings->totals[i] != 0);
	}
	run->failed_count += failed;
	report_text(run, path, findings, failed, &out->text);
	for (size_t i = 0; i < findings->count; i++)
		(void)json_array_append_new(list, finding_json(&findings->items[i]));
	(void)json_object_set_new(chart, "path", any_string(path));
	(void)json_object_set_new(chart, "findings", list);
	(void)json_array_append_new(run->charts, chart);
}

static int lint(struct lint_findings *out, const char *path, struct error *err)
{
	auto_lint_source struct lint_source source;
	const char *slash = strrchr(path, '/');

	lint_source_init(&source);
	if (lint_source_read(&source, path, err) != 0)
		return error_prefix(err, "chart '%s'", path);
	if (source.is_archive && !source.is_unpacked) {
		lint_add_error(out, LINT_ERROR, "", 0, "unable to load chart", &source.load_error);
		return 0;
	}
	if (source.chart_yaml == LINT_ABSENT) {
		lint_add(out, LINT_ERROR, "Chart.yaml", 0,
		    "unable to check Chart.yaml file in chart: it does not exist");
		return 0;
	}
	if (source.chart_yaml == LINT_DIRECTORY)
		lint_add(out, LINT_ERROR, "Chart.yaml", 0, "should be a file, not a directory");
	else
		lint_chart_yaml(
		    out, buf_text(&source.chart_yaml_content), source.chart_yaml_content.len);
	lint_files(out, &source);
	lint_provenance(out, &source, slash != NULL ? slash + 1 : path);
	return 0;
}

static int lint_all(
    struct lint_run *run, char **paths, size_t count, struct command_result *out, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		auto_lint_findings struct lint_findings findings = LINT_FINDINGS_INIT;

		if (lint(&findings, paths[i], err) != 0)
			return -1;
		report(run, paths[i], &findings, out);
	}
	if (!run->quiet)
		buf_printf(&out->text, "%zu chart(s) linted, %zu chart(s) failed\n", count,
		    run->failed_count);
	(void)json_object_set_new(
	    out->json, "errors", json_integer((json_int_t)run->totals[LINT_ERROR]));
	(void)json_object_set_new(
	    out->json, "warnings", json_integer((json_int_t)run->totals[LINT_WARNING]));
	out->is_finding = run->failed_count != 0;
	if (run->failed_count == 0)
		return 0;
	return error_set(err, ERR_CHART, "%zu of %zu charts failed", run->failed_count, count);
}

static int run(const struct command *self, int argc, char **argv, struct command_result *out,
    struct error *err)
{
	struct common_options common = {0};
	bool strict = false;
	const struct option_spec specs[] = {
	    {.name = "strict", .flag = &strict},
	    COMMON_OPTION_SPECS(&common),
	};
	int first;

	if (options_parse(specs, sizeof(specs) / sizeof(specs[0]), argc, argv, "builder lint",
		&first, err) != 0)
		return -1;
	if (first == argc)
		return command_usage(self, "builder", err, "no CHART is given");
	if ((unsigned)(argc - first) > LIMIT_CHARTS_MAX)
		return command_usage(self, "builder", err, "more than %u charts", LIMIT_CHARTS_MAX);
	struct lint_run all = {.fails_from = strict ? LINT_WARNING : LINT_ERROR,
	    .quiet = common.quiet,
	    .charts = json_array()};
	out->json = json_object();
	(void)json_object_set_new(out->json, "charts", all.charts);
	return lint_all(&all, argv + first, (size_t)(argc - first), out, err);
}

const struct command command_lint = {.name = "lint", .help = help, .run = run};
