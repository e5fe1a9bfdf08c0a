/*
 * A tar as gunzip() would yield it. What is taken has clean paths, each once, and Chart.yaml.
 */
#include <assert.h>
#include <locale.h>
#include <stdint.h>
#include <string.h>

#include "builder/chart_archive.h"
#include "builder/chart_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_paths(const struct chart_archive *a)
{
	bool has_chart_yaml = false;

	assert(a->base != NULL && a->base[0] != '\0');
	for (size_t i = 0; i < a->path_count; i++) {
		auto_chart_path struct chart_path path = {.base = NULL};
		auto_free char *name = mem_printf("base/%s", a->paths[i]);
		struct error err = ERROR_INIT;
		assert(i == 0 || strcmp(a->paths[i - 1], a->paths[i]) < 0);
		if (chart_path_parse(&path, name, &err) == 0)
			assert(strcmp(path.inside, a->paths[i]) == 0);
		else
			assert(err.code == ERR_LIMIT); /* "base/" is longer than what was there */
		has_chart_yaml = has_chart_yaml || strcmp(a->paths[i], "Chart.yaml") == 0;
	}
	assert(has_chart_yaml);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_chart_archive struct chart_archive a;
	struct error err = ERROR_INIT;

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	if (chart_archive_read_tar(&a, (const char *)data, size, &err) == 0)
		check_paths(&a);
	else
		assert(err.code != ERR_NONE && err.text[0] != '\0');
	return 0;
}
