#include <fcntl.h>
#include <ftw.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cmocka.h>

#include "builder/chart.h"
#include "builder/chart_archive.h"
#include "builder/gunzip.h"
#include "common/limits.h"

static const struct chart_packing PACKING = {.mtime = 0};

/* A chart directory below a temporary one, which is also where archives go. */
struct place {
	char root[32];
};

static int set_up(void **state)
{
	struct place *p = mem_zalloc(1, sizeof(*p));

	(void)snprintf(p->root, sizeof(p->root), "/tmp/chart-unit-XXXXXX");
	assert_non_null(mkdtemp(p->root));
	*state = p;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	struct place *p = *state;

	(void)nftw(p->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(p);
	return 0;
}

static char *path_of(const struct place *p, const char *name)
{
	return mem_printf("%s/%s", p->root, name);
}

static void put_bytes(const struct place *p, const char *name, const char *bytes, size_t len)
{
	auto_free char *path = path_of(p, name);

	for (char *slash = strchr(path + strlen(p->root) + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0755);
		*slash = '/';
	}
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void put(const struct place *p, const char *name, const char *text)
{
	put_bytes(p, name, text, strlen(text));
}

static void put_chart(const struct place *p)
{
	put(p, "c/Chart.yaml",
	    "# a comment\nname: demo\nversion: 1.2.3\napiVersion: v2\nunknown: x\n");
	put(p, "c/values.yaml", "\xEF\xBB\xBFx: y\n");
	put(p, "c/templates/gr\xC3\xBC\xC3\x9F.yaml", "z");
	put(p, "c/templates.txt", "");
	put(p, "c/README", "read");
}

static void load(
    struct chart *c, const struct place *p, const char *name, const struct chart_packing *packing)
{
	auto_free char *path = path_of(p, name);
	struct error err = ERROR_INIT;

	if (chart_load(c, path, packing, &err) != 0)
		fail_msg("%s", err.text);
}

static void expect_error(const struct place *p, const char *name,
    const struct chart_packing *packing, enum err_code code, const char *text)
{
	auto_chart struct chart c;
	auto_free char *path = path_of(p, name);
	auto_free char *full = mem_printf("chart '%s': %s", path, text);
	struct error err = ERROR_INIT;

	assert_int_equal(chart_load(&c, path, packing, &err), -1);
	assert_string_equal(err.text, full);
	assert_int_equal(err.code, code);
}

/* The files of a package, in their order, with blanks between them. */
static char *paths_of(const struct chart *c, const char *base)
{
	auto_chart_archive struct chart_archive a;
	struct buf joined = BUF_INIT(MIB);
	struct error err = ERROR_INIT;

	assert_int_equal(chart_archive_read(&a, c->archive.data, c->archive.len, &err), 0);
	assert_string_equal(a.base, base);
	for (size_t i = 0; i < a.files.count; i++)
		buf_printf(&joined, "%s%s", i != 0 ? " " : "", a.files.items[i].path);
	return buf_steal(&joined);
}

static void test_directory(void **state)
{
	const struct place *p = *state;
	auto_chart struct chart c;

	put_chart(p);
	load(&c, p, "c", &PACKING);
	assert_string_equal(c.metadata.name.bytes, "demo");
	assert_string_equal(c.metadata.version.bytes, "1.2.3");
	assert_false(c.has_provenance);
	auto_free char *paths = paths_of(&c, "demo");
	assert_string_equal(
	    paths, "Chart.yaml values.yaml templates/gr\xC3\xBC\xC3\x9F.yaml README templates.txt");
}

static void test_tar(void **state)
{
	const struct place *p = *state;
	const struct chart_packing packing = {.mtime = 1700000000};
	auto_chart struct chart c;
	auto_buf struct buf tar = BUF_INIT(MIB);
	struct error err = ERROR_INIT;

	put_chart(p);
	load(&c, p, "c", &packing);
	assert_memory_equal(c.archive.data, "\x1F\x8B\x08\0\0\0\0\0", 8); /* no name, no time */
	assert_int_equal(gunzip(&tar, c.archive.data, c.archive.len, &err), 0);
	/* Chart.yaml: a plain ustar header, one block of content. */
	assert_string_equal(tar.data, "demo/Chart.yaml");
	assert_memory_equal(tar.data + 100, "000644 \0", 8);
	assert_memory_equal(tar.data + 108,
	    "000000 \0"
	    "000000 \0",
	    16);
	assert_memory_equal(tar.data + 136, "14524770400", 11);
	assert_int_equal(tar.data[156], '0');
	assert_memory_equal(tar.data + 257,
	    "ustar\0"
	    "00",
	    8);
	assert_int_equal(tar.data[265], 0);
	assert_int_equal(tar.data[297], 0);
	/* values.yaml; then the one name that needs a pax header, README, templates.txt, the end.
	 */
	assert_string_equal(tar.data + 1024, "demo/values.yaml");
	assert_memory_equal(tar.data + 1536, "x: y\n", 6); /* without its byte order mark */
	assert_int_equal(tar.data[2048 + 156], 'x');
	assert_memory_equal(
	    tar.data + 2560, "35 path=demo/templates/gr\xC3\xBC\xC3\x9F.yaml\n", 35);
	assert_string_equal(tar.data + 4096, "demo/README");
	assert_string_equal(tar.data + 5120, "demo/templates.txt");
	assert_int_equal(tar.len, 5632 + 1024);
	for (size_t i = 5632; i < tar.len; i++)
		assert_int_equal(tar.data[i], 0);
}

static void test_same_bytes(void **state)
{
	const struct place *p = *state;
	auto_chart struct chart first;
	auto_chart struct chart second;
	auto_free char *other = path_of(p, "elsewhere");
	auto_free char *here = path_of(p, "c");
	auto_free char *values = path_of(p, "elsewhere/values.yaml");

	put_chart(p);
	load(&first, p, "c", &PACKING);
	assert_int_equal(rename(here, other), 0);
	assert_int_equal(chmod(values, 0700), 0);
	load(&second, p, "elsewhere", &PACKING);
	assert_int_equal(first.archive.len, second.archive.len);
	assert_memory_equal(first.archive.data, second.archive.data, first.archive.len);
}

static void test_left_out(void **state)
{
	const struct place *p = *state;
	auto_chart struct chart c;

	put_chart(p);
	put(p, "c/templates/.hidden", "");
	put(p, "c/templates/.dir/x", "");
	put(p, "c/templates/sub/.kept", "");
	put(p, "c/charts/.gitkeep", "");
	put(p, "c/charts/_off/Chart.yaml", "");
	put(p, "c/charts/on/Chart.yaml", "name: other\nversion: 1.0.0\n");
	put(p, "c/charts/on.prov", "");
	put(p, "c/.helmignore", "READ*\n");
	load(&c, p, "c", &PACKING);
	auto_free char *paths = paths_of(&c, "demo");
	assert_string_equal(paths, "Chart.yaml values.yaml "
				   "templates/gr\xC3\xBC\xC3\x9F.yaml templates/sub/.kept "
				   ".helmignore charts/on.prov templates.txt "
				   "charts/other/Chart.yaml");
}

static void test_versions(void **state)
{
	const struct place *p = *state;
	struct chart_packing packing = {.version = "2.0.0+x", .app_version = "3"};
	auto_chart struct chart c;

	put_chart(p);
	load(&c, p, "c", &packing);
	assert_string_equal(c.metadata.version.bytes, "2.0.0+x");
	assert_string_equal(c.metadata.app_version.bytes, "3");
	packing.version = "x";
	expect_error(p, "c", &packing, ERR_CHART,
	    "with --version and --app-version: version 'x' is not a semantic version");
}

static void test_v1(void **state)
{
	const struct place *p = *state;
	auto_chart struct chart c;
	auto_chart struct chart with_requirements;

	put(p, "c/Chart.yaml", "name: demo\nversion: 1.2.3\ndependencies: [{name: sub}]\n");
	put(p, "c/Chart.lock", "digest: x\n");
	put(p, "c/charts/sub/Chart.yaml", "name: sub\nversion: 1.0.0\n");
	load(&c, p, "c", &PACKING);
	assert_string_equal(c.metadata.api_version.bytes, "v1");
	assert_int_equal(c.metadata.dependencies.count, 0);
	auto_free char *paths = paths_of(&c, "demo");
	assert_string_equal(paths, "Chart.yaml charts/sub/Chart.yaml");
	put(p, "c/requirements.yaml", "dependencies: [{alias: a}]\n");
	put(p, "c/requirements.lock", "{}");
	load(&with_requirements, p, "c", &PACKING);
	auto_free char *more = paths_of(&with_requirements, "demo");
	assert_string_equal(
	    more, "Chart.yaml requirements.lock requirements.yaml charts/sub/Chart.yaml");
	assert_int_equal(with_requirements.metadata.dependencies.count, 1);
	/* The name was in Chart.yaml alone, whose dependencies a package of v1 loses. */
	const struct chart_dependency *d = with_requirements.metadata.dependencies.items[0];
	assert_int_equal(d->name.len, 0);
	assert_string_equal(d->alias.bytes, "a");
}

/* One thing too many in an otherwise good directory. */
static void test_refused_files(void **state)
{
	static const struct {
		const char *name;
		enum err_code code;
		const char *text;
	} cases[] = {
	    {"c/.helmignore", ERR_CHART,
		".helmignore: line 1: 'x**': double stars (**) are not supported"},
	    {"c/requirements.yaml", ERR_CHART,
		"requirements.yaml: line 1: must be a map, not text"},
	    {"c/values.yaml", ERR_CHART, "values.yaml: line 1: must be a map, not text"},
	    {"c/Chart.lock", ERR_CHART, "Chart.lock: line 1: must be a map, not text"},
	    {"c/values.schema.json", ERR_CHART, "values.schema.json: line 1: not JSON"},
	    {"c/charts/x.tgz", ERR_CHART, "charts/x.tgz: not a gzipped archive"},
	    {"c/charts/README.md", ERR_CHART,
		"charts/README.md: not a chart, but directly in charts/"},
	    {"c/charts/x/values.yaml", ERR_CHART, "charts/x: Chart.yaml is missing"},
	    {"c/a\\b", ERR_CHART, "entry 'demo/a\\b': not in the directory 'demo' as the others"},
	    {"c/a\n", ERR_CHART,
		"entry 'demo/a\n': has control, invisible or non-UTF-8 characters in its name"},
	    {"c/C:/x", ERR_CHART, "entry 'demo/C:/x': begins with a drive letter"},
	};
	struct place *p = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		auto_free char *path = path_of(p, cases[i].name);
		put_chart(p);
		put(p, cases[i].name, "x**");
		expect_error(p, "c", &PACKING, cases[i].code, cases[i].text);
		assert_int_equal(unlink(path), 0);
	}
}

static void test_refused_types(void **state)
{
	const struct place *p = *state;
	auto_free char *path = path_of(p, "c/templates/x");
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	put_chart(p);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_error(
	    p, "c", &PACKING, ERR_CHART, "'templates/x': neither a regular file nor a directory");
	assert_int_equal(unlink(path), 0);
	auto_fd int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	expect_error(
	    p, "c", &PACKING, ERR_CHART, "'templates/x': neither a regular file nor a directory");
}

static void test_refused_metadata(void **state)
{
	static const struct {
		const char *yaml;
		const char *text;
	} cases[] = {
	    {"name: demo\nversion: x\n",
		"Chart.yaml: line 2: version 'x' is not a semantic version"},
	    {"version: 1\n", "Chart.yaml: name is required"},
	    {"name: demo\n  x: [\n",
		"Chart.yaml: line 2: mapping values are not allowed in this context"},
	    {"name: demo\nversion: 1\napiVersion: v3\n",
		"Chart.yaml: apiVersion 'v3' is not 'v1' or 'v2'"},
	    {"name: demo\nversion: 1\ndependencies: [{name: d}]\n",
		"found in Chart.yaml, but missing in charts/ directory: 'd'"},
	};
	const struct place *p = *state;

	put(p, "c/values.yaml", "");
	expect_error(p, "c", &PACKING, ERR_CHART, "Chart.yaml is missing");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(p, "c/Chart.yaml", cases[i].yaml);
		expect_error(p, "c", &PACKING, ERR_CHART, cases[i].text);
	}
}

static void test_directory_limits(void **state)
{
	const struct place *p = *state;
	auto_free char *big = mem_zalloc(1, LIMIT_CHART_FILE_BYTES_MAX + 1);
	auto_free char *path = path_of(p, "c/big");
	char deep[256] = "c";

	put_chart(p);
	put_bytes(p, "c/big", big, LIMIT_CHART_FILE_BYTES_MAX + 1);
	expect_error(p, "c", &PACKING, ERR_LIMIT, "'big': larger than 5242880 bytes");
	assert_int_equal(unlink(path), 0);
	for (unsigned i = 0; i <= LIMIT_CHART_PATH_DEPTH_MAX; i++)
		memcpy(deep + 1 + (size_t)i * 2, "/d", 3);
	put(p, deep, "");
	auto_free char *text = mem_printf("'%.64s...': the path is too long or too deep", deep + 2);
	expect_error(p, "c", &PACKING, ERR_LIMIT, text);
}

static void test_archive(void **state)
{
	const struct place *p = *state;
	auto_chart struct chart directory;
	auto_chart struct chart c;

	put_chart(p);
	load(&directory, p, "c", &PACKING);
	put_bytes(p, "c.tgz", directory.archive.data, directory.archive.len);
	load(&c, p, "c.tgz", &PACKING);
	assert_int_equal(c.archive.len, directory.archive.len);
	assert_memory_equal(c.archive.data, directory.archive.data, c.archive.len);
	assert_string_equal(c.metadata.name.bytes, "demo");
	assert_false(c.has_provenance);
	expect_error(p, "c.tgz", &(const struct chart_packing){.version = "1.0.0"}, ERR_USAGE,
	    "--version and --app-version are for chart directories, this is an archive");
	put_bytes(p, "cut.tgz", directory.archive.data, directory.archive.len - 1);
	expect_error(p, "cut.tgz", &PACKING, ERR_CHART, "gzip: cut off");
}

static void test_provenance(void **state)
{
	const struct place *p = *state;
	auto_chart struct chart directory;
	auto_free char *prov = path_of(p, "c.tgz.prov");
	auto_free char *text = mem_printf("provenance '%s': not a regular file", prov);

	put_chart(p);
	load(&directory, p, "c", &PACKING);
	put_bytes(p, "c.tgz", directory.archive.data, directory.archive.len);
	for (const char *const *content = (const char *const[]){"signed", "", NULL};
	     *content != NULL; content++) {
		auto_chart struct chart c;
		put(p, "c.tgz.prov", *content);
		load(&c, p, "c.tgz", &PACKING);
		assert_true(c.has_provenance);
		assert_string_equal(buf_text(&c.provenance), *content);
	}
	auto_free char *big = mem_zalloc(1, LIMIT_PROVENANCE_BYTES_MAX + 1);
	put_bytes(p, "c.tgz.prov", big, LIMIT_PROVENANCE_BYTES_MAX + 1);
	expect_error(p, "c.tgz", &PACKING, ERR_LIMIT, "provenance: larger than 4194304 bytes");
	assert_int_equal(unlink(prov), 0);
	assert_int_equal(mkdir(prov, 0755), 0);
	expect_error(p, "c.tgz", &PACKING, ERR_CHART, text);
}

static void test_not_a_chart(void **state)
{
	const struct place *p = *state;
	auto_free char *fifo = path_of(p, "fifo");
	auto_free char *link = path_of(p, "link");
	auto_chart struct chart c;

	expect_error(
	    p, "none", &PACKING, ERR_SYSTEM, "cannot be opened: No such file or directory");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	expect_error(p, "fifo", &PACKING, ERR_CHART, "neither a directory nor a regular file");
	put(p, "values.yaml", "x: y\n");
	expect_error(p, "values.yaml", &PACKING, ERR_CHART, "not a gzipped archive");
	put_chart(p);
	assert_int_equal(symlink("c", link), 0); /* the operator's own link is followed */
	load(&c, p, "link", &PACKING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_directory, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_tar, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_same_bytes, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_left_out, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_versions, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_v1, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_refused_files, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_refused_types, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_refused_metadata, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_directory_limits, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_archive, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_provenance, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_not_a_chart, set_up, tear_down),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("chart", tests, NULL, NULL);
}
