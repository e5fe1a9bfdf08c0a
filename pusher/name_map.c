#include "pusher/name_map.h"

#include <string.h>

#include "common/reference.h"

static int parse_name(
    char **out_repository, char **out_tag, const char *text, size_t len, struct error *err)
{
	const char *colon = memchr(text, ':', len);
	size_t repository_len = colon == NULL ? len : (size_t)(colon - text);

	*out_repository = mem_strndup(text, repository_len);
	if (repository_check(*out_repository, err) != 0)
		return -1;
	if (colon == NULL)
		return 0;
	*out_tag = mem_strndup(colon + 1, len - repository_len - 1);
	return tag_check(*out_tag, err);
}

static bool is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static int parse_item(struct name_map *m, const char *text, struct error *err)
{
	struct name_map_item *item = &m->items[m->count++];
	const char *equals = strchr(text, '=');

	if (equals == NULL)
		return error_set(err, ERR_USAGE, "REPOSITORY[:TAG]=REPOSITORY[:TAG] is expected");
	if (parse_name(
		&item->from_repository, &item->from_tag, text, (size_t)(equals - text), err) != 0 ||
	    parse_name(&item->to_repository, &item->to_tag, equals + 1, strlen(equals + 1), err) !=
		0)
		return error_recode(err, ERR_USAGE);
	if (item->from_tag == NULL && item->to_tag != NULL)
		return error_set(
		    err, ERR_USAGE, "every tag of a repository cannot become one: name the tag");
	for (size_t i = 0; i + 1 < m->count; i++) {
		if (is_same(m->items[i].from_repository, item->from_repository) &&
		    is_same(m->items[i].from_tag, item->from_tag))
			return error_set(err, ERR_USAGE, "the same name is mapped twice");
	}
	return 0;
}

int name_map_parse(struct name_map *out, const struct option_list *texts, struct error *err)
{
	out->items = mem_zalloc(texts->count + 1, sizeof(*out->items));
	for (size_t i = 0; i < texts->count; i++) {
		if (parse_item(out, texts->items[i], err) != 0)
			return error_prefix(err, "--map '%s'", texts->items[i]);
	}
	return 0;
}

void name_map_release(struct name_map *m)
{
	for (size_t i = 0; i < m->count; i++) {
		free(m->items[i].from_repository);
		free(m->items[i].from_tag);
		free(m->items[i].to_repository);
		free(m->items[i].to_tag);
	}
	free(m->items);
	*m = (struct name_map)NAME_MAP_INIT;
}

void name_map_apply(struct name_map *m, const char **repository, const char **tag)
{
	struct name_map_item *found = NULL;

	for (size_t i = 0; i < m->count; i++) {
		struct name_map_item *item = &m->items[i];
		if (strcmp(item->from_repository, *repository) != 0)
			continue;
		if (item->from_tag == NULL ? found == NULL : is_same(item->from_tag, *tag))
			found = item;
	}
	if (found == NULL)
		return;
	found->is_used = true;
	*repository = found->to_repository;
	if (found->to_tag != NULL)
		*tag = found->to_tag;
}

int name_map_check_used(const struct name_map *m, struct error *err)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct name_map_item *item = &m->items[i];
		if (!item->is_used)
			return error_set(err, ERR_USAGE,
			    "--map '%s%s%s=...': nothing in this delivery has that name",
			    item->from_repository, item->from_tag == NULL ? "" : ":",
			    item->from_tag == NULL ? "" : item->from_tag);
	}
	return 0;
}
