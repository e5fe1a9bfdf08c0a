#include "builder/chart_files.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void chart_files_release(struct chart_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->items[i].path);
		free(files->items[i].store);
	}
	free(files->items);
	free(files->store);
	*files = (struct chart_files)CHART_FILES_INIT;
}

static struct chart_file *add(struct chart_files *files, char *path)
{
	files->items =
	    mem_grow(files->items, files->count, &files->capacity, sizeof(*files->items));
	struct chart_file *file = &files->items[files->count++];
	*file = (struct chart_file){.path = path, .bytes = ""};
	return file;
}

void chart_files_refer(struct chart_files *files, char **path, const char *bytes, size_t len)
{
	struct chart_file *file = add(files, steal_ptr(path));
	bool has_mark = len >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0;

	file->bytes = has_mark ? bytes + 3 : bytes;
	file->len = has_mark ? len - 3 : len;
}

void chart_files_take(struct chart_files *files, char **path, struct buf *content)
{
	size_t len = content->len;
	char *store = len != 0 ? buf_steal(content) : NULL;

	chart_files_refer(files, path, store != NULL ? store : "", len);
	files->items[files->count - 1].store = store;
}

void chart_files_borrow(struct chart_files *files, const char *path, const char *bytes, size_t len)
{
	struct chart_file *file = add(files, mem_strdup(path));

	file->bytes = bytes;
	file->len = len;
}

/* By the names of each directory, one after the other: a "/" is lower than any other byte. */
static int compare_walk(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	int left = *a == '/' ? 1 : *a == '\0' ? 0 : (unsigned char)*a + 1;
	int right = *b == '/' ? 1 : *b == '\0' ? 0 : (unsigned char)*b + 1;
	return left - right;
}

/* The first file that does not come before path in a walk. */
static size_t find_place(const struct chart_files *files, const char *path)
{
	size_t i = 0;

	while (i < files->count && compare_walk(files->items[i].path, path) < 0)
		i++;
	return i;
}

void chart_files_put(struct chart_files *files, char **path, struct buf *content)
{
	chart_files_remove(files, *path);
	size_t place = find_place(files, *path);
	chart_files_take(files, path, content);
	struct chart_file file = files->items[files->count - 1];
	memmove(&files->items[place + 1], &files->items[place],
	    (files->count - 1 - place) * sizeof(file));
	files->items[place] = file;
}

void chart_files_remove(struct chart_files *files, const char *path)
{
	size_t i = 0;

	while (i < files->count && strcmp(files->items[i].path, path) != 0)
		i++;
	if (i == files->count)
		return;
	free(files->items[i].path);
	free(files->items[i].store);
	files->count--;
	memmove(
	    &files->items[i], &files->items[i + 1], (files->count - i) * sizeof(files->items[0]));
}

static int compare_paths(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

const char *chart_files_twice(const struct chart_files *files)
{
	auto_free const char **paths = mem_zalloc(files->count + 1, sizeof(*paths));

	for (size_t i = 0; i < files->count; i++)
		paths[i] = files->items[i].path;
	qsort(paths, files->count, sizeof(*paths), compare_paths);
	for (size_t i = 1; i < files->count; i++) {
		if (strcmp(paths[i - 1], paths[i]) == 0)
			return paths[i];
	}
	return NULL;
}

const struct chart_file *chart_files_find(const struct chart_files *files, const char *path)
{
	for (size_t i = 0; i < files->count; i++) {
		if (strcmp(files->items[i].path, path) == 0)
			return &files->items[i];
	}
	return NULL;
}

static int compare_files(const void *left, const void *right)
{
	return strcmp(
	    ((const struct chart_file *)left)->path, ((const struct chart_file *)right)->path);
}

void chart_files_sort(struct chart_files *files)
{
	if (files->count != 0)
		qsort(files->items, files->count, sizeof(*files->items), compare_files);
}
