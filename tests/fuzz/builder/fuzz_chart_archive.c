/*
 * A tar as gunzip() would yield it. What is taken has clean paths, each once; and then the chart
 * that it is, with the charts in it, is loaded and listed for packing.
 */
#include <assert.h>
#include <locale.h>
#include <stdint.h>
#include <string.h>

#include "builder/chart_archive.h"
#include "builder/chart_package.h"
#include "builder/chart_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_paths(const struct chart_archive *a)
{
	assert(a->base != NULL && a->base[0] != '\0' && a->files.count != 0);
	assert(chart_files_twice(&a->files) == NULL);
	for (size_t i = 0; i < a->files.count; i++) {
		auto_chart_path struct chart_path path = {.base = NULL};
		auto_free char *name = mem_printf("base/%s", a->files.items[i].path);
		struct error err = ERROR_INIT;
		if (chart_path_parse(&path, name, &err) == 0)
			assert(strcmp(path.inside, a->files.items[i].path) == 0);
		else
			assert(err.code == ERR_LIMIT); /* "base/" is longer than what was there */
	}
}

/* Whatever it holds: loaded or refused with a reason, and the same for listing what is loaded. */
static void check_tree(const struct chart_archive *a)
{
	auto_chart_tree struct chart_tree tree;
	auto_chart_files struct chart_files list = CHART_FILES_INIT;
	struct error err = ERROR_INIT;

	if (chart_tree_load(&tree, &a->files, CHART_SOURCE_ARCHIVE, &err) != 0) {
		assert(err.code != ERR_NONE && err.text[0] != '\0');
		return;
	}
	assert(tree.metadata.name.len != 0 && tree.metadata.version.len != 0);
	if (chart_package_list(&list, &tree, &err) == 0)
		assert(strcmp(list.items[0].path, "Chart.yaml") == 0);
	else
		assert(err.code != ERR_NONE && err.text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_chart_archive struct chart_archive a;
	struct error err = ERROR_INIT;

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	if (chart_archive_read_tar(&a, (const char *)data, size, &err) == 0) {
		check_paths(&a);
		check_tree(&a);
	} else {
		assert(err.code != ERR_NONE && err.text[0] != '\0');
	}
	return 0;
}
